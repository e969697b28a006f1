import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { legIdOf } from '#services/contract/ids'
import { createCascadeKeys } from '#services/state/cascade-log/cascade-keys'
import type { CascadeLog, LegEnd } from '#services/state/cascade-log/cascade-log'
import { createOpenCall } from '#services/state/cascade-log/open-call'
import { createRedisCascadeLog } from '#services/state/cascade-log/redis-cascade-log'
import type { Dispatch, DispatchOrder } from '#services/state/dispatch/dispatch'
import type { ExpressLegs } from '#services/state/dispatch/express-legs'
import { createBeginHereCall, createRedisExpressLegs } from '#services/state/dispatch/redis-express-legs'
import { createRedisDispatch } from '#services/state/dispatch/redis-dispatch'
import { createStepwiseDispatch } from '#services/state/dispatch/stepwise-dispatch'
import { createGeneration } from '#services/state/ledger/generation'
import type { HoldOrder, Ledger, Scope } from '#services/state/ledger/ledger'
import { createLedgerKeys } from '#services/state/ledger/ledger-keys'
import { createMemoryFile } from '#services/state/ledger/memory-file'
import { createRedisLedger } from '#services/state/ledger/redis-ledger'
import { createReserveCall } from '#services/state/ledger/reserve-call'
import { createBullmqProducer } from '#services/state/queue/bullmq-producer'
import { createBullmqConsumer } from '#services/state/queue/bullmq-consumer'
import type { JobConsumer, JobProducer } from '#services/state/queue/pool-queue'
import { createPutCall } from '#services/state/queue/put-call'
import { cascadePlan, cascadeRequest, plannedLeg } from '../support/builders.ts'
import { FakeCascadeLog } from '../support/stores/fake-cascade-log.ts'
import { createMemoryExpressLegs } from '../support/stores/memory-express-legs.ts'
import { createMemoryQueue } from '../support/stores/memory-queue.ts'
import { PlainLedger } from '../support/stores/plain-ledger.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'
import { waitingJob } from '../support/worker/waiting-job.ts'

