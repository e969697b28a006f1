import type { JobProducer } from '../shared/queue/pool-queue.ts'
import type { WorkerRegistry } from '../shared/registry/worker-registry.ts'
import { createFleet, type Fleet } from './choose/fleet.ts'

/** The fleet as last read. */
export interface FleetWatch {
  /** Always the newest reading, however long it is held. */
  readonly current: Fleet
  readonly waiting: ReadonlyMap<string, number>
  read(): Promise<void>
  /** Pools that no worker serves. */
  poolsWithoutWorkers(pools: Readonly<Record<string, unknown>>): readonly string[]
}

/** Makes the watch; it shows an empty fleet until it is first read. */
export function createFleetWatch(registry: WorkerRegistry, queue: JobProducer, pools: readonly string[]): FleetWatch {
  let view = createFleet([], new Map())
  let waiting: ReadonlyMap<string, number> = new Map()
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
        Promise.all(pools.map(async pool => [pool, await queue.waiting(pool)] as const)),
      ])
      waiting = new Map(counts)
      view = createFleet(workers, waiting)
    },
    poolsWithoutWorkers: configured => Object.keys(configured).filter(pool => view.pool(pool).workers === 0),
  }
}
