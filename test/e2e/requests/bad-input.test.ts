import { status } from '@grpc/grpc-js'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { echoConfig } from '../../support/echo-config.ts'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { failureOf, fieldsOf, textRequest, type CallSettings } from '../../support/grpc-client.ts'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let redis: PrivateRedis
let gateway: TestGateway
let router: GatewayProcess

const picture = readFileSync(new URL('../../fixtures/images/invoice.png', import.meta.url))
const speech = readFileSync(new URL('../../fixtures/audio/spoken-3592.wav', import.meta.url))
const secret = 'the-content-that-no-log-may-hold'

/** A PNG whose header says 20,000 x 10,000 pixels; its data does not matter, since it must never be decoded. */
function hugePicture(): Buffer {
  const bytes = Buffer.from(picture)
  bytes.writeUInt32BE(20_000, 16)
  bytes.writeUInt32BE(10_000, 20)
  return bytes
}

beforeAll(async () => {
  redis = await startPrivateRedis()
  gateway = await createTestGateway(echoConfig(), redis.url)
  router = await gateway.startRouter()
  await Promise.all([gateway.startWorker('small'), gateway.startWorker('large')])
  await until(
    'both workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
})

afterAll(async () => {
  await gateway?.stop()
  await redis?.stop()
})

interface Bad {
  readonly what: string
  readonly request: InferRequest
  readonly code: status
  readonly field?: string
  readonly settings?: CallSettings
}

const image = (bytes: Buffer): InferRequest => ({
  task: 'TASK_GENERATE',
  content: [{ image: { bytes, mediaType: 'image/png' } }],
})

const cases: readonly Bad[] = [
  {
    what: 'no content',
    request: { task: 'TASK_GENERATE', content: [] },
    code: status.INVALID_ARGUMENT,
    field: 'content',
  },
  { what: 'empty text', request: textRequest(''), code: status.INVALID_ARGUMENT, field: 'content[0]' },
  {
    what: 'no task, with content that means none here',
    request: { content: [{ audio: { bytes: speech, mediaType: 'audio/wav' } }] },
    code: status.INVALID_ARGUMENT,
    field: 'task',
  },
  {
    what: 'a classification without labels',
    request: { task: 'TASK_CLASSIFY', content: [{ text: secret }] },
    code: status.INVALID_ARGUMENT,
    field: 'options.label_set',
  },
  {
    what: 'a truncated PNG',
    request: image(picture.subarray(0, 24)),
    code: status.INVALID_ARGUMENT,
    field: 'content[0].image',
  },
  {
    what: 'text posing as an image',
    request: image(Buffer.from(secret)),
    code: status.INVALID_ARGUMENT,
    field: 'content[0].image',
  },
  {
    what: 'a picture of 200 megapixels',
    request: image(hugePicture()),
    code: status.INVALID_ARGUMENT,
    field: 'content[0].image',
  },
  {
    what: 'a truncated WAV',
    request: {
      task: 'TASK_TRANSCRIBE',
      content: [{ audio: { bytes: speech.subarray(0, 30), mediaType: 'audio/wav' } }],
    },
    code: status.INVALID_ARGUMENT,
    field: 'content[0].audio',
  },
  {
    what: 'an option of another task',
    request: textRequest(secret, { options: { labels: ['a', 'b'] } }),
    code: status.INVALID_ARGUMENT,
    field: 'options.labels',
  },
  {
    what: 'an unknown label set',
    request: { task: 'TASK_CLASSIFY', content: [{ text: secret }], options: { labelSet: 'no-such-set' } },
    code: status.INVALID_ARGUMENT,
    field: 'options.label_set',
  },
  {
    what: 'a budget that is no number',
    request: textRequest(secret, { constraints: { minQuality: Number.NaN } }),
    code: status.INVALID_ARGUMENT,
    field: 'constraints.min_quality',
  },
  {
    what: 'an unknown model',
    request: textRequest(secret, { constraints: { model: 'no-such-model' } }),
    code: status.INVALID_ARGUMENT,
    field: 'constraints.model',
  },
  {
    what: 'a wrong credential',
    request: textRequest(secret),
    code: status.UNAUTHENTICATED,
    settings: { authorization: 'Bearer wrong-key' },
  },
  {
    // One that passes before work can begin: a client library ends a call whose own deadline is past without sending
    // it.
    what: 'a deadline that nothing can meet',
    request: textRequest(secret, { constraints: { deadline: { seconds: 0, nanos: 1000 } } }),
    code: status.DEADLINE_EXCEEDED,
  },
  {
    what: 'a body over the limit',
    request: {
      task: 'TASK_GENERATE',
      content: [{ image: { bytes: Buffer.alloc(100_000_000), mediaType: 'image/png' } }],
    },
    code: status.RESOURCE_EXHAUSTED,
  },
]

describe('a bad request', () => {
  it.each(cases)('$what is refused by status and field', async ({ request, code, field, settings }) => {
    const failure = await failureOf(gateway.client.infer(request, settings))
    expect(status[failure.code]).toBe(status[code])
    expect(fieldsOf(failure).join()).toContain(field ?? '')
    expect(failure.details).not.toContain(secret)
  })

  it('leaves the router serving, nothing reserved and no content in its log', async () => {
    expect((await gateway.client.infer(textRequest('still here'))).output?.text).toBe('still here')
    expect(router.lines.join('\n')).not.toContain(secret)
    const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text()
    expect(metrics).toMatch(/^sluice_router_/mu)
  })

  it('generates what comes as text without a task', async () => {
    const { task: _none, ...request } = textRequest('nobody asked for labels')
    const answer = await gateway.client.infer(request)
    expect(answer.output).toMatchObject({ output: 'text', text: 'nobody asked for labels' })
  })

  it('takes a right credential', async () => {
    const answer = await gateway.client.infer(textRequest('let in'), { authorization: 'Bearer right-key' })
    expect(answer.output?.text).toBe('let in')
  })
})
