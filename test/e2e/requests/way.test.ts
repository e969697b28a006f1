import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { echoConfig } from '../../support/echo-config.ts'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { failureOf, textRequest } from '../../support/grpc-client.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let redis: PrivateRedis
let gateway: TestGateway

beforeAll(async () => {
  redis = await startPrivateRedis()
  gateway = await createTestGateway(echoConfig(), redis.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
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

describe('Infer', () => {
  it('answers from the first rung when that is trusted', async () => {
    const answer = await gateway.client.infer(textRequest('confidence=0.9 easy'))
    expect(answer.output?.text).toBe('confidence=0.9 easy')
    expect(answer.rungs.map(rung => [rung.model, rung.verdict])).toEqual([['echo-small', 'VERDICT_ACCEPTED']])
    expect(answer.degraded).toBe(false)
  })

  it('escalates when it is not, and bills both rungs', async () => {
    const answer = await gateway.client.infer(textRequest('confidence=0.3 hard'))
    expect(answer.model).toBe('echo-large')
    expect(answer.rungs.map(rung => rung.model)).toEqual(['echo-small', 'echo-large'])
    expect(answer.rungs[0]?.verdict).toBe('VERDICT_ESCALATED')
    expect(answer.costNanoUsd).toBe(answer.rungs.reduce((sum, rung) => sum + rung.costNanoUsd, 0))
    expect(answer.costNanoUsd).toBeGreaterThanOrEqual(2000)
  })

  it('returns the first answer for a repeated idempotency key and refuses other content', async () => {
    const request = textRequest('once only', { idempotencyKey: 'infer-once' })
    const first = await gateway.client.infer(request)
    expect((await gateway.client.infer(request)).requestId).toBe(first.requestId)
    const other = await failureOf(gateway.client.infer({ ...request, content: [{ text: 'something else' }] }))
    expect(other.code).toBe(status.ALREADY_EXISTS)
  })

  it('keeps to a pinned model', async () => {
    const answer = await gateway.client.infer(textRequest('pinned', { constraints: { model: 'echo-large' } }))
    expect(answer.rungs.map(rung => rung.model)).toEqual(['echo-large'])
  })
})

describe('InferStream', () => {
  it('tells the decision, each rung with its verdict, the text, and the answer last', async () => {
    const events = await gateway.client.inferStream(textRequest('confidence=0.3 told as it happens'))
    const kinds = events.map(event => event.event)
    expect(kinds[0]).toBe('decision')
    expect(kinds.filter(kind => kind === 'rungStarted')).toHaveLength(2)
    expect(kinds.filter(kind => kind === 'rungFinished')).toHaveLength(2)
    expect(kinds.at(-1)).toBe('final')
    expect(events.at(-1)?.final?.model).toBe('echo-large')
  })
})

describe('Submit', () => {
  it('runs to its end under WatchJob', async () => {
    const job = await gateway.client.submit(textRequest('confidence=0.3 later'))
    const states = await gateway.client.watchJob(job.jobId)
    expect(states.at(-1)?.state).toBe('JOB_STATE_SUCCEEDED')
    expect(states.at(-1)?.response?.model).toBe('echo-large')
    expect((await gateway.client.getJob(job.jobId)).state).toBe('JOB_STATE_SUCCEEDED')
  })

  it('returns the first job for a repeated idempotency key', async () => {
    const request = textRequest('one job', { idempotencyKey: 'job-once' })
    const [first, second] = [await gateway.client.submit(request), await gateway.client.submit(request)]
    expect(second.jobId).toBe(first.jobId)
  })

  it('answers NOT_FOUND for a job that never was', async () => {
    expect((await failureOf(gateway.client.getJob('01J00000000000000000000000'))).code).toBe(status.NOT_FOUND)
  })
})
