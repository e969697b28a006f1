import { afterEach, describe, expect, it } from 'vitest'
import type { Outcome } from '#services/backends/work'
import { silentMeter } from '#services/backends/remote/upstream-meter'
import { askServer, chatWork, type Wire } from '../../../support/servers/ask-server.ts'
import { startStagedServer, type Stage, type StagedServer } from '../../../support/servers/staged-server.ts'

const data = (...events: readonly unknown[]): string =>
  events.map(event => `data: ${JSON.stringify(event)}\n\n`).join('')
const chunk = (delta: object, more: object = {}): object => ({ choices: [{ index: 0, delta, ...more }] })

/** What each protocol sends before its answer begins, a piece of it, and its end. */
const wires: Readonly<Record<Wire, { readonly before: string; readonly piece: string; readonly end: string }>> = {
  openai: {
    before: data(chunk({ role: 'assistant', content: '' }), chunk({}), { choices: [], usage: null }),
    piece: data(chunk({ content: 'Hello' })),
    end: `${data(chunk({}, { finish_reason: 'stop' }))}data: [DONE]\n\n`,
  },
  anthropic: {
    before: data(
      { type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1 } } },
      { type: 'ping' },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ),
    piece: data({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } }),
    end: data({ type: 'message_delta', delta: { stop_reason: 'end_turn' } }, { type: 'message_stop' }),
  },
  gemini: {
    before: data({ candidates: [{ content: { role: 'model' } }], usageMetadata: { promptTokenCount: 9 } }),
    piece: data({ candidates: [{ content: { parts: [{ text: 'Hello' }] } }] }),
    end: data({ candidates: [{ finishReason: 'STOP' }] }),
  },
}
const kinds = Object.keys(wires) as Wire[]
const ping = ': keep-alive\n\n'
const repeated = (stage: Stage, everyMs: number, times: number): readonly Stage[] =>
  Array.from({ length: times }, () => [stage, everyMs]).flat()

let server: StagedServer | undefined
afterEach(async () => {
  await server?.close()
})

interface Asked {
  readonly outcome: Outcome
  readonly firstMs: readonly number[]
  readonly tookMs: number
}

async function ask(kind: Wire, plays: readonly (readonly Stage[])[], spec: object): Promise<Asked> {
  server = await startStagedServer(plays)
  const firstMs: number[] = []
  const meter = { ...silentMeter, firstPiece: (_model: string, ms: number) => void firstMs.push(ms) }
  const startedAt = performance.now()
  const outcome = await askServer(kind, server.origin, chatWork(), { meter, spec })
  return { outcome, firstMs, tookMs: performance.now() - startedAt }
}

const done = { kind: 'done', result: { output: { text: 'Hello' } } }

describe.each(kinds)('what comes before the answer of %s', kind => {
  const { before, piece, end } = wires[kind]

  it('is not its beginning: neither its first token, nor what a stall is measured from', async () => {
    const spec = { firstByteTimeoutMs: 10_000, betweenChunksTimeoutMs: 300 }
    const { outcome, firstMs } = await ask(kind, [[before, 900, ping, piece, end]], spec)
    expect(outcome).toMatchObject(done)
    expect(firstMs).toHaveLength(1)
    expect(firstMs[0]).toBeGreaterThan(850)
  })

  it('does not keep the call from being made again', async () => {
    const error = data({ error: { message: 'Internal server error', type: 'server_error', code: 500 } })
    const { outcome } = await ask(
      kind,
      [
        [before, 20, error],
        [before, piece, end],
      ],
      { attempts: 2 },
    )
    expect(outcome).toMatchObject(done)
    expect(server?.calls).toBe(2)
  })

  it('does not make the wait for it longer', async () => {
    const spec = { firstByteTimeoutMs: 600, betweenChunksTimeoutMs: 5000 }
    const { outcome, tookMs } = await ask(kind, [[before, ...repeated(ping, 100, 100)]], spec)
    expect(outcome).toMatchObject({ kind: 'failed', usage: {}, message: expect.stringContaining('in time') })
    expect(tookMs).toBeLessThan(6000)
  })
})

describe('an answer that has begun', () => {
  const { piece, end } = wires.openai

  it('is waited for while its server gives a sign of life', async () => {
    const spec = { firstByteTimeoutMs: 20_000, betweenChunksTimeoutMs: 1500 }
    const { outcome } = await ask('openai', [[piece, ...repeated(ping, 200, 12), end]], spec)
    expect(outcome).toMatchObject(done)
  })

  it('is given up when signs of life are all that comes', async () => {
    const spec = { firstByteTimeoutMs: 800, betweenChunksTimeoutMs: 400 }
    const { outcome, tookMs } = await ask('openai', [[piece, ...repeated(ping, 100, 150)]], spec)
    expect(outcome).toMatchObject({ kind: 'failed', message: expect.stringContaining('stalled') })
    expect(tookMs).toBeLessThan(10_000)
  })

  it('is given up when nothing comes', async () => {
    const spec = { firstByteTimeoutMs: 20_000, betweenChunksTimeoutMs: 300 }
    const { outcome } = await ask('openai', [[piece, 15_000, end]], spec)
    expect(outcome).toMatchObject({ kind: 'failed', message: expect.stringContaining('stalled') })
  })

  it('has begun with the first thought', async () => {
    const thought = data(chunk({ reasoning_content: 'hm' }))
    const spec = { firstByteTimeoutMs: 1500, betweenChunksTimeoutMs: 4000 }
    const { outcome, firstMs } = await ask('openai', [[thought, 1000, thought, 1000, piece, end]], spec)
    expect(outcome).toMatchObject(done)
    expect(firstMs[0]).toBeLessThan(1900)
  })
})
