import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../../support/processes.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const config = ['--config', join(packageRoot(), 'test', 'e2e', 'config', 'echo.yaml')]
let redis: PrivateRedis
let running: RunningProcess[] = []
let first: TestClient
let second: TestClient

const start = async (service: 'router' | 'worker', ...more: string[]): Promise<RunningProcess> => {
  const process = await startProcess(service, [...config, ...more], { SLUICE_TEST_REDIS: redis.url })
  running.push(process)
  return process
}
const startWorkers = (): Promise<RunningProcess[]> =>
  Promise.all([start('worker', '--pool', 'small'), start('worker', '--pool', 'large')])

/** One admin call as a promise. */
function admin<T>(call: (done: (error: unknown, answer?: T) => void) => void): Promise<T | undefined> {
  return new Promise(resolve => {
    call((_error, answer) => resolve(answer))
  })
}

beforeAll(async () => {
  redis = await startPrivateRedis()
  const routers = await Promise.all([start('router'), start('router')])
  ;[first, second] = routers.map(router => connect(String(router.ready['grpc']))) as [TestClient, TestClient]
}, 60_000)
afterAll(async () => {
  first.close()
  second.close()
  await Promise.all(running.map(one => one.end('SIGKILL')))
  await redis.stop()
})

describe('jobs over two routers', () => {
  it('that nobody could run in time become dead letters, which are listed, inspected, replayed and discarded', async () => {
    const short = textRequest('confidence=0.9 nobody is here', { constraints: { deadline: { seconds: 1 } } })
    const submitted = await first.submit(short)
    const jobId = submitted.answer?.jobId ?? ''
    const watched = await second.watch(jobId)
    expect(watched.answer?.at(-1)).toMatchObject({ state: 'JOB_STATE_FAILED', error: { code: 4 } })

    const listed = await admin<{ deadLetters: { jobId: string }[] }>(done =>
      second.admin.listDeadLetters({}, done as never),
    )
    expect(listed?.deadLetters.map(letter => letter.jobId)).toEqual([jobId])
    const letter = await admin<{ tenant: string; pool: string }>(done =>
      second.admin.getDeadLetter({ jobId }, done as never),
    )
    expect(letter).toMatchObject({ tenant: 'local', pool: 'small' })

    await startWorkers()
    const replayed = await admin<{ jobId: string }>(done => second.admin.replayDeadLetter({ jobId }, done as never))
    expect(replayed?.jobId).not.toBe(jobId)
    const again = await first.watch(replayed?.jobId ?? '')
    expect(again.answer?.at(-1)).toMatchObject({
      state: 'JOB_STATE_SUCCEEDED',
      response: { output: { text: 'confidence=0.9 nobody is here' } },
    })
    const left = await admin<{ deadLetters: unknown[] }>(done => first.admin.listDeadLetters({}, done as never))
    expect(left?.deadLetters).toEqual([])
  }, 30_000)

  it('are cancelled through a router that does not run them, long before they would end', async () => {
    const submitted = await first.submit(textRequest('delay=8000 confidence=0.9 long'))
    const jobId = submitted.answer?.jobId ?? ''
    await new Promise(resolve => setTimeout(resolve, 400))
    const askedAt = Date.now()
    const cancelled = await admin<{ state: string }>(done => second.raw.cancelJob({ jobId }, done as never))
    expect(cancelled?.state).toBe('JOB_STATE_CANCELLED')
    expect(Date.now() - askedAt).toBeLessThan(4000)
  }, 20_000)

  it('stay as they are when they are cancelled after their end', async () => {
    const submitted = await first.submit(textRequest('confidence=0.9 short'))
    const jobId = submitted.answer?.jobId ?? ''
    await first.watch(jobId)
    const cancelled = await admin<{ state: string }>(done => second.raw.cancelJob({ jobId }, done as never))
    expect(cancelled?.state).toBe('JOB_STATE_SUCCEEDED')
  })

  it('of one key are one job, also when they come at once at two routers', async () => {
    const request = textRequest('confidence=0.9 delay=200 once', { idempotencyKey: 'once' })
    const submitted = await Promise.all([first, second, first, second, first].map(client => client.submit(request)))
    expect(new Set(submitted.map(one => one.answer?.jobId)).size).toBe(1)
    const other = await second.submit(textRequest('other content', { idempotencyKey: 'once' }))
    expect(other.failure).toMatchObject({ status: 'ALREADY_EXISTS', violations: [{ field: 'idempotency_key' }] })
  })

  it('and calls of another tenant are not found', async () => {
    const submitted = await first.submit(textRequest('mine'))
    const { failure } = await second.job(submitted.answer?.jobId ?? '')
    expect(failure).toBeUndefined()
    const stranger = await new Promise<{ code?: number } | null>(resolve => {
      const metadata = second.keyed('right-key')
      second.raw.getJob({ jobId: submitted.answer?.jobId ?? '' }, metadata, error => resolve(error))
    })
    expect(stranger?.code).toBe(5)
  })

  it('leave a worker that is told to drain to the others, until it is told to work again', async () => {
    const drained = await admin<{ workerIds: string[] }>(done =>
      first.admin.drain({ pool: 'large', draining: true }, done as never),
    )
    expect(drained?.workerIds).toHaveLength(1)
    await expect
      .poll(async () => (await first.infer(textRequest('confidence=0.1 x'))).answer?.degradedReason, { timeout: 5000 })
      .toBe('DEGRADED_REASON_NO_CAPACITY')
    await admin(done => first.admin.drain({ pool: 'large', draining: false }, done as never))
    await expect
      .poll(async () => (await first.infer(textRequest('confidence=0.1 x'))).answer?.model, { timeout: 5000 })
      .toBe('echo-large')
  }, 20_000)
})

describe('Infer with a key', () => {
  it('is paid once, though it is sent by five clients at once', async () => {
    const request = textRequest('confidence=0.9 delay=100 paid', { idempotencyKey: 'paid' })
    // The jobs before it are settled: their cost is not to be taken for its own.
    await expect.poll(reserved, { timeout: 10_000 }).toBe(0)
    const before = await spent()
    const answers = await Promise.all(
      [first, second, first, second, first].map(client => client.infer(request, { deadlineMs: 5000 })),
    )
    expect(answers.map(one => one.failure)).toEqual(answers.map(() => undefined))
    expect(new Set(answers.map(one => one.answer?.requestId)).size).toBe(1)
    await expect.poll(async () => (await spent()) - before, { timeout: 3000 }).toBe(answers[0]?.answer?.costNanoUsd)
  })
})

interface Budget {
  readonly spentNanoUsd: number
  readonly reservedNanoUsd: number
}

async function budget(): Promise<Budget | undefined> {
  const answer = await admin<{ budgets: Budget[] }>(done => first.raw.getBudget({}, done as never))
  return answer?.budgets[0]
}

const spent = async (): Promise<number> => (await budget())?.spentNanoUsd ?? 0
const reserved = async (): Promise<number> => (await budget())?.reservedNanoUsd ?? 0
