import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createFleet } from '#services/router/pools/fleet'
import type { CandidateInput } from '#services/router/choose/candidate-input'
import { createEvaluateRungs } from '#services/router/choose/evaluate-rungs'
import { createFleetWatch } from '#services/router/pools/fleet-watch'
import { createPoolMetrics } from '#services/router/telemetry/pool-metrics'
import { lacksCapacity, type CandidateRung } from '#services/router/request/states'
import { GatewayError } from '#services/contract/errors'
import { noWork } from '#services/state/service-times/workload'
import type { Rung } from '#services/contract/model'
import type { Job } from '#services/state/queue/job'
import type { JobProducer } from '#services/state/queue/pool-queue'
import type { WorkerState } from '#services/state/registry/worker-registry'
import { backlogOf, timesOf, workerState } from '../../../support/worker/worker-state.ts'

const rung: Rung = {
  name: 'm',
  recipe: {},
  model: {
    name: 'm',
    tasks: ['generate'],
    modalities: ['text'],
    tier: 't',
    pool: 'p',
    price: {},
    card: { title: 'm', licence: 'none', source: 'none', trainingData: 'none', limits: 'none' },
  },
}

function worker(more: Partial<WorkerState> = {}): WorkerState {
  return workerState({
    concurrency: 4,
    running: 3,
    times: timesOf(
      'm',
      Array.from({ length: 10 }, () => 200),
    ),
    ...more,
  })
}

function input(leftMs: number, mode: 'sync' | 'async' = 'sync'): CandidateInput {
  return {
    ladder: { name: 'l', task: 'generate', modalities: ['text'], rungs: [rung] },
    estimate: { difficulty: 0.5, models: {}, features: {} },
    modalities: ['text'],
    needs: [],
    pin: {},
    mode,
    nowMs: 0,
    deadlineAt: leftMs,
    reserveOf: () => ({ nanoUsd: 1 }),
    priceOf: () => ({}),
    isPaid: false,
    turn: { priority: 2, tenant: 't' },
    task: 'classify',
    options: {},
    work: noWork,
    hasAnswer: false,
  }
}

const cold = { coldStarts: new Map([['p', { ms: 30_000, capacity: 4, legMs: 200 }]]) }

/** Eight legs of 200 ms that wait, and three that run. */
const backlog = backlogOf({ waiting: 8, running: 3, work: [{ priority: 2, tenant: 't', model: 'm', workMs: 1600 }] })
const empty = backlogOf()
const sureness = { onTimeRatio: 0.99, escalationBackpressure: { startAtQueueRatio: 1, fullAtQueueRatio: 4 } }

describe('a pool without workers', () => {
  it('refuses for want of workers when none will start', () => {
    const [only] = createEvaluateRungs(createFleet([], new Map([['p', empty]])), sureness)(input(60_000))
    expect(only?.removedBy).toBe('workers')
    expect(lacksCapacity(only as CandidateRung, 60_000)).toBe(true)
  })

  it('takes a request that can wait for a cold start, and counts the start in the wait', () => {
    const [only] = createEvaluateRungs(createFleet([], new Map([['p', backlog]]), cold), sureness)(input(60_000))
    expect(only?.removedBy).toBeUndefined()
    expect(only?.predictedWaitMs).toBe(30_000 + (8 * 200) / 4)
  })

  it('refuses a request that cannot wait for a cold start, and knows that workers were what it lacked', () => {
    const [only] = createEvaluateRungs(createFleet([], new Map([['p', empty]]), cold), sureness)(input(5000))
    expect(only?.removedBy).toBe('deadline')
    expect(lacksCapacity(only as CandidateRung, 5000)).toBe(true)
  })

  it('does not count a start once there is a worker', () => {
    const view = createFleet([worker()], new Map([['p', backlog]]), cold).pool('p')
    expect(view).toMatchObject({ startsCold: false, waitMs: (8 * 200) / 4, running: 3 })
  })

  it('is a cold one while its only worker drains', () => {
    expect(createFleet([worker({ draining: true })], new Map(), cold).pool('p').startsCold).toBe(true)
  })
})

describe('an engine with a queue of its own', () => {
  const look = (...workers: Partial<WorkerState>[]) =>
    createEvaluateRungs(createFleet(workers.map(worker), new Map([['p', empty]])), sureness)(input(3000))[0]
  const long = { m: { waiting: 40, running: 4 } }

  it('makes a call wait as long as it works off what it has, though the queue of the pool is empty', () => {
    const serviceMs = look({})?.predictedLatencyMs ?? 0
    expect(look({})?.predictedWaitMs).toBe(0)
    expect((look({ engines: long })?.predictedWaitMs ?? 0) / serviceMs).toBeCloseTo(10, 0)
    expect(look({ engines: { m: { waiting: 400, running: 4 } } })?.removedBy).toBe('deadline')
    expect(look({ engines: { other: { waiting: 400, running: 4 } } })?.removedBy).toBeUndefined()
  })

  it('is one engine, however many workers tell of it', () => {
    const twice = look({ engines: long }, { engines: long })?.predictedWaitMs ?? 0
    expect(twice / (look({ engines: long })?.predictedWaitMs ?? 0)).toBeCloseTo(1, 1)
  })
})

