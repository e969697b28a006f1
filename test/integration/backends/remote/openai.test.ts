import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunControl } from '#services/backends/backend'
import type { Outcome, Work } from '#services/backends/work'
import { createOpenaiBackend, type OpenaiSpec } from '#services/backends/openai/openai'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { startDeafServer } from '../../../support/servers/deaf-server.ts'
import { startOpenaiServer, type OpenaiServer } from '../../../support/openai-server.ts'

let server: OpenaiServer
beforeAll(async () => {
  server = await startOpenaiServer()
})
afterAll(() => server.close())

const dependencies = {
  packPath: () => '',
  executionProviders: ['cpu'],
  threads: 1,
  logger: pino({ level: 'silent' }),
  clock: { now: () => Date.now() },
}

function work(text: string, more: Partial<Work> = {}): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text }],
    deadlineAt: Date.now() + 10_000,
    streaming: false,
    ...more,
  }
}

const never = new AbortController().signal
const quiet: RunControl = { cancelled: () => false, signal: () => never, onDelta: async () => {} }

async function ask(one: Work, more: Partial<OpenaiSpec> = {}, control: Partial<RunControl> = {}): Promise<Outcome> {
  const backend = await createOpenaiBackend(specOf(more), dependencies)
  const [outcome] = await backend.run([one], { ...quiet, ...control })
  await backend.close()
  if (outcome === undefined) throw new Error('there is no outcome')
  return outcome
}

function specOf(more: Partial<OpenaiSpec>): OpenaiSpec {
  return {
    kind: 'openai',
    baseUrl: server.baseUrl,
    model: 'served-model',
    vision: true,
    logprobs: true,
    connectTimeoutMs: 300,
    firstByteTimeoutMs: 500,
    betweenChunksTimeoutMs: 300,
    ...more,
  }
}

