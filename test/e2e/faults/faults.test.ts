import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { untilTrue } from '../../support/gateway.ts'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../../support/processes.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const config = join(packageRoot(), 'test', 'e2e', 'config', 'echo.yaml')
let redis: PrivateRedis
let running: RunningProcess[] = []
let clients: TestClient[] = []

beforeEach(async () => {
  redis = await startPrivateRedis({ appendOnly: true })
})
afterEach(async () => {
  for (const client of clients) client.close()
  await Promise.all(running.map(one => one.end('SIGKILL')))
  running = []
  clients = []
  await redis.stop()
})

async function router(): Promise<{ process: RunningProcess; client: TestClient }> {
  const process = await start('router', [])
  const client = connect(String(process.ready['grpc']))
  clients.push(client)
  return { process, client }
}

async function start(service: 'router' | 'worker', parameters: readonly string[]): Promise<RunningProcess> {
  const process = await startProcess(service, ['--config', config, ...parameters], { SLUICE_TEST_REDIS: redis.url })
  running.push(process)
  return process
}

const worker = (pool: string): Promise<RunningProcess> => start('worker', ['--pool', pool])

/** Waits until every pool is seen by the router, so that no test begins before the fleet. */
async function fleetIsSeen(client: TestClient): Promise<void> {
  for (;;) {
    const models = await new Promise<readonly { state: { workers: number } | null }[]>(resolve => {
      client.raw.listModels({}, (_error, answer) => resolve(answer?.models ?? []))
    })
    if (models.length > 0 && models.every(model => (model.state?.workers ?? 0) > 0)) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function system(): Promise<{
  client: TestClient
  router: RunningProcess
  small: RunningProcess
  large: RunningProcess
}> {
  const [small, large] = await Promise.all([worker('small'), worker('large')])
  const { process, client } = await router()
  await fleetIsSeen(client)
  return { client, router: process, small, large }
}

describe('a worker that is killed in mid-job', () => {
  it('leaves its leg to another, which answers within the deadline', async () => {
    const { client, small } = await system()
    const second = await worker('small')
    const slow = textRequest('delay=1500 confidence=0.9 slow')
    const answers = Array.from({ length: 8 }, () => client.infer(slow, { deadlineMs: 40_000 }))
    await new Promise(resolve => setTimeout(resolve, 500))
    await small.end('SIGKILL')
    const ended = await Promise.all(answers)
    expect(ended.map(one => one.failure)).toEqual(ended.map(() => undefined))
    // Long before the deadline, by far more than a busy machine adds: the legs are found lost, not waited for.
    expect(Math.max(...ended.map(one => one.elapsedMs))).toBeLessThan(25_000)
    expect(second.child.exitCode).toBeNull()
  })
})

describe('everything killed between rung 1 and rung 2 of a job', () => {
  it('goes on at rung 2; rung 1 is neither run nor billed again', async () => {
    const first = await system()
    await first.large.end('SIGKILL')
    const submitted = await first.client.submit(textRequest('confidence=0.1 hard'))
    const jobId = submitted.answer?.jobId ?? ''
    await untilTrue(async () => ((await first.client.job(jobId)).answer?.rungs.length ?? 0) === 1)
    const before = (await first.client.job(jobId)).answer
    expect(before?.rungs[0]).toMatchObject({ model: 'echo-small', verdict: 'VERDICT_ESCALATED' })
    await Promise.all(running.map(one => one.end('SIGKILL')))
    await redis.kill()
    await redis.restart()

    const second = await system()
    const watched = await second.client.watch(jobId)
    const job = watched.answer?.at(-1)
    expect(job).toMatchObject({ state: 'JOB_STATE_SUCCEEDED', response: { model: 'echo-large' } })
    expect(job?.rungs.map(rung => rung.model)).toEqual(['echo-small', 'echo-large'])
    expect(job?.rungs[0]?.costNanoUsd).toBe(before?.rungs[0]?.costNanoUsd)
    expect(job?.response?.costNanoUsd).toBe(job?.rungs.reduce((sum, rung) => sum + rung.costNanoUsd, 0))
    expect(second.small.log()).not.toContain(jobId)
  })
})

describe('reply connections that are killed every 200 ms', () => {
  it('lose no finished job', async () => {
    const { client } = await system()
    const control = new Redis({ path: redis.socketPath })
    const killing = setInterval(() => void killReaders(control), 200)
    const failures: string[] = []
    const endAt = Date.now() + 4000
    const lane = async (index: number): Promise<number> => {
      let done = 0
      while (Date.now() < endAt) {
        const { failure } = await client.infer(textRequest(`confidence=${done % 2 === 0 ? 0.9 : 0.1} ${index}`), {
          deadlineMs: 15_000,
        })
        if (failure === undefined) done += 1
        else failures.push(failure.status)
      }
      return done
    }
    const done = await Promise.all(Array.from({ length: 16 }, (_, index) => lane(index)))
    clearInterval(killing)
    control.disconnect()
    expect(failures).toEqual([])
    expect(done.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(30)
  })
})

/** Kills every connection that waits on a stream: the reply streams' readers. */
async function killReaders(control: Redis): Promise<void> {
  const list = String(await control.client('LIST'))
  const readers = list.split('\n').filter(line => line.includes('cmd=xread'))
  await Promise.all(
    readers.map(line => control.client('KILL', 'ID', /id=(\d+)/u.exec(line)?.[1] ?? '0').catch(() => 0)),
  )
}

describe('Redis', () => {
  it('that is down is UNAVAILABLE within a second, and is used again when it is back', async () => {
    const { client } = await system()
    expect((await client.infer(textRequest('before'))).failure).toBeUndefined()
    await redis.kill()
    const away = await client.infer(textRequest('during'), { deadlineMs: 5000 })
    expect(away.failure).toMatchObject({ status: 'UNAVAILABLE', retryAfterMs: 1000 })
    expect(away.elapsedMs).toBeLessThan(1000)
    await redis.restart()
    await untilTrue(async () => (await client.infer(textRequest('after'), { deadlineMs: 5000 })).failure === undefined)
  })
})

describe('SIGTERM', () => {
  it('of a worker under load loses nothing', async () => {
    const { client, small } = await system()
    await worker('small')
    await fleetIsSeen(client)
    const answers = Array.from({ length: 60 }, () =>
      client.infer(textRequest('delay=100 confidence=0.9 x'), { deadlineMs: 15_000 }),
    )
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(await small.end('SIGTERM')).toBe(0)
    const failures = (await Promise.all(answers)).flatMap(one => one.failure ?? [])
    expect(failures).toEqual([])
  })

  it('of the router lets the calls that it accepted end', async () => {
    const { client, router: process } = await system()
    const answers = Array.from({ length: 20 }, () =>
      client.infer(textRequest('delay=500 confidence=0.9 x'), { deadlineMs: 15_000 }),
    )
    const job = await client.submit(textRequest('delay=500 confidence=0.1 job'))
    await new Promise(resolve => setTimeout(resolve, 150))
    const ending = process.end('SIGTERM')
    const failures = (await Promise.all(answers)).flatMap(one => one.failure ?? [])
    expect(failures).toEqual([])
    expect(await ending).toBe(0)
    const next = await router()
    await fleetIsSeen(next.client)
    const watched = await next.client.watch(job.answer?.jobId ?? '')
    expect(watched.answer?.at(-1)?.state).toBe('JOB_STATE_SUCCEEDED')
  })
})

describe('a client that leaves', () => {
  it('stops the running model and pays only for what was used', async () => {
    const { client, small } = await system()
    const call = client.raw.infer(textRequest('delay=5000 confidence=0.9 long'), () => {})
    await new Promise(resolve => setTimeout(resolve, 400))
    call.cancel()
    await untilTrue(async () => small.log().length > 0 && (await spentOf(client)) > 0)
    // 400 ms at 1,000,000 nano-USD a second, not 5 s.
    expect(await spentOf(client)).toBeLessThan(2_000_000)
  })
})

async function spentOf(client: TestClient): Promise<number> {
  return new Promise(resolve => {
    client.raw.getBudget({}, (_error, answer) => resolve(answer?.budgets[0]?.spentNanoUsd ?? 0))
  })
}
