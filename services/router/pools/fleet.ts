import {
  createServiceModel,
  type LegWork,
  type ServiceForecast,
  type ServiceModel,
} from '#services/state/service-times/predict-service'
import type { PoolBacklog } from '#services/state/queue/pool-queue'
import type { WorkerState } from '#services/state/registry/worker-registry'
import { addWaits, expectEngineWait } from './engine-wait.ts'
import { expectWait, type BusyQueue, type NextLeg, type Wait } from './queue-wait.ts'

/** What is known of a pool that may have no workers. */
export interface ColdStart {
  /** From the first request to a worker that is ready. */
  readonly ms: number
  /** Requests that this first worker will run at once. */
  readonly capacity: number
  /** Time that a leg took while there were workers; 0 when there were none yet. */
  readonly legMs: number
}

/** What is known of one pool now. */
export interface PoolView {
  readonly workers: number
  readonly draining: number
  /** No worker takes work, but one starts when it is wanted. */
  readonly startsCold: boolean
  /** Legs at work. */
  readonly running: number
  /** Requests that its workers can run at once. */
  readonly capacity: number
  /** Batches that they have at work at once. */
  readonly concurrency: number
  readonly waiting: number
  /** How long all that waits now takes to be worked off. */
  readonly waitMs: number
  /** Mean time that a leg of any model took lately; absent before one ran. */
  readonly legMs?: number
}

/** The workers and queues as last seen. Reading it costs nothing. */
export interface Fleet {
  pool(name: string): PoolView
  /** Whether a worker that is not draining has this model. */
  serves(pool: string, model: string): boolean
  /** Whether a worker sends heartbeats. */
  isAlive(workerId: string): boolean
  /** Workers that have this model. */
  workersOf(pool: string, model: string): readonly WorkerState[]
  /** How long a rung will take for an input; `undefined` before it ran, or long after. */
  service(pool: string, rung: string, leg: LegWork): ServiceForecast | undefined
  /** How long a leg would wait, put in the queue now: in the queue of the pool, then in the engine of its model. */
  wait(pool: string, leg: NextLeg): Wait
}

/** What is configured of pools and tenants. */
export interface FleetOptions {
  /** Shares of tenants; 1 for those that are not named. */
  readonly weights?: Readonly<Record<string, number>>
  /** Pools that may have no workers, with their cold starts. */
  readonly coldStarts?: ReadonlyMap<string, ColdStart>
  /** Epoch ms of the reading, since when what was measured has faded. */
  readonly nowMs?: number
}

/** An empty queue. */
const nothing: PoolBacklog = { waiting: 0, running: 0, work: [], batches: 0, legs: [] }

/** Builds the view from one reading of the registry and the queues. A backlog that is changed later shows in it. */
export function createFleet(
  workers: readonly WorkerState[],
  backlogs: ReadonlyMap<string, BusyQueue>,
  { weights = {}, coldStarts = new Map(), nowMs = 0 }: FleetOptions = {},
): Fleet {
  const byPool = new Map<string, WorkerState[]>()
  for (const worker of workers) byPool.set(worker.pool, [...(byPool.get(worker.pool) ?? []), worker])
  const workersIn = (pool: string): readonly WorkerState[] => byPool.get(pool) ?? []
  const legTimes = new Map([...byPool].map(([pool, members]) => [pool, meanLegMs(members)]))
  const alive = new Set(workers.map(worker => worker.workerId))
  const services = new Map<string, ServiceModel | undefined>()

  return {
    pool(name) {
      const legMs = legTimes.get(name)
      const view = viewOf(workersIn(name), backlogs.get(name) ?? nothing, coldStarts.get(name))
      return legMs === undefined ? view : { ...view, legMs }
    },
    serves: (pool, model) => workersIn(pool).some(worker => !worker.draining && worker.models.includes(model)),
    isAlive: workerId => alive.has(workerId),
    workersOf: (pool, model) => workersIn(pool).filter(worker => worker.models.includes(model)),
    service(pool, rung, leg) {
      const key = `${pool} ${rung}`
      if (!services.has(key)) {
        const reported = [...workersIn(pool), ...workersIn('')].flatMap(worker => worker.times[rung] ?? [])
        services.set(key, createServiceModel(reported, nowMs))
      }
      return services.get(key)?.predict(leg)
    },
    wait(pool, leg) {
      const { model, service } = leg
      const backlog = backlogs.get(pool) ?? nothing
      const open = workersIn(pool).filter(worker => !worker.draining)
      const engines = workersIn(pool).flatMap(worker => worker.engines?.[model] ?? [])
      if (open.length > 0) {
        const concurrency = open.reduce((sum, worker) => sum + worker.concurrency, 0)
        const parallel = (name: string): number => open.reduce((sum, worker) => sum + (worker.parallel[name] ?? 0), 0)
        return addWaits(
          expectWait(backlog, { concurrency, parallel, weights }, leg),
          expectEngineWait(engines, service),
        )
      }
      return { meanMs: waitForFirst(backlog.waiting, coldStarts.get(pool)), deviationMs: 0 }
    },
  }
}

function capacityOf(workers: readonly WorkerState[]): number {
  return workers.reduce((sum, worker) => sum + (worker.draining ? 0 : worker.capacity), 0)
}

function viewOf(
  workers: readonly WorkerState[],
  { waiting, running, work }: PoolBacklog,
  coldStart: ColdStart | undefined,
): PoolView {
  const capacity = capacityOf(workers)
  const workMs = work.reduce((sum, one) => sum + one.workMs, 0)
  return {
    workers: workers.length,
    draining: workers.filter(worker => worker.draining).length,
    startsCold: capacity === 0 && coldStart !== undefined,
    running,
    capacity,
    concurrency: workers.reduce((sum, worker) => sum + (worker.draining ? 0 : worker.concurrency), 0),
    waiting,
    waitMs: capacity === 0 ? waitForFirst(waiting, coldStart) : workMs / parallelOf(workers, work),
  }
}

/** What waits goes through the first worker, once it is there. */
function waitForFirst(waiting: number, coldStart: ColdStart | undefined): number {
  return coldStart === undefined ? 0 : coldStart.ms + (waiting * coldStart.legMs) / coldStart.capacity
}

/** Mean service time of what the workers ran lately, whatever it was. */
function meanLegMs(workers: readonly WorkerState[]): number | undefined {
  const all = workers.flatMap(({ times }) => Object.values(times))
  const weight = all.reduce((sum, times) => sum + times.sums.weight, 0)
  return weight === 0 ? undefined : all.reduce((sum, times) => sum + times.meanMs * times.sums.weight, 0) / weight
}

/** Legs that get on side by side of the models that have work waiting; at least one. */
function parallelOf(workers: readonly WorkerState[], work: PoolBacklog['work']): number {
  const open = workers.filter(worker => !worker.draining)
  const models = new Set(work.map(one => one.model))
  const legs = open.reduce(
    (sum, worker) => sum + [...models].reduce((all, model) => all + (worker.parallel[model] ?? 0), 0),
    0,
  )
  return Math.max(1, legs)
}
