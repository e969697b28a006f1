import type { WorkerState } from '../../shared/registry/worker-registry.ts'

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
  /** How long a request put in now would wait before it runs. */
  readonly waitMs: number
  /** Median time of a leg, by model, where known. */
  readonly serviceMs: Readonly<Record<string, number>>
}

/** The workers and queues as last seen. Reading it costs nothing. */
export interface Fleet {
  pool(name: string): PoolView
  /** Whether a worker that is not draining has this model. */
  serves(pool: string, model: string): boolean
  /** Workers that have this model. */
  workersOf(pool: string, model: string): readonly WorkerState[]
}

/** Builds the view from one reading of the registry and of the queues' lengths. Pools that may have no workers are named with their cold starts. */
export function createFleet(
  workers: readonly WorkerState[],
  waiting: ReadonlyMap<string, number>,
  coldStarts: ReadonlyMap<string, ColdStart> = new Map(),
): Fleet {
  const byPool = new Map<string, WorkerState[]>()
  for (const worker of workers) byPool.set(worker.pool, [...(byPool.get(worker.pool) ?? []), worker])
  const views = new Map<string, PoolView>()
  for (const name of new Set([...byPool.keys(), ...waiting.keys()])) {
    views.set(name, viewOf(byPool.get(name) ?? [], waiting.get(name) ?? 0, coldStarts.get(name)))
  }
  return {
    pool: name => views.get(name) ?? viewOf([], 0),
    serves: (pool, model) => (byPool.get(pool) ?? []).some(worker => !worker.draining && worker.models.includes(model)),
    workersOf: (pool, model) => (byPool.get(pool) ?? []).filter(worker => worker.models.includes(model)),
  }
}

function viewOf(workers: readonly WorkerState[], waiting: number, coldStart?: ColdStart): PoolView {
  const working = workers.filter(worker => !worker.draining)
  const capacity = working.reduce((sum, worker) => sum + worker.capacity, 0)
  const serviceMs = medianByModel(working)
  const times = Object.values(serviceMs)
  const meanMs = times.length === 0 ? 0 : times.reduce((sum, time) => sum + time, 0) / times.length
  return {
    workers: workers.length,
    draining: workers.length - working.length,
    startsCold: capacity === 0 && coldStart !== undefined,
    running: workers.reduce((sum, worker) => sum + worker.running, 0),
    capacity,
    waiting,
    waitMs: capacity === 0 ? waitForFirst(waiting, coldStart) : (waiting * meanMs) / capacity,
    serviceMs,
  }
}

/** What waits goes through the first worker, once it is there. */
function waitForFirst(waiting: number, coldStart: ColdStart | undefined): number {
  return coldStart === undefined ? 0 : coldStart.ms + (waiting * coldStart.legMs) / coldStart.capacity
}

function medianByModel(workers: readonly WorkerState[]): Readonly<Record<string, number>> {
  const times = new Map<string, number[]>()
  for (const worker of workers) {
    for (const [model, ms] of Object.entries(worker.serviceMs)) times.set(model, [...(times.get(model) ?? []), ms])
  }
  return Object.fromEntries(
    [...times].map(([model, all]) => [model, all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0]),
  )
}
