import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClaim } from '#services/router/reserve/claim'
import { createLeases } from '#services/router/cascade/leases'
import { startCourse } from '#services/router/cascade/start'
import { createBudgets, type BudgetOptions } from '#services/router/ledger/budgets'
import { createGeneration } from '#services/router/ledger/generation'
import { createMemoryFile } from '#services/router/ledger/memory-file'
import { createRedisLedger } from '#services/router/ledger/redis-ledger'
import { NotHeld, type Chosen, type Considered } from '#services/router/request/states'
import { createRedisClimbLog } from '#services/state/cascade-log/redis-cascade-log'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { noWork } from '#services/state/service-times/workload'
import { createRedisPayloadStore } from '#services/state/payloads/redis-payload-store'
import { createBullmqProducer } from '#services/state/queue/bullmq-producer'
import { envelopeVersion, priorityRanks, type Job } from '#services/state/queue/job'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

const logger = pino({ level: 'silent' })
const clock = { now: () => Date.now() }
let server: PrivateRedis
let redis: RedisConnection
let deployments = 0

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 5000 }, logger)
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

const rung = (name: string, reserveNanoUsd: number): Considered => ({
  rung: { name, model: { name, pool: 'p' } as unknown as Considered['rung']['model'], recipe: {} },
  reserveNanoUsd,
  predictedCostNanoUsd: 1,
  predictedWaitMs: 0,
  neededMs: 0,
})

function chosen(more: Partial<Chosen> = {}): Chosen {
  const considered = [rung('small', 100), rung('large', 1000)]
  const now = Date.now()
  return {
    requestId: createRequestId(now),
    caller: { tenant: 'acme', credentialId: 'c', scopes: ['infer'] },
    request: { task: 'generate', parts: [], options: {}, constraints: { priority: 'normal' }, labels: {} },
    parts: [{ kind: 'text', text: 'hello' }],
    work: noWork,
    modalities: ['text'],
    mode: 'sync',
    submittedAt: now,
    deadlineAt: now + 60_000,
    considered,
    firstStep: { kind: 'call', model: 'small', reason: 'foreseen' },
    guided: { ladder: { name: 'l', task: 'generate', modalities: ['text'], rungs: considered.map(one => one.rung) } },
    estimate: { difficulty: 0.5, models: {}, features: {} },
    reserveNanoUsd: 1100,
    mostTokens: 50,
    ...more,
  } as unknown as Chosen
}

/** The rooms that a pledge goes through, on real Redis, with keys of their own. */
async function setUp(more: Partial<BudgetOptions> = {}) {
  deployments += 1
  const prefix = `pledge${deployments}`
  const generation = await createGeneration(
    { prefix, keepCounterMs: 60_000, onEmpty: 'start' },
    redis,
    createMemoryFile(undefined),
    logger,
  )
  await generation.look()
  const ledger = createRedisLedger({ prefix, rememberMs: 600_000, keepCounterMs: 60_000 }, redis, generation)
  const budgets = createBudgets({
    timeZone: 'UTC',
    tenant: {},
    tenants: new Map(),
    pools: new Map(),
    deployment: {},
    ...more,
  })
  const seen: string[] = []
  const observe = (limit: string, outcome: string): void => void seen.push(`${limit} ${outcome}`)
  const claim = createClaim({ holdLeaseMs: 500, payers: {} }, { ledger, budgets, clock, observe })
  const climbLog = createRedisClimbLog(
    { prefix, maxDeaths: 2, syncTtlMs: 60_000, asyncTtlMs: 60_000, deadTtlMs: 60_000 },
    redis,
  )
  const owner = () => ({ name: 'r', leaseUntil: Date.now() + 3000 })
  const payloads = createRedisPayloadStore({ prefix, quotaBytes: 1e6 }, redis, clock)
  const leases = createLeases(climbLog, owner, logger)
  const start = (claimed: Awaited<ReturnType<typeof claim>>) =>
    startCourse(claimed, { climbLog, payloads, clock, leases, owner, payloadGraceMs: 1000 })
  const queue = createBullmqProducer({ prefix, maxWaiting: new Map([['p', 100]]) }, redis)
  const reserved = async () => {
    const balances = await ledger.balances(budgets.scopes('acme', Date.now()))
    return balances.find(one => one.scope.name === 'tenant:day')?.reservedNanoUsd
  }
  return { claim, start, queue, climbLog, ledger, seen, reserved }
}

