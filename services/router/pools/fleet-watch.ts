import type { Clock } from '#services/contract/clock'
import type { Job } from '#services/state/queue/job'
import type { JobProducer } from '#services/state/queue/pool-queue'
import type { WorkerRegistry } from '#services/state/registry/worker-registry'
import type { BusyQueue } from './queue-wait.ts'
import { createFleet, type ColdStart, type Fleet } from './fleet.ts'
import { createInflow } from './arrival-rate.ts'

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
  /** Reads workers and queues. */
  read(): Promise<void>
  /** Reads the queues of the pools that were asked about lately. */
  readQueues(): Promise<void>
  /** A queue that counts what this router puts in line along, until the next reading. */
  counted(queue: JobProducer): JobProducer
  /** Pools that no worker serves and that must have one. */
  readonly poolsWithoutWorkers: readonly string[]
  /** Mean time in ms that a leg takes in a pool, or took while it had workers; `undefined` before any ran. */
  legMs(pool: string): number | undefined
}

/** What watching needs. */
export interface FleetWatchDependencies {
  readonly registry: WorkerRegistry
  readonly queue: JobProducer
  readonly clock: Clock
}

/** A pool that nobody asked about for this long is read with the workers only. */
const askedLatelyMs = 1000

/** Makes the watch; it shows an empty fleet until it is first read. */
export function createFleetWatch(
  pools: ReadonlyMap<string, WatchedPool>,
  weights: Readonly<Record<string, number>>,
  { registry, queue, clock }: FleetWatchDependencies,
): FleetWatch {
  const backlogs = new Map<string, BusyQueue>()
  const inflows = new Map<string, ReturnType<typeof createInflow>>(
    [...pools.keys()].map(pool => [pool, createInflow()]),
  )
  const askedAt = new Map<string, number>()
  const lastLegMs = new Map<string, number>()
  let view = createFleet([], backlogs, { weights })

  const coldStarts = (): ReadonlyMap<string, ColdStart> =>
    new Map(
      [...pools].flatMap(([pool, { coldStartMs: ms, workerCapacity: capacity }]) =>
        ms === undefined ? [] : [[pool, { ms, capacity, legMs: lastLegMs.get(pool) ?? 0 }] as const],
      ),
    )
  const readBacklogs = async (names: readonly string[]): Promise<void> => {
    await Promise.all(
      names.map(async pool => {
        const backlog = await queue.backlog(pool)
        const inflow = inflows.get(pool)?.(backlog.putMs, clock.now())
        backlogs.set(pool, inflow === undefined ? backlog : { ...backlog, inflow })
      }),
    )
  }
  const remember = (): void => {
    for (const pool of pools.keys()) {
      const { legMs } = view.pool(pool)
      if (legMs !== undefined) lastLegMs.set(pool, legMs)
    }
  }

  return {
    current: {
      pool: name => view.pool(name),
      serves: (pool, model) => view.serves(pool, model),
      isAlive: workerId => view.isAlive(workerId),
      workersOf: (pool, model) => view.workersOf(pool, model),
      service: (pool, model, inputBytes) => view.service(pool, model, inputBytes),
      wait(pool, model, turn, service) {
        askedAt.set(pool, clock.now())
        return view.wait(pool, model, turn, service)
      },
    },
    get waiting() {
      return new Map([...backlogs].map(([pool, { waiting }]) => [pool, waiting]))
    },
    async read() {
      const [workers] = await Promise.all([registry.list(), readBacklogs([...pools.keys()])])
      view = createFleet(workers, backlogs, { weights, coldStarts: coldStarts() })
      remember()
    },
    async readQueues() {
      const since = clock.now() - askedLatelyMs
      await readBacklogs([...askedAt].flatMap(([pool, at]) => (at >= since && pools.has(pool) ? [pool] : [])))
    },
    counted: inner => ({
      ...inner,
      async add(pool, job, first) {
        const backlog = backlogs.get(pool)
        if (backlog !== undefined) backlogs.set(pool, withLeg(backlog, job, view.pool(pool).capacity))
        await inner.add(pool, job, first)
      },
    }),
    get poolsWithoutWorkers() {
      return [...pools]
        .filter(([pool, { coldStartMs }]) => coldStartMs === undefined && view.pool(pool).workers === 0)
        .map(([pool]) => pool)
    },
    legMs: pool => lastLegMs.get(pool),
  }
}

function withLeg(backlog: BusyQueue, { priority, tenant, serviceMs = 1 }: Job, capacity: number): BusyQueue {
  if (backlog.running + backlog.waiting < capacity) return { ...backlog, running: backlog.running + 1 }
  const others = backlog.work.filter(one => one.priority !== priority || one.tenant !== tenant)
  const own = backlog.work.find(one => one.priority === priority && one.tenant === tenant)
  const workMs = (own?.workMs ?? 0) + serviceMs
  return { ...backlog, waiting: backlog.waiting + 1, work: [...others, { priority, tenant, workMs }] }
}