describe('createOpenaiBackend()', () => {
  it('gives text, usage and signs of a good stream', async () => {
    const outcome = await ask(work('one two three'))
    expect(outcome).toMatchObject({
      kind: 'done',
      result: {
        output: { kind: 'text', text: 'echo: one two three' },
        usage: { inputTokens: 11, outputTokens: 4 },
        signals: { has_logprobs: 1, cut: 0 },
      },
    })
    expect(outcome.kind === 'done' && outcome.result.rawConfidence).toBeCloseTo(Math.exp((-0.125 - 0.185) / 2), 3)
  })

  it('sends what the protocol wants: images as data, the key, the caps', async () => {
    const parts: Work['parts'] = [
      { kind: 'text', text: 'what is this' },
      { kind: 'image', bytes: Uint8Array.of(1, 2, 3), mediaType: 'image/png' },
    ]
    await ask(work('', { parts, options: { maxOutputTokens: 7, temperature: 0, instruction: 'be short' } }), {
      apiKey: 'k',
    })
    expect(server.requests.at(-1)).toMatchObject({
      model: 'served-model',
      max_tokens: 7,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
      authorization: 'Bearer k',
      messages: [
        { role: 'system', content: 'be short' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what is this' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AQID' } },
          ],
        },
      ],
    })
  })

  it.each(['429', '500-once', '429-after'])('asks again after %s, before the first byte', async fault => {
    expect(await ask(work(`fault=${fault} ${Math.random()}`))).toMatchObject({ kind: 'done' })
  })

  it('waits as long as Retry-After says', async () => {
    const startedAt = Date.now()
    await ask(work(`fault=429-after ${Math.random()}`))
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(990)
  })

  it.each([
    ['503', 'upstream-error'],
    ['reset', 'upstream-error'],
    ['silent', 'upstream-error'],
    ['context', 'context-overflow'],
    ['context-llama', 'context-overflow'],
    ['endless-error', 'upstream-error'],
    ['endless-event', 'upstream-error'],
    ['plain', 'upstream-error'],
    ['filter', 'content-filter'],
    ['bad', 'upstream-refused'],
    ['cut', 'upstream-error'],
    ['stall', 'upstream-error'],
    ['malformed', 'upstream-error'],
    ['no-done', 'upstream-error'],
  ])(
    'never takes %s for an answer',
    async (fault, reason) => {
      const outcome = await ask(work(`fault=${fault} some words that make a stream long enough to cut`))
      expect(outcome).toMatchObject({ kind: 'failed', reason })
      expect(outcome.kind === 'failed' && outcome.message).not.toContain('some words')
    },
    15_000,
  )

  it.each(['cut', 'stall', 'malformed', 'endless-event'])(
    'does not ask again once an answer has begun (%s)',
    async fault => {
      const before = server.requests.length
      const outcome = await ask(work(`fault=${fault} ${Math.random()} some words that make a stream long enough`))
      expect(server.requests.length).toBe(before + 1)
      expect(outcome).toMatchObject({ kind: 'failed', usage: { estimated: true } })
    },
  )

  it.each(['503', 'reset', 'silent', 'context'])('counts nothing as used where nothing came (%s)', async fault => {
    expect(await ask(work(`fault=${fault} ${Math.random()}`))).toMatchObject({ kind: 'failed', usage: {} })
    expect((await ask(work(`fault=${fault} ${Math.random()}`))).kind === 'failed').toBe(true)
  })

  it('waits for the first word as long as it may, though the head of the answer came before', async () => {
    expect(await ask(work('first=400 hello'))).toMatchObject({ kind: 'done' })
    expect(await ask(work('first=900 hello'))).toMatchObject({ kind: 'failed', reason: 'upstream-error' })
  })

  it('does not wait longer for a server that accepts no connection than it was told', async () => {
    const deaf = await startDeafServer()
    const startedAt = Date.now()
    const one = work('hello', { deadlineAt: Date.now() + 5000 })
    const outcome = await ask(one, { baseUrl: deaf.baseUrl, connectTimeoutMs: 200, firstByteTimeoutMs: 60_000 })
    await deaf.close()
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'upstream-error', usage: {} })
    expect(Date.now() - startedAt).toBeLessThan(4000)
  })

  it('does not ask again when there is no time left for it', async () => {
    const before = server.requests.length
    const hurried = work(`fault=429-after ${Math.random()}`, { deadlineAt: Date.now() + 600 })
    expect(await ask(hurried)).toMatchObject({ kind: 'failed', reason: 'upstream-error' })
    expect(server.requests.length).toBe(before + 1)
  })

  it('uses connections again', async () => {
    const backend = await createOpenaiBackend(specOf({}), dependencies)
    const before = server.connections
    for (const text of ['one', 'two', 'three', 'four', 'five']) await backend.run([work(text)], quiet)
    // The second call may come before the first connection is handed back.
    expect(server.connections).toBeLessThanOrEqual(before + 2)
    await backend.close()
  })

  it.each(['context', 'filter', 'bad'])('does not ask again after a 400 (%s)', async fault => {
    const before = server.requests.length
    await ask(work(`fault=${fault} ${Math.random()}`))
    expect(server.requests.length).toBe(before + 1)
  })

  it('marks usage as estimated where the server says nothing', async () => {
    expect(await ask(work('fault=no-usage hello'))).toMatchObject({
      kind: 'done',
      result: { usage: { estimated: true, inputTokens: 5 } },
    })
  })

  it('closes the connection at a cancel and says what was used', async () => {
    const leaving = new AbortController()
    const long = work(`pause=50 ${'word '.repeat(200)}`)
    const asked = ask(long, {}, { signal: () => leaving.signal })
    await new Promise(resolve => setTimeout(resolve, 300))
    const leftBefore = server.leftAt.length
    const cancelledAt = Date.now()
    leaving.abort()
    expect(await asked).toMatchObject({ kind: 'failed', reason: 'cancelled', usage: { estimated: true } })
    await expect.poll(() => server.leftAt.length).toBeGreaterThan(leftBefore)
    // The answer would go on for ten seconds; e2e/leaving.test.ts measures the median.
    expect((server.leftAt.at(-1) ?? Infinity) - cancelledAt).toBeLessThan(1000)
  })

  it('streams pieces in order and waits for whoever takes them', async () => {
    const pieces: string[] = []
    const onDelta = async (_legId: unknown, text: string): Promise<void> => {
      await new Promise(resolve => setTimeout(resolve, 5))
      pieces.push(text)
    }
    await ask(work('a b c d', { streaming: true }), {}, { onDelta })
    expect(pieces).toEqual(['echo: ', 'a ', 'b ', 'c ', 'd'])
  })
})
