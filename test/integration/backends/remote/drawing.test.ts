import { pino } from 'pino'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { RunControl } from '#services/backends/backend'
import type { Outcome, Work } from '#services/backends/work'
import { createBackend } from '#services/backends/create-backend'
import { startImageServer, type ImageServer } from '../../../support/servers/image-server.ts'

let server: ImageServer
let png: Buffer

beforeAll(async () => {
  png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c33' } })
    .png()
    .toBuffer()
  server = await startImageServer(png)
})
afterAll(() => server?.close())

function work(prompt: string, more: Partial<Work> = {}): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task: 'generate_image',
    options: {},
    parts: [{ kind: 'text', text: prompt }],
    deadlineAt: Date.now() + 10_000,
    streaming: true,
    ...more,
  }
}

async function draw(one: Work, more: object = {}, signal = new AbortController().signal): Promise<Outcome> {
  const backend = await createBackend(
    {
      kind: 'openai',
      baseUrl: server.baseUrl,
      model: 'painter',
      vision: false,
      logprobs: false,
      connectTimeoutMs: 300,
      firstByteTimeoutMs: 2000,
      betweenChunksTimeoutMs: 1000,
      attempts: 2,
      ...more,
    },
    {
      packPath: () => '',
      executionProviders: ['cpu'],
      threads: 1,
      logger: pino({ level: 'silent' }),
      clock: { now: () => Date.now() },
    },
  )
  const control: RunControl = { cancelled: () => signal.aborted, signal: () => signal, onDelta: async () => {} }
  const [outcome] = await backend.run([one], control)
  await backend.close()
  if (outcome === undefined) throw new Error('there is no outcome')
  return outcome
}

describe('a picture from a server', () => {
  it('comes with its bytes, the type that they have, and what was used', async () => {
    const outcome = await draw(work('a red square'))
    expect(outcome).toMatchObject({
      kind: 'done',
      result: {
        output: { kind: 'image', mediaType: 'image/png' },
        rawConfidence: 1,
        usage: { images: 1, inputTokens: 12, outputTokens: 272 },
      },
    })
    const output = outcome.kind === 'done' ? outcome.result.output : undefined
    const source = output?.kind === 'image' ? output.source : undefined
    expect(source?.kind === 'bytes' && png.equals(source.bytes)).toBe(true)
  })

  it('is asked for with what the request says, and no more', async () => {
    const parts = ['a red', 'square'].map(text => ({ kind: 'text', text }) as const)
    await draw(work('', { parts, options: { size: '1024x1536', quality: 'high' } }))
    expect(server.requests.at(-1)).toEqual({
      model: 'painter',
      prompt: 'a red\nsquare',
      n: 1,
      response_format: 'b64_json',
      size: '1024x1536',
      quality: 'high',
    })
    await draw(work('x', { recipe: { promptTemplate: 'In oil: {input}' } }), { asksBase64: false })
    expect(server.requests.at(-1)).toEqual({ model: 'painter', prompt: 'In oil: x', n: 1 })
  })

  it('is counted alone where the server tells of no tokens, and with as many as it tells', async () => {
    const usageOf = async (prompt: string) => {
      const outcome = await draw(work(prompt))
      return outcome.kind === 'done' ? outcome.result.usage : undefined
    }
    expect(await usageOf('fault=no-usage')).toEqual({ images: 1, computeMs: expect.any(Number) })
    expect(await usageOf('fault=wild-usage')).toEqual({
      images: 1,
      inputTokens: 12,
      outputTokens: 1_000_000,
      computeMs: expect.any(Number),
    })
  })

  it.each([
    ['no-data', 'upstream-error', 'the server gave no picture'],
    ['address', 'upstream-error', 'the server gave no picture'],
    ['no-base64', 'upstream-error', 'the picture is not in base64'],
    ['cut', 'upstream-error', 'the picture is not in base64'],
    ['no-picture', 'upstream-error', 'what the server gave is no picture'],
    ['huge', 'model-error', 'the picture is larger than 16777216 bytes'],
    ['bad', 'upstream-refused', 'the server answered 400'],
    ['filter', 'content-filter', 'the server refused the content'],
    ['429-always', 'upstream-error', 'the server answered 429'],
  ])('fails when it is %s, and nothing is billed', async (fault, reason, message) => {
    const outcome = await draw(work(`fault=${fault}`))
    expect(outcome).toEqual({ kind: 'failed', reason, message: expect.stringContaining(message), usage: {} })
    expect(outcome.kind === 'failed' && outcome.message).toContain(`(${server.baseUrl})`)
  })

  it('is asked for again after a 500', async () => {
    expect(await draw(work('fault=500-once'))).toMatchObject({ kind: 'done' })
    expect(server.requests.filter(({ prompt }) => prompt === 'fault=500-once')).toHaveLength(2)
  })

  it('is waited for no longer than the model may take', async () => {
    expect(await draw(work('pause=3000 slow'), { totalTimeoutMs: 100, attempts: 1 })).toMatchObject({
      kind: 'failed',
      reason: 'upstream-error',
      message: expect.stringContaining('the server did not answer in time'),
    })
  })

  it('is not drawn on when nobody wants it any more: the connection closes', async () => {
    const leaving = new AbortController()
    const before = server.left
    setTimeout(() => leaving.abort(), 50)
    expect(await draw(work('pause=5000 left'), {}, leaving.signal)).toMatchObject({ reason: 'cancelled', usage: {} })
    await expect.poll(() => server.left, { timeout: 1000 }).toBe(before + 1)
  })
})