describe('a model without a price', () => {
  it('is left out where money is limited, and a price of 0 says that it is free', () => {
    const look = createEvaluateRungs(createFleet([worker()], new Map([['p', empty]])), sureness)
    const removed = (isPaid: boolean, price: object): string | undefined =>
      look({ ...input(60_000), isPaid, priceOf: () => price })[0]?.removedBy
    expect(removed(true, {})).toBe('price')
    expect(removed(false, {})).toBeUndefined()
    expect(removed(true, { perRequest: 0 })).toBeUndefined()
  })
})

describe('lacksCapacity()', () => {
  it('is false where the deadline is too short for the model itself, or money was short', () => {
    const base = {
      rung,
      reserveNanoUsd: 1,
      predictedCostNanoUsd: 1,
      predictedWaitMs: 100,
      neededMs: 600,
      predictedLatencyMs: 500,
    }
    expect(lacksCapacity({ ...base, removedBy: 'deadline', removedWhy: '' }, 400)).toBe(false)
    expect(lacksCapacity({ ...base, removedBy: 'deadline', removedWhy: '' }, 550)).toBe(true)
    expect(lacksCapacity({ ...base, removedBy: 'cost', removedWhy: '' }, 550)).toBe(false)
    expect(lacksCapacity({ ...base, removedBy: 'deadline', removedWhy: '', predictedWaitMs: 0 }, 550)).toBe(false)
  })
})

const queueOf = (waiting: number, add: () => Promise<void> = async () => {}): JobProducer => ({
  add,
  remove: async () => true,
  waiting: async () => waiting,
  backlog: async () =>
    backlogOf({ waiting, running: 3, work: [{ priority: 2, tenant: 't', model: 'm', workMs: waiting * 200 }] }),
  close: async () => {},
})

const full = async (): Promise<void> => {
  throw new GatewayError('Overloaded', 'pool p is full', { reason: 'QUEUE_FULL', retryAfterMs: 1000 })
}

async function figures(registry: Registry): Promise<Readonly<Record<string, number>>> {
  const metrics = await registry.getMetricsAsJSON()
  return Object.fromEntries(metrics.map(metric => [metric.name, Number(metric.values[0]?.value)]))
}

describe('demand-seconds', () => {
  const registryOf = (workers: { list: readonly WorkerState[] }) => ({
    beat: async () => ({ drain: false, shut: [] }),
    leave: async () => {},
    list: async () => workers.list,
    setDraining: async () => {},
  })

  it('are backlog, running and refused in model time, and outlive the last worker', async () => {
    const workers = { list: [worker()] }
    const queue = queueOf(10, full)
    const pools = new Map([['p', { coldStartMs: 30_000, workerCapacity: 4 }]])
    const fleet = createFleetWatch(pools, {}, { registry: registryOf(workers), queue, clock: { now: () => 0 } })
    const registry = new Registry()
    const metrics = createPoolMetrics(registry, fleet, ['p'], sureness.escalationBackpressure)
    await fleet.read()
    expect(await figures(registry)).toMatchObject({
      sluice_router_pool_workers: 1,
      sluice_router_pool_capacity_legs: 4,
      sluice_router_pool_running_legs: 3,
      sluice_router_pool_backlog_seconds: expect.closeTo(2, 1),
      sluice_router_pool_wait_seconds: 0.5,
      sluice_router_pool_price_ratio: expect.closeTo(0.48, 1),
      sluice_router_pool_refused_seconds_total: 0,
    })
    await expect(metrics.watching('p', {} as Job, () => queue.add('p', {} as Job))).rejects.toThrow('pool p is full')
    metrics.refused('p', 1000)
    workers.list = []
    await fleet.read()
    expect(fleet.poolsWithoutWorkers).toEqual([])
    expect(await figures(registry)).toMatchObject({
      sluice_router_pool_workers: 0,
      sluice_router_pool_backlog_seconds: expect.closeTo(2, 1),
      sluice_router_pool_wait_seconds: expect.closeTo(30.5, 1),
      sluice_router_pool_refused_seconds_total: expect.closeTo(1.2, 1),
    })
  })

  it('name a pool that must have workers and has none', async () => {
    const fleet = createFleetWatch(
      new Map([['p', { workerCapacity: 1 }]]),
      {},
      { registry: registryOf({ list: [] }), queue: queueOf(0), clock: { now: () => 0 } },
    )
    await fleet.read()
    expect(fleet.poolsWithoutWorkers).toEqual(['p'])
  })
})
