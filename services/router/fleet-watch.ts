import type { JobProducer } from '../shared/queue/pool-queue.ts'
import type { WorkerRegistry } from '../shared/registry/worker-registry.ts'
import { createFleet, type ColdStart, type Fleet } from './choose/fleet.ts'

/** A pool as the watch is told of it. */
export interface WatchedPool {
  /** The pool may have no workers; this long after it is wanted the first is ready. */
  readonly coldStartMs?: number
  /** Requests that one worker runs at once. */
  readonly workerCapacity: number
}

/** The fleet as last read. */
export interface FleetWatch {
  /** Always the newest reading, however long it is held. */
  readonly current: Fleet
  readonly waiting: ReadonlyMap<string, number>
  read(): Promise<void>
  /** Pools that no worker serves and that must have one. */
  readonly poolsWithoutWorkers: readonly string[]
  /** Mean time in ms that a leg takes in a pool, or took while it had workers; `undefined` before any ran. */
  legMs(pool: string): number | undefined
}

/** Makes the watch; it shows an empty fleet until it is first read. */
export function createFleetWatch(
  registry: WorkerRegistry,
  queue: JobProducer,
  pools: ReadonlyMap<string, WatchedPool>,
): FleetWatch {
  let view = createFleet([], new Map())
  let waiting: ReadonlyMap<string, number> = new Map()
  const lastLegMs = new Map<string, number>()

  const coldStarts = (): ReadonlyMap<string, ColdStart> =>
    new Map(
      [...pools].flatMap(([pool, { coldStartMs: ms, workerCapacity: capacity }]) =>
        ms === undefined ? [] : [[pool, { ms, capacity, legMs: lastLegMs.get(pool) ?? 0 }] as const],
      ),
    )
  const remember = (): void => {
    for (const pool of pools.keys()) {
      const times = Object.values(view.pool(pool).serviceMs)
      if (times.length > 0) lastLegMs.set(pool, times.reduce((sum, time) => sum + time, 0) / times.length)
    }
  }

  return {
    current: {
      pool: name => view.pool(name),
      serves: (pool, model) => view.serves(pool, model),
      workersOf: (pool, model) => view.workersOf(pool, model),
    },
    get waiting() {
      return waiting
    },
    async read() {
      const [workers, counts] = await Promise.all([
        registry.list(),
        Promise.all([...pools.keys()].map(async pool => [pool, await queue.waiting(pool)] as const)),
      ])
      waiting = new Map(counts)
      view = createFleet(workers, waiting, coldStarts())
      remember()
    },
    get poolsWithoutWorkers() {
      return [...pools]
        .filter(([pool, { coldStartMs }]) => coldStartMs === undefined && view.pool(pool).workers === 0)
        .map(([pool]) => pool)
    },
    legMs: pool => lastLegMs.get(pool),
  }
}
