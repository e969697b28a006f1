import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { untilTrue } from '../../support/gateway.ts'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../../support/processes.ts'
import { Redis } from 'ioredis'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let redis: PrivateRedis
let running: RunningProcess[] = []
let clients: TestClient[] = []

beforeEach(async () => {
  redis = await startPrivateRedis()
})
afterEach(async () => {
  for (const client of clients) client.close()
  await Promise.all(running.map(one => one.end('SIGKILL')))
  running = []
  clients = []
  await redis.stop()
})

async function start(config: string, service: 'router' | 'worker', ...more: string[]): Promise<RunningProcess> {
  const file = join(packageRoot(), 'test', 'e2e', 'config', config)
  const process = await startProcess(service, ['--config', file, ...more], { SLUICE_TEST_REDIS: redis.url })
  running.push(process)
  return process
}

async function router(config: string): Promise<{ process: RunningProcess; client: TestClient }> {
  const process = await start(config, 'router')
  const client = connect(String(process.ready['grpc']))
  clients.push(client)
  return { process, client }
}

const workers = (config: string): Promise<RunningProcess[]> =>
  Promise.all(['small', 'large'].map(pool => start(config, 'worker', '--pool', pool)))

interface PoolState {
  readonly workers: number
  readonly waiting: number
}

async function poolOf(client: TestClient, model: string): Promise<PoolState> {
  return new Promise(resolve => {
    client.raw.listModels({}, (_error, answer) => {
      const found = answer?.models.find(one => one.name === model)?.state
      resolve({ workers: found?.workers ?? 0, waiting: found?.waiting ?? 0 })
    })
  })
}

async function spentOf(client: TestClient): Promise<{ readonly spent: number; readonly reserved: number }> {
  return new Promise(resolve => {
    client.raw.getBudget({}, (_error, answer) => {
      const budget = answer?.budgets[0]
      resolve({ spent: budget?.spentNanoUsd ?? 0, reserved: budget?.reservedNanoUsd ?? 0 })
    })
  })
}

/** A router whose large pool has one lane, at work on a cascade for two seconds, and another that waits for it. */
async function busyLoop(): Promise<{
  readonly client: TestClient
  readonly first: ReturnType<TestClient['infer']>
}> {
  const config = 'narrow.yaml'
  await workers(config)
  const { client } = await router(config)
  await untilTrue(async () => (await poolOf(client, 'echo-large')).workers > 0)
  const first = client.infer(textRequest('confidence=0.1 first'))
  await untilTrue(async () => (await spentOf(client)).reserved > 0)
  await new Promise(resolve => setTimeout(resolve, 300))
  return { client, first }
}

describe('a leg that waits in a pool which is drained', () => {
  it('is let go, and the caller gets the best answer so far', async () => {
    const { client } = await busyLoop()
    const second = client.infer(textRequest('confidence=0.1 second'))
    await untilTrue(async () => (await poolOf(client, 'echo-large')).waiting > 0)
    await new Promise(resolve => client.admin.drain({ pool: 'large', draining: true }, () => resolve(undefined)))
    expect((await second).answer).toMatchObject({
      model: 'echo-small',
      degraded: true,
      degradedReason: 'DEGRADED_REASON_NO_CAPACITY',
    })
  })
})

describe('a queue that is full', () => {
  it('lets the sheddable go first: its caller gets the best answer so far', async () => {
    const { client } = await busyLoop()
    const sheddable = client.infer(
      textRequest('confidence=0.1 shed', { constraints: { priority: 'PRIORITY_SHEDDABLE' } }),
    )
    await untilTrue(async () => (await poolOf(client, 'echo-large')).waiting > 0)
    const others = ['one', 'two'].map(name => client.infer(textRequest(`confidence=0.1 ${name}`)))
    expect((await sheddable).answer).toMatchObject({
      model: 'echo-small',
      degradedReason: 'DEGRADED_REASON_OVERLOAD',
    })
    const models = (await Promise.all(others)).map(one => one.answer?.model)
    expect(models).toEqual(['echo-large', 'echo-large'])
  }, 60_000)
})