function jobOf({ requestId, deadlineAt }: Chosen): Job {
  return {
    version: envelopeVersion,
    legId: legIdOf(requestId, 0),
    tenant: 'acme',
    model: 'small',
    rung: 'small',
    recipe: {},
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text: 'hello' }],
    work: noWork,
    deadlineAt,
    priority: priorityRanks.normal,
    replyTo: 'r',
    streaming: false,
    price: {},
    reserveNanoUsd: 0,
    enqueuedAt: Date.now(),
  }
}

const limit = (nanoUsd: number, shadow = false) => ({ nanoUsd, shadow })

describe('a pledge', () => {
  it('holds nothing until the leg is put in line, and then holds, opens and puts in one step', async () => {
    const { claim, start, queue, climbLog, reserved } = await setUp({ tenant: { day: limit(5000) } })
    const request = chosen()
    const course = await start(await claim(request))
    expect(await reserved()).toBe(0)
    expect(await climbLog.read(request.requestId)).toBeUndefined()
    await queue.add('p', jobOf(request), course.opening?.())
    expect(await reserved()).toBe(1100)
    expect(await climbLog.read(request.requestId)).toMatchObject({ plan: { heldNanoUsd: 1100 }, epoch: 1 })
    expect(await queue.waiting('p')).toBe(1)
  })

  it('that cannot be kept leaves nothing, and the ledger asked by itself holds what is still covered', async () => {
    const { claim, start, queue, climbLog, reserved } = await setUp({ tenant: { day: limit(500) } })
    const request = chosen()
    const course = await start(await claim(request))
    await expect(queue.add('p', jobOf(request), course.opening?.())).rejects.toBeInstanceOf(NotHeld)
    expect(await reserved()).toBe(0)
    expect(await climbLog.read(request.requestId)).toBeUndefined()
    expect(await queue.waiting('p')).toBe(0)
    const claimed = await claim(request, true)
    expect(claimed).toMatchObject({ reserveNanoUsd: 100 })
    expect(claimed.pledge).toBeUndefined()
    expect(await reserved()).toBe(100)
    const again = await start(claimed)
    await queue.add('p', jobOf(request), again.opening?.())
    expect(await queue.waiting('p')).toBe(1)
  })

  it('tells of limits that are only watched, as the ledger by itself does', async () => {
    const { claim, start, queue, seen, reserved } = await setUp({ tenant: { day: limit(500, true) } })
    const request = chosen()
    const course = await start(await claim(request))
    await queue.add('p', jobOf(request), course.opening?.())
    expect(seen).toEqual(['tenant:day shadowed'])
    expect(await reserved()).toBe(1100)
  })

  it('takes of a rate once, and is refused by one that is used up', async () => {
    const requests = { perMinute: 1, burst: 1, shadow: false }
    const { claim, start, queue } = await setUp({ tenant: { requests } })
    const first = chosen()
    await queue.add('p', jobOf(first), (await start(await claim(first))).opening?.())
    const second = chosen()
    const opening = (await start(await claim(second))).opening?.()
    await expect(queue.add('p', jobOf(second), opening)).rejects.toBeInstanceOf(NotHeld)
    await expect(claim(second, true)).rejects.toMatchObject({ code: 'RateLimited' })
  })

  it('is not given for a job, with an idempotency key, or beside media and long texts', async () => {
    const { claim } = await setUp()
    const { request } = chosen()
    const image = { kind: 'image' as const, bytes: new Uint8Array(8), mediaType: 'image/png', header: {} }
    const long = { kind: 'text' as const, text: 'x'.repeat(20_000) }
    for (const more of [
      { mode: 'async' as const },
      { request: { ...request, idempotencyKey: 'k' } },
      { parts: [image] },
      { parts: [long] },
    ]) {
      expect((await claim(chosen(more))).pledge).toBeUndefined()
    }
    expect((await claim(chosen())).pledge).toBeDefined()
  })
})
