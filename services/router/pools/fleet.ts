import { sketchFor } from '#services/state/service-times/service-times'
import { mergeSketches, momentsOf, quantileOf, type TimeSketch } from '#services/state/service-times/time-sketch'
import type { PoolBacklog } from '#services/state/queue/pool-queue'
import type { WorkerState } from '#services/state/registry/worker-registry'
import { addWaits, expectEngineWait } from './engine-wait.ts'
import { expectWait, type BusyQueue, type Turn, type Wait } from './queue-wait.ts'

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
  readonly waiting: number
  /** How long all that waits now takes to be worked off. */
  readonly waitMs: number
  /** Mean time that a leg of any model took lately; absent before one ran. */
  readonly legMs?: number
}

/** What a model takes for inputs of a size. */
export interface Service {
  readonly meanMs: number
  readonly deviationMs: number
  /** The time that a share of all legs does not pass. */
  quantileMs(ratio: number): number
}

/** The workers and queues as last seen. Reading it costs nothing. */
export interface Fleet {
  pool(name: string): PoolView
  /** Whether a worker that is not draining has this model. */
  serves(pool: string, model: string): boolean
  /** Whether a worker is heard of. */
  isAlive(workerId: string): boolean
  /** Workers that have this model. */
  workersOf(pool: string, model: string): readonly WorkerState[]
  /** What a model took lately; `undefined` before it ran. */
  service(pool: string, model: string, inputBytes: number): Service | undefined
  /** How long a leg that takes so long would wait, put in line now: in the queue of the pool, then in the engine of its model. */
  wait(pool: string, model: string, turn: Turn, service: Pick<Service, 'meanMs' | 'deviationMs'>): Wait
}

/** What is configured of pools and tenants. */
export interface FleetOptions {
  /** Shares of tenants; 1 for those that are not named. */
  readonly weights?: Readonly<Record<string, number>>
  /** Pools that may have no workers, with their cold starts. */
  readonly coldStarts?: ReadonlyMap<string, ColdStart>
}

/** An empty queue. */
const nothing: PoolBacklog = { waiting: 0, running: 0, work: [] }

/** Builds the view from one reading of the registry and the queues. A backlog that is changed later shows in it. */
export function createFleet(
  workers: readonly WorkerState[],
  backlogs: ReadonlyMap<string, BusyQueue>,
  { weights = {}, coldStarts = new Map() }: FleetOptions = {},
): Fleet {
  const byPool = new Map<string, WorkerState[]>()
  for (const worker of workers) byPool.set(worker.pool, [...(byPool.get(worker.pool) ?? []), worker])
  const workersIn = (pool: string): readonly WorkerState[] => byPool.get(pool) ?? []
  const capacities = new Map([...byPool].map(([pool, members]) => [pool, capacityOf(members)]))
  const legTimes = new Map([...byPool].map(([pool, members]) => [pool, meanLegMs(members)]))
  const alive = new Set(workers.map(worker => worker.workerId))
  const services = new Map<string, Service | undefined>()

  return {
    pool(name) {
      const legMs = legTimes.get(name)
      const view = viewOf(workersIn(name), backlogs.get(name) ?? nothing, coldStarts.get(name))
      return legMs === undefined ? view : { ...view, legMs }
    },
    serves: (pool, model) => workersIn(pool).some(worker => !worker.draining && worker.models.includes(model)),
    isAlive: workerId => alive.has(workerId),
    workersOf: (pool, model) => workersIn(pool).filter(worker => worker.models.includes(model)),
    service(pool, model, inputBytes) {
      const key = `${pool} ${model} ${Math.floor(Math.log2(Math.max(1, inputBytes)))}`
      if (!services.has(key)) services.set(key, serviceOf(workersIn(pool), model, inputBytes))
      return services.get(key)
    },
    wait(pool, model, turn, service) {
      const backlog = backlogs.get(pool) ?? nothing
      const capacity = capacities.get(pool) ?? 0
      const engines = workersIn(pool).flatMap(worker => worker.engines?.[model] ?? [])
      if (capacity > 0) {
        return addWaits(expectWait(backlog, { capacity, weights }, turn, service), expectEngineWait(engines, service))
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
    waiting,
    waitMs: capacity === 0 ? waitForFirst(waiting, coldStart) : workMs / capacity,
  }
}

/** What waits goes through the first worker, once it is there. */
function waitForFirst(waiting: number, coldStart: ColdStart | undefined): number {
  return coldStart === undefined ? 0 : coldStart.ms + (waiting * coldStart.legMs) / coldStart.capacity
}

function meanLegMs(workers: readonly WorkerState[]): number | undefined {
  const sketch = mergeSketches(workers.flatMap(({ times }) => Object.values(times).flatMap(Object.values<TimeSketch>)))
  return sketch.length === 0 ? undefined : momentsOf(sketch).meanMs
}

function serviceOf(workers: readonly WorkerState[], model: string, inputBytes: number): Service | undefined {
  const sketch = sketchFor(
    workers.map(worker => worker.times),
    model,
    inputBytes,
  )
  return sketch === undefined ? undefined : { ...momentsOf(sketch), quantileMs: ratio => quantileOf(sketch, ratio) }
}