describe('a caller that leaves', () => {
  it('takes its waiting leg out of the queue, and pays nothing for it', async () => {
    const { client, first } = await busyLoop()
    const call = client.raw.infer(textRequest('confidence=0.1 leaves'), () => {})
    await untilTrue(async () => (await poolOf(client, 'echo-large')).waiting > 0)
    call.cancel()
    await untilTrue(async () => (await poolOf(client, 'echo-large')).waiting === 0)
    const answer = (await first).answer
    await untilTrue(async () => (await spentOf(client)).reserved === 0)
    const { spent } = await spentOf(client)
    // The first cascade, and the small rung that the other had run before it left: some milliseconds at 1,000,000
    // nano-USD a second.
    expect(spent).toBeGreaterThanOrEqual(answer?.costNanoUsd ?? 0)
    expect(spent - (answer?.costNanoUsd ?? 0)).toBeLessThan(2_000_000)
  })
})

describe('SIGTERM of a router that watches a long job', () => {
  it('ends the watch, hands the job over and stops before the job does', async () => {
    await workers('echo.yaml')
    const [one, other] = await Promise.all([router('echo.yaml'), router('echo.yaml')])
    await untilTrue(async () => (await poolOf(one.client, 'echo-small')).workers > 0)
    const submitted = await one.client.submit(textRequest('delay=6000 confidence=0.9 long'))
    const jobId = submitted.answer?.jobId ?? ''
    const watching = one.client.watch(jobId)
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(await one.process.end('SIGTERM')).toBe(0)
    expect((await watching).failure).toMatchObject({ status: 'UNAVAILABLE' })
    expect((await other.client.job(jobId)).answer?.state).toBe('JOB_STATE_RUNNING')
    const watched = await other.client.watch(jobId)
    expect(watched.answer?.at(-1)).toMatchObject({ state: 'JOB_STATE_SUCCEEDED', response: { model: 'echo-small' } })
    expect(watched.answer?.at(-1)?.rungs).toHaveLength(1)
  })
})

describe('a worker that hangs in a pool that is hedged', () => {
  it('costs its callers a moment and not their answers, and leaves nothing reserved', async () => {
    const config = 'hedged.yaml'
    const [hanging] = await Promise.all(['small', 'small'].map(pool => start(config, 'worker', '--pool', pool)))
    const { client } = await router(config)
    await untilTrue(async () => (await poolOf(client, 'echo-small')).workers === 2)
    // What legs take has to be known before one can be called slow; the workers tell it once a second.
    for (let turn = 0; turn < 20; turn += 1) await client.infer(textRequest(`warm ${turn}`))
    await new Promise(resolve => setTimeout(resolve, 2500))
    // More than both workers have slots: one that waits for work when it is stopped would be handed the next leg by
    // Redis.
    const turns = Array.from({ length: 8 }, (_, turn) => turn)
    const answers = turns.map(turn => client.infer(textRequest(`delay=600 ${turn}`), { deadlineMs: 20_000 }))
    await new Promise(resolve => setTimeout(resolve, 200))
    hanging?.child.kill('SIGSTOP')
    expect((await Promise.all(answers)).map(one => one.failure)).toEqual(turns.map(() => undefined))
    // A leg that comes back when its lock runs out would save the answers too: here it was a hedged attempt that gave
    // some.
    expect(await twinsThatAnswered()).toBeGreaterThan(0)
    hanging?.child.kill('SIGCONT')
    await untilTrue(async () => (await spentOf(client)).reserved === 0)
    expect((await spentOf(client)).spent).toBeGreaterThan(0)
  }, 60_000)
})

/** How many legs of the cascade log are hedged attempts that came to an answer. */
async function twinsThatAnswered(): Promise<number> {
  const connection = new Redis(redis.socketPath)
  const cascades = await Promise.all((await connection.keys('e2e:{c:*}:cascade')).map(key => connection.hgetall(key)))
  connection.disconnect()
  return cascades
    .flatMap(fields => Object.entries(fields).map(([name, value]) => ({ value, end: fields[`${name}:e`] ?? '' })))
    .filter(({ value, end }) => value.includes('"purpose":"hedge"') && end.startsWith('{"kind":"done"')).length
}
