import { Redis } from 'ioredis'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { untilTrue } from '../../support/gateway.ts'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../../support/processes.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

// The last worker of a pool drains, dies or freezes with legs in the queue and at work, beside another rung that is
// well.

const config = join(packageRoot(), 'test', 'e2e', 'config', 'two-rungs.yaml')

let redis: PrivateRedis
let running: RunningProcess[] = []
let client: TestClient
let small: RunningProcess

async function start(service: 'router' | 'worker', ...parameters: string[]): Promise<RunningProcess> {
  const started = await startProcess(service, ['--config', config, ...parameters], { SLUICE_TEST_REDIS: redis.url })
  running.push(started)
  return started
}

beforeEach(async () => {
  redis = await startPrivateRedis()
  const [one] = await Promise.all([
    start('worker', '--pool', 'small'),
    start('worker', '--pool', 'large'),
    start('router').then(router => (client = connect(String(router.ready['grpc'])))),
  ])
  small = one
  await untilTrue(async () => (await workersOf('echo-small')) === 1 && (await workersOf('echo-large')) === 1)
})

afterEach(async () => {
  client.close()
  // A process that is stopped does not end before it goes on.
  for (const one of running) one.child.kill('SIGCONT')
  await Promise.all(running.map(one => one.end('SIGKILL')))
  running = []
  await redis.stop()
})

function workersOf(model: string): Promise<number> {
  return new Promise(resolve => {
    client.raw.listModels({}, (_error, answer) =>
      resolve(answer?.models.find(one => one.name === model)?.state?.workers ?? 0),
    )
  })
}

function waitingIn(model: string): Promise<number> {
  return new Promise(resolve => {
    client.raw.listModels({}, (_error, answer) =>
      resolve(answer?.models.find(one => one.name === model)?.state?.waiting ?? 0),
    )
  })
}

function budget(): Promise<{ readonly spent: number; readonly reserved: number }> {
  return new Promise(resolve => {
    client.raw.getBudget({}, (_error, answer) => {
      const found = answer?.budgets[0]
      resolve({ spent: found?.spentNanoUsd ?? 0, reserved: found?.reservedNanoUsd ?? 0 })
    })
  })
}

const drain = (pool: string): Promise<unknown> =>
  new Promise(resolve => client.admin.drain({ pool, draining: true }, resolve))

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

/** The legs of the cascade log that are of the small pool: who had them last, and how they ended. */
async function smallLegs(): Promise<readonly { readonly attempt: number; readonly reason?: string }[]> {
  const connection = new Redis(redis.socketPath)
  const cascades = await Promise.all((await connection.keys('e2e:{c:*}:cascade')).map(key => connection.hgetall(key)))
  connection.disconnect()
  return cascades.flatMap(fields => {
    if (fields['l0']?.includes('"echo-small"') !== true) return []
    const end: { reason?: string } = fields['l0:e'] === undefined ? {} : JSON.parse(fields['l0:e'])
    return [{ attempt: Number(fields['l0:a'] ?? 0), ...(end.reason === undefined ? {} : { reason: end.reason }) }]
  })
}

describe('draining a pool under load', () => {
  it('loses no call: what is at work ends there, what waits escalates on at once', async () => {
    // Two at work at once: the last of sixteen would be due after four seconds.
    const calls = numbers(16).map(index => client.infer(textRequest(`delay=500 call ${index}`), { deadlineMs: 3000 }))
    await untilTrue(async () => (await waitingIn('echo-small')) >= 10)
    await drain('small')
    const ended = await Promise.all(calls)
    expect(ended.map(one => one.failure?.status)).toEqual(calls.map(() => undefined))
    const models = ended.map(one => one.answer?.model)
    expect(models).toContain('echo-small')
    expect(models.filter(model => model === 'echo-large').length).toBeGreaterThanOrEqual(8)
    const escalatedOn = ended.filter(one => one.answer?.model === 'echo-large')
    expect(escalatedOn.every(one => one.answer?.rungs[0]?.reason.startsWith('no-worker') ?? false)).toBe(true)
    await untilTrue(async () => (await budget()).reserved === 0)
    expect((await budget()).spent).toBe(ended.reduce((sum, one) => sum + (one.answer?.costNanoUsd ?? 0), 0))
  })

  it('gives waiting legs back when a worker is stopped, too', async () => {
    const calls = numbers(8).map(index => client.infer(textRequest(`delay=1500 call ${index}`), { deadlineMs: 5000 }))
    await untilTrue(async () => (await waitingIn('echo-small')) >= 6)
    const stopped = small.end('SIGTERM')
    const ended = await Promise.all(calls)
    expect(ended.map(one => one.failure?.status)).toEqual(calls.map(() => undefined))
    expect(await stopped).toBe(0)
  })
})

describe.each(['SIGKILL', 'SIGSTOP'] as const)('the last worker of a pool that gets %s', signal => {
  it('costs its callers some seconds and not their answers, and each is paid once', async () => {
    const calls = numbers(6).map(index =>
      client.infer(textRequest(`delay=60000 call ${index}`), { deadlineMs: 25_000 }),
    )
    await untilTrue(async () => (await smallLegs()).filter(leg => leg.attempt === 1).length === 2)
    await untilTrue(async () => (await waitingIn('echo-small')) === 4)
    small.child.kill(signal)
    const killedAt = performance.now()
    const ended = await Promise.all(calls)
    // The heartbeat runs out after some seconds; a slow machine may take a few more, the deadline is far.
    expect(performance.now() - killedAt).toBeLessThan(20_000)
    expect(ended.map(one => one.failure?.status)).toEqual(calls.map(() => undefined))
    expect(new Set(ended.map(one => one.answer?.model))).toEqual(new Set(['echo-large']))
    const legs = await smallLegs()
    // The two that were at work have an attempt more than the one that was lost: whatever that one still says is
    // fenced.
    expect(legs.map(leg => leg.attempt).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 0, 2, 2])
    expect(legs.filter(leg => leg.attempt === 2).map(leg => leg.reason)).toEqual(['no-worker', 'no-worker'])
    await untilTrue(async () => (await budget()).reserved === 0)
    const paid = ended.reduce((sum, one) => sum + (one.answer?.costNanoUsd ?? 0), 0)
    expect((await budget()).spent).toBe(paid)
    small.child.kill('SIGCONT')
    // What a worker that wakes says of its legs changes neither answers nor money.
    await untilTrue(async () => signal === 'SIGKILL' || (await workersOf('echo-small')) === 1)
    expect((await client.infer(textRequest('delay=1 after'), { deadlineMs: 20_000 })).failure).toBeUndefined()
    expect((await smallLegs()).filter(leg => leg.reason === 'no-worker')).toHaveLength(2)
    expect((await budget()).reserved).toBe(0)
  })
})
