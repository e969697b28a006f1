import { status, type ServiceError } from '@grpc/grpc-js'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InferEvent__Output } from '#services/wire/generated/sluice/v1/InferEvent'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { chatConfig, chatModel } from '../../support/chat-ladder.ts'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { failureOf, textRequest } from '../../support/grpc-client.ts'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let redis: PrivateRedis
let primary: OpenaiServer
let backup: OpenaiServer
let gateway: TestGateway
let picture: Buffer

/** Faults are the primary's alone; the backup answers whatever is asked, but refuses words put into its mouth. */
beforeAll(async () => {
  ;[redis, primary, backup] = await Promise.all([
    startPrivateRedis(),
    startOpenaiServer(),
    startOpenaiServer({ obeys: false, refusesPrefill: true }),
  ])
  const times = { firstByteTimeoutMs: 1500, betweenChunksTimeoutMs: 800, breaker: { failures: 4, openMs: 400 } }
  gateway = await createTestGateway(
    chatConfig({
      pools: { primary: { tier: 'large', concurrency: 8 }, backup: { tier: 'large', concurrency: 8 } },
      models: {
        primary: chatModel('primary', [primary.baseUrl], times),
        backup: chatModel('backup', [backup.baseUrl], times),
      },
      ladders: {
        whole: {
          task: 'generate',
          modalities: ['text'],
          rungs: ['primary'],
          fallbacks: ['backup'],
          streaming: 'whole',
        },
        live: { task: 'generate', modalities: ['text', 'image'], rungs: ['primary'], fallbacks: ['backup'] },
      },
    }),
    redis.url,
  )
  await Promise.all([gateway.startRouter(), gateway.startWorker('primary'), gateway.startWorker('backup')])
  await until(
    'both workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
  picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([primary?.close(), backup?.close(), redis?.stop()])
})

const words = 'a gateway earns trust only when the provider behind it misbehaves and the answer is whole all the same'
let asked = 0

/** A prompt that nobody sent before: the server counts tries by it. */
function prompt(how: string): string {
  asked += 1
  return `${how} ${asked} ${words}`
}

function told(events: readonly InferEvent__Output[]): string {
  return events.flatMap(event => (event.event === 'textDelta' ? [event.textDelta?.text ?? ''] : [])).join('')
}

interface Rescue {
  readonly model: 'primary' | 'backup'
  /** Attempts that the primary sees, at least and at most. */
  readonly attempts: readonly [number, number]
}

const once: Rescue = { model: 'backup', attempts: [1, 1] }
const again: Rescue = { model: 'primary', attempts: [2, 2] }

/**
 * The faults of Failover Bench, by its numbers, and what becomes of each where another model stands by. @source
 * failoverbench, scenarios/catalogue.yaml, methodology 0.1
 */
const rescued: readonly (readonly [string, string, Rescue])[] = [
  ['S01 429 with Retry-After', 'fault=429-after', again],
  ['S02 429 again and again', 'fault=429-always', { model: 'backup', attempts: [2, 4] }],
  ['S03 one 500', 'fault=500-once', again],
  ['S04 lasting 503', 'fault=503', { model: 'backup', attempts: [2, 4] }],
  ['S05 TCP reset before the head', 'fault=reset-once', again],
  ['S06 no response', 'fault=silent', once],
  ['S07 slow first token', 'first=20000', once],
  ['S08 stream cut at 40 %', 'fault=cut', once],
  ['S08 stream cut at 60 %', 'fault=cut-late', once],
  ['S09 stalled stream', 'fault=stall', once],
  ['S10 malformed chunk', 'fault=malformed', once],
  ['S11 no [DONE]', 'fault=no-done', once],
  ['S12 context length', 'fault=context', once],
  ['S14 cut, and a fallback that refuses prefill', 'fault=cut pause=5', once],
  ['S16 accounting', 'fault=503', { model: 'backup', attempts: [2, 4] }],
]

/**
 * Failures in a row open the breaker, and the backup would answer all. Words are asked by the router itself, pictures
 * by a worker: each process has breakers of its own.
 */
async function primaryIsAsked(more: Partial<InferRequest> = {}): Promise<void> {
  await until(
    'the primary',
    () => gateway.client.infer(textRequest(prompt('well'), more)),
    answer => answer.model === 'primary',
  )
}

describe('a failing server with another model standing by', () => {
  it.each(rescued)('%s is answered whole', async (_name, how, { model, attempts }) => {
    const text = prompt(how)
    const before = primary.requests.length
    const events = await gateway.client.inferStream(textRequest(text))
    const final = events.at(-1)?.final
    expect(final?.output?.text).toBe(`echo: ${text}`)
    expect(told(events)).toBe(`echo: ${text}`)
    expect(final?.model).toBe(model)
    const made = primary.requests.length - before
    expect(made).toBeGreaterThanOrEqual(attempts[0])
    expect(made).toBeLessThanOrEqual(attempts[1])
    expect(Number(final?.usage?.outputTokens)).toBeGreaterThan(0)
    // It lives on, and a good answer closes what the failures had begun to open.
    const after = await gateway.client.infer(textRequest(prompt('well')))
    expect(after.rungs.map(rung => [rung.model, rung.verdict])).toEqual([['primary', 'VERDICT_ACCEPTED']])
  })

  it('S13 a content filter ends in its reason and is not asked around', async () => {
    const before = [primary.requests.length, backup.requests.length]
    const failure = await failureOf(gateway.client.infer(textRequest(prompt('fault=filter'))))
    expect(failure.code).toBe(status.INVALID_ARGUMENT)
    expect(failure.details).toContain('content-filter')
    expect([primary.requests.length, backup.requests.length]).toEqual([(before[0] ?? 0) + 1, before[1]])
  })

  it('S15 a server that flaps is left alone while it is down, and is used again', async () => {
    primary.goDown(600_000)
    const before = primary.requests.length
    const during: string[] = []
    for (let call = 0; call < 15; call += 1) {
      during.push((await gateway.client.infer(textRequest(prompt('flap')))).model)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    const attempts = primary.requests.length - before
    primary.goDown(0)
    expect(new Set(during)).toEqual(new Set(['backup']))
    // Without a breaker each call would make three attempts.
    expect(attempts).toBeLessThan(during.length * 2)
    const back = await until(
      'the primary',
      () => gateway.client.infer(textRequest(prompt('flap'))),
      answer => answer.model === 'primary',
    )
    expect(back.degraded).toBe(false)
  })

  it('S16 bills failed attempts as nothing and names who answered', async () => {
    await primaryIsAsked()
    const text = prompt('fault=503')
    const answer = await gateway.client.infer(textRequest(text))
    const count = `echo: ${text}`.split(/(?<= )/u).length
    expect(answer.rungs.map(rung => [rung.model, rung.verdict, rung.costNanoUsd])).toEqual([
      ['primary', 'VERDICT_FAILED', 0],
      ['backup', 'VERDICT_ACCEPTED', 11 * 300 + count * 1500],
    ])
    expect(answer).toMatchObject({ degradedReason: 'DEGRADED_REASON_RUNG_FAILED', model: 'backup' })
    expect(answer.costNanoUsd).toBe(11 * 300 + count * 1500)
  })

  it('S16 bills of a broken answer what had come, marked as an estimate', async () => {
    await primaryIsAsked()
    const answer = await gateway.client.infer(textRequest(prompt('fault=cut')))
    const [broken] = answer.rungs
    expect(broken).toMatchObject({ model: 'primary', verdict: 'VERDICT_FAILED', usage: { estimated: true } })
    expect(broken?.costNanoUsd).toBeGreaterThan(0)
    expect(answer.costNanoUsd).toBe(answer.rungs.reduce((sum, rung) => sum + rung.costNanoUsd, 0))
  })
})

/**
 * Streams with a picture, which leads to the ladder whose text is shown as it comes; gives what was shown and how it
 * ended.
 */
async function watch(text: string): Promise<{ shown: string; models: string[]; end: ServiceError | 'final' }> {
  const events: InferEvent__Output[] = []
  const request = textRequest('', { content: [{ text }, { image: { bytes: picture } }] })
  const end = await gateway.client
    .inferStream(request, { onEvent: event => void events.push(event) })
    .then(() => 'final' as const)
    .catch((error: ServiceError) => error)
  const models = events.flatMap(event => (event.event === 'textDelta' ? [event.textDelta?.model ?? ''] : []))
  return { shown: told(events), models: [...new Set(models)], end }
}

describe('a failing server whose text is shown as it comes', () => {
  beforeEach(() => primaryIsAsked({ content: [{ text: prompt('well') }, { image: { bytes: picture } }] }))

  it.each(['cut', 'cut-late', 'stall', 'malformed', 'no-done'])(
    'ends in an error after a part of the text, never in an answer (%s)',
    async fault => {
      const text = prompt(`fault=${fault} pause=5`)
      const { shown, models, end } = await watch(text)
      expect(end).toMatchObject({ code: status.UNAVAILABLE })
      expect(`echo: ${text} <image_url>`.startsWith(shown)).toBe(true)
      expect(shown.length).toBeGreaterThan(0)
      // No other model speaks after the first byte.
      expect(models).toEqual(['primary'])
    },
  )

  it.each(['503', 'silent', 'context'])('is answered by the other model when nothing had come (%s)', async fault => {
    const text = prompt(`fault=${fault}`)
    const { shown, models, end } = await watch(text)
    expect({ shown, models, end }).toEqual({ shown: `echo: ${text} <image_url>`, models: ['backup'], end: 'final' })
  })
})