const logger = pino({ level: 'silent' })
const keepCounterMs = 60_000
let server: PrivateRedis
let redis: RedisConnection
let deployments = 0

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 5000 }, logger)
  await whenReady(redis, 5000)
})
let consumers: JobConsumer[] = []
afterEach(async () => {
  await Promise.all(consumers.map(consumer => consumer.close()))
  consumers = []
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

/** A dispatch and the ports that it changes. */
interface Deployment {
  readonly dispatch: Dispatch
  readonly ledger: Ledger
  readonly cascadeLog: CascadeLog
  readonly queue: JobProducer
  readonly express: ExpressLegs
}

/** Two legs fit into a queue. */
const maxWaiting = 2

/** Everything in Redis, on keys of its own. */
async function inRedis(): Promise<Deployment & { readonly calls: Parameters<typeof createRedisDispatch>[0] }> {
  deployments += 1
  const prefix = `d${deployments}`
  const generation = await createGeneration(
    { prefix, keepCounterMs, onEmpty: 'start' },
    redis,
    createMemoryFile(undefined),
    logger,
  )
  await generation.refresh()
  const ledger = createRedisLedger({ prefix, rememberMs: 600_000, keepCounterMs }, redis, generation)
  const cascadeLog = createRedisCascadeLog(
    { prefix, maxDeaths: 2, syncTtlMs: 60_000, asyncTtlMs: 60_000, deadTtlMs: 60_000 },
    redis,
  )
  const putOptions = { prefix, maxWaiting: new Map([['p', maxWaiting]]) }
  const queue = createBullmqProducer(putOptions, redis)
  const calls = {
    reserve: createReserveCall({ keys: createLedgerKeys(prefix), keepCounterMs, mark: () => generation.mark }),
    open: createOpenCall(createCascadeKeys(prefix)),
    put: createPutCall(putOptions),
    begin: createBeginHereCall({ prefix, maxDeaths: 2 }),
  }
  const express = createRedisExpressLegs({ prefix, maxDeaths: 2 }, redis, cascadeLog)
  return { dispatch: createRedisDispatch(calls, redis), ledger, cascadeLog, queue, express, calls }
}

const implementations: readonly (readonly [string, () => Promise<Deployment>])[] = [
  ['on one Redis server', inRedis],
  [
    'on Redis, step by step',
    async () => {
      const deployed = await inRedis()
      return { ...deployed, dispatch: createStepwiseDispatch(deployed) }
    },
  ],
  [
    'in memory',
    async () => {
      const ports = {
        ledger: new PlainLedger(),
        cascadeLog: new FakeCascadeLog(),
        queue: createMemoryQueue({ maxWaiting }),
      }
      const express = createMemoryExpressLegs(ports)
      return { ...ports, express, dispatch: createStepwiseDispatch({ ...ports, express }) }
    },
  ],
]

const scope = (limitNanoUsd: number, shadow = false): Scope => ({
  name: 'tenant:day',
  counter: 'tenant:acme:day',
  share: 'tenant',
  limitNanoUsd,
  shadow,
  resetsAt: Date.now() + 60_000,
})

/** An order that holds 1100 of a limit; the second offer would hold 100. */
function orderOf(limit: Scope, hold: Partial<HoldOrder> = {}): DispatchOrder & { readonly hold: HoldOrder } {
  const request = cascadeRequest()
  const { requestId } = request
  const nowMs = Date.now()
  return {
    request,
    plan: cascadePlan(requestId),
    firstLeg: plannedLeg(),
    owner: { name: 'r', leaseUntil: nowMs + 3000 },
    job: waitingJob({ legId: legIdOf(requestId, 0) }),
    hold: {
      holdId: requestId,
      scopes: [limit],
      takes: [],
      offers: [{ tenant: 1100 }, { tenant: 100 }],
      leaseUntil: nowMs + 5000,
      nowMs,
      ...hold,
    },
  }
}

/** What withdraws from a deployment's pool, as a worker does. */
async function withConsumer(): Promise<Deployment & { readonly consumer: JobConsumer }> {
  const deployed = await inRedis()
  const options = { prefix: `d${deployments}`, pool: 'p', lockMs: 1000, renewMs: 200 }
  const consumer = createBullmqConsumer(options, redis, logger)
  consumers.push(consumer)
  return { ...deployed, consumer }
}

function failedEnd(receipt: Partial<LegEnd['receipt']>): LegEnd {
  const nothing = { usage: {}, costNanoUsd: 0, workerId: 'r', attempt: 1, startedAt: 1, endedAt: 2 }
  return { kind: 'failed', reason: 'model-error', message: 'it failed', receipt: { ...nothing, ...receipt } }
}

async function reservedIn(ledger: Ledger, limit: Scope): Promise<number | undefined> {
  return (await ledger.balances([limit]))[0]?.reservedNanoUsd
}

describe.each(implementations)('a dispatch %s', (_name, create) => {
  it('holds the money, opens the cascade and puts its first leg in the queue', async () => {
    const { dispatch, ledger, cascadeLog, queue } = await create()
    const limit = scope(5000)
    const order = orderOf(limit)
    expect(await dispatch.dispatch(order)).toEqual({ kind: 'queued', shadowed: [] })
    expect(await reservedIn(ledger, limit)).toBe(1100)
    const opened = await cascadeLog.read(order.request.requestId)
    expect(opened).toMatchObject({ request: order.request, plan: order.plan, owner: 'r', epoch: 1, revision: 1 })
    expect(opened?.legs).toEqual([{ ...order.firstLeg, attempt: 0 }])
    expect(await queue.waiting('p')).toBe(1)
  })

  it('holds nothing where the money is held already', async () => {
    const { dispatch, ledger, queue } = await create()
    const limit = scope(500)
    const { hold: _held, ...order } = orderOf(limit)
    expect(await dispatch.dispatch(order)).toEqual({ kind: 'queued', shadowed: [] })
    expect(await reservedIn(ledger, limit)).toBe(0)
    expect(await queue.waiting('p')).toBe(1)
  })

  it('changes nothing where the money is not there, and tries the best offer alone', async () => {
    const { dispatch, ledger, cascadeLog, queue } = await create()
    const limit = scope(500)
    const order = orderOf(limit)
    expect(await dispatch.dispatch(order)).toEqual({ kind: 'not-held', reason: 'refused' })
    expect(await reservedIn(ledger, limit)).toBe(0)
    expect(await cascadeLog.read(order.request.requestId)).toBeUndefined()
    expect(await queue.waiting('p')).toBe(0)
    // Nothing of it stands in the way of the hold that the ledger alone still covers.
    expect(await ledger.reserve(order.hold)).toMatchObject({ kind: 'held', offer: 1 })
  })

  it('names the limits that are only watched', async () => {
    const { dispatch, ledger } = await create()
    const limit = scope(500, true)
    expect(await dispatch.dispatch(orderOf(limit))).toEqual({ kind: 'queued', shadowed: ['tenant:day'] })
    expect(await reservedIn(ledger, limit)).toBe(1100)
  })

  it('takes of a rate once, and holds nothing by one that is used up', async () => {
    const { dispatch } = await create()
    const requests = { name: 'tenant:requests', counter: 'tenant:acme:requests', perMinute: 1, burst: 1, shadow: false }
    const takes = [{ ...requests, count: 1 }]
    expect(await dispatch.dispatch(orderOf(scope(5000), { takes }))).toMatchObject({ kind: 'queued' })
    expect(await dispatch.dispatch(orderOf(scope(5000), { takes }))).toEqual({ kind: 'not-held', reason: 'limited' })
  })

  it('holds nothing for a request that was settled before', async () => {
    const { dispatch, ledger } = await create()
    const order = orderOf(scope(5000))
    await ledger.reserve(order.hold)
    await ledger.settle(order.hold.holdId, { spent: {}, lostNanoUsd: 0, estimatedNanoUsd: 0 }, Date.now())
    expect(await dispatch.dispatch(order)).toEqual({ kind: 'not-held', reason: 'settled' })
  })

  it('is refused for a cascade that exists, or that the log was told to refuse', async () => {
    const { dispatch, cascadeLog, queue } = await create()
    const order = orderOf(scope(5000))
    expect(await dispatch.dispatch(order)).toMatchObject({ kind: 'queued' })
    expect(await dispatch.dispatch(order)).toEqual({ kind: 'refused' })
    const forbidden = orderOf(scope(5000))
    expect(await cascadeLog.forbid(forbidden.request.requestId)).toBe(true)
    expect(await dispatch.dispatch(forbidden)).toEqual({ kind: 'refused' })
    expect(await queue.waiting('p')).toBe(1)
  })

  it('says that the queue is full, and leaves an open cascade for its owner to end', async () => {
    const { dispatch, cascadeLog, queue } = await create()
    for (let leg = 0; leg < maxWaiting; leg += 1) await queue.add('p', waitingJob())
    const order = orderOf(scope(5000))
    await expect(dispatch.dispatch(order)).rejects.toMatchObject({ details: { reason: 'QUEUE_FULL' } })
    expect(await cascadeLog.read(order.request.requestId)).toMatchObject({ owner: 'r' })
    expect(await queue.waiting('p')).toBe(maxWaiting)
  })
})

describe.each(implementations)('a leg that its router runs, %s', (_name, create) => {
  it('is begun with its cascade, and is a batch at work in its pool', async () => {
    const { dispatch, cascadeLog, queue } = await create()
    const order = { ...orderOf(scope(5000)), express: { concurrency: 1 } }
    const dispatched = await dispatch.dispatch(order)
    expect(dispatched).toEqual({ kind: 'express', begun: { kind: 'run', attempt: 1 }, shadowed: [] })
    const opened = await cascadeLog.read(order.request.requestId)
    expect(opened?.legs).toEqual([{ ...order.firstLeg, attempt: 1, workerId: 'r' }])
    expect(await queue.backlog('p')).toMatchObject({ waiting: 0, running: 1, batches: 1 })
  })

  it('holds nothing where the money is not there', async () => {
    const { dispatch, queue } = await create()
    const order = { ...orderOf(scope(500)), express: { concurrency: 1 } }
    expect(await dispatch.dispatch(order)).toEqual({ kind: 'not-held', reason: 'refused' })
    expect(await queue.backlog('p')).toMatchObject({ running: 0 })
  })

  it('passes nobody who waits', async () => {
    const { dispatch, queue } = await create()
    await queue.add('p', waitingJob())
    const order = { ...orderOf(scope(5000)), express: { concurrency: 9 } }
    expect(await dispatch.dispatch(order)).toMatchObject({ kind: 'express', begun: { kind: 'busy' } })
    expect(await queue.backlog('p')).toMatchObject({ waiting: 1, running: 0 })
  })

  it('waits for a lane, and leaves its own to the next with its receipt', async () => {
    const { dispatch, express, cascadeLog } = await create()
    const [first, second] = [orderOf(scope(5000)), orderOf(scope(5000))]
    await dispatch.dispatch({ ...first, express: { concurrency: 1 } })
    const busy = await dispatch.dispatch({ ...second, express: { concurrency: 1 } })
    expect(busy).toMatchObject({ begun: { kind: 'busy' } })
    const end = failedEnd({ attempt: 1, costNanoUsd: 7 })
    expect(await express.end('p', first.job.legId, end)).toBe('recorded')
    const ended = await cascadeLog.read(first.request.requestId)
    expect(ended?.legs[0]?.end).toEqual(end)
    const again = { pool: 'p', job: second.job, concurrency: 1, owner: second.owner }
    expect(await express.begin(again)).toEqual({ kind: 'run', attempt: 1 })
  })

  it('leaves its cost where another attempt has the leg', async () => {
    const { dispatch, express, cascadeLog } = await create()
    const order = { ...orderOf(scope(5000)), express: { concurrency: 1 } }
    await dispatch.dispatch(order)
    await cascadeLog.beginLeg(order.job.legId, 'w', Date.now())
    expect(await express.end('p', order.job.legId, failedEnd({ attempt: 1, costNanoUsd: 7 }))).toBe('fenced')
    const fenced = await cascadeLog.read(order.request.requestId)
    expect(fenced?.legs[0]).toMatchObject({ attempt: 2, lost: { 1: 7 } })
  })

  it('leaves its cost and its slot where another router has its cascade, and ends nothing', async () => {
    const { dispatch, express, cascadeLog, queue } = await create()
    const order = { ...orderOf(scope(5000)), express: { concurrency: 1 } }
    await dispatch.dispatch(order)
    await express.leave('p', order.job.legId, { attempt: 1, costNanoUsd: 7 })
    expect(await queue.backlog('p')).toMatchObject({ running: 0 })
    expect(await cascadeLog.beginLeg(order.job.legId, 'w', Date.now())).toEqual({ kind: 'run', attempt: 2 })
    const left = await cascadeLog.read(order.request.requestId)
    expect(left?.legs[0]).toMatchObject({ attempt: 2, lost: { 1: 7 } })
  })

  it('loses its slot with its router', async () => {
    const { dispatch, express } = await create()
    const [first, second] = [orderOf(scope(5000)), orderOf(scope(5000))]
    await dispatch.dispatch({ ...first, owner: { name: 'r', leaseUntil: Date.now() - 1 }, express: { concurrency: 1 } })
    const later = await dispatch.dispatch({ ...second, express: { concurrency: 1 } })
    expect(later).toMatchObject({ begun: { kind: 'run' } })
    await express.renew(new Map([[first.job.legId, 'p']]), Date.now() + 5000)
    expect(await express.end('p', first.job.legId, failedEnd({ attempt: 1 }))).toBe('recorded')
  })

  it('is not begun where its caller has left', async () => {
    const { dispatch, express, cascadeLog, queue } = await create()
    const order = orderOf(scope(5000))
    await queue.add('p', waitingJob())
    await dispatch.dispatch({ ...order, express: { concurrency: 1 } })
    await cascadeLog.cancel(order.request.requestId)
    const free = { pool: 'other', job: order.job, concurrency: 1, owner: order.owner }
    expect(await express.begin(free)).toEqual({ kind: 'cancelled' })
    expect(await queue.backlog('other')).toMatchObject({ running: 0 })
  })
})

describe('a pool on one Redis server', () => {
  it('has workers and routers keep to its lanes together, and each end lets the next leg be taken', async () => {
    const { dispatch, express, queue, consumer } = await withConsumer()
    const legs = [1, 2].map(() => orderOf(scope(50_000)))
    for (const leg of legs) await dispatch.dispatch({ ...leg, express: { concurrency: 2 } })
    await queue.add('p', waitingJob())
    await queue.add('p', waitingJob())
    const limits = new Map([['m', 1]])
    expect(await consumer.take(0, limits)).toBeUndefined()
    await express.end('p', legs[0]?.job.legId ?? legIdOf(cascadeRequest().requestId, 0), failedEnd({ attempt: 1 }))
    const taken = await consumer.take(2000, limits)
    expect(taken?.legs).toHaveLength(1)
    expect(await consumer.take(0, limits)).toBeUndefined()
    // A worker's lane that becomes free is as good.
    await taken?.legs[0]?.done()
    const next = await consumer.take(2000, limits)
    expect(next?.legs).toHaveLength(1)
    await next?.legs[0]?.done()
  })

  it('gives the lanes of a router that died to those who wait', async () => {
    const { dispatch, queue, consumer } = await withConsumer()
    const lost = orderOf(scope(50_000))
    await dispatch.dispatch({
      ...lost,
      owner: { name: 'r', leaseUntil: Date.now() + 300 },
      express: { concurrency: 1 },
    })
    await queue.add('p', waitingJob())
    expect(await consumer.take(0, new Map([['m', 1]]))).toBeUndefined()
    await expect
      .poll(async () => (await consumer.take(100, new Map([['m', 1]])))?.legs.length, { timeout: 15_000 })
      .toBe(1)
  })
})

describe('a dispatch on one Redis server', () => {
  it('holds nothing while the ledger has lost its data', async () => {
    const { calls, queue } = await inRedis()
    const reserve = createReserveCall({ keys: createLedgerKeys('lost'), keepCounterMs, mark: () => 'another 1' })
    const dispatch = createRedisDispatch({ ...calls, reserve }, redis)
    expect(await dispatch.dispatch(orderOf(scope(5000)))).toEqual({ kind: 'not-held', reason: 'closed' })
    expect(await queue.waiting('p')).toBe(0)
  })

  it('asks Redis once', async () => {
    const { dispatch } = await inRedis()
    const asked = async (): Promise<number> => {
      const text = await redis.info('commandstats')
      return Number(/cmdstat_evalsha:calls=(\d+)/u.exec(text)?.[1] ?? 0)
    }
    await dispatch.dispatch(orderOf(scope(5000)))
    const before = await asked()
    await dispatch.dispatch(orderOf(scope(5000)))
    expect(await asked()).toBe(before + 1)
  })
})
