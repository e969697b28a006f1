import type { Clock } from '#services/contract/clock'
import { parseLegId, type RequestId } from '#services/contract/ids'
import type { Job } from '#services/state/queue/job'
import type { JobProducer, RunningLeg, WaitingWork } from '#services/state/queue/pool-queue'
import type { WorkerRegistry } from '#services/state/registry/worker-registry'
import type { BusyQueue } from './queue-wait.ts'
import { createFleet, type ColdStart, type Fleet } from './fleet.ts'
import { createInflow } from './arrival-rate.ts'
import { askedLatelyMs, comingMs } from '#services/router/lifecycle/timings'

/** A pool as reported to the watch. */
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
  /** Legs that waited in a pool at the last reading, those that are to come not counted. */
  lastWaiting(pool: string): number
  /** Reads workers and queues. */
  read(): Promise<void>
  /** Reads the queues of the pools that were asked about lately. */
  readQueues(): Promise<void>
  /** Counts a leg that this router puts in the queue along, until the next reading. */
  readonly counting: PutObserver
  /** Counts a leg that was decided on and is not in the queue yet: requests that come together must see each other. */
  expect(requestId: RequestId, pool: string, leg: ComingLeg): void
  /** Lets go of a leg that does not come. */
  dismiss(requestId: RequestId): void
  /** Pools that no worker serves and that must have one. */
  readonly poolsWithoutWorkers: readonly string[]
  /** Mean time in ms that a leg takes in a pool, or took while it had workers; `undefined` before any ran. */
  legMs(pool: string): number | undefined
}

/** Traces the enqueueing of a leg and returns its result. */
export type PutObserver = <Result>(pool: string, job: Job, put: () => Promise<Result>) => Promise<Result>

/** A leg that will be put in the queue. */
export type ComingLeg = Pick<Job, 'priority' | 'tenant' | 'model' | 'serviceMs'>

/** What watching needs. */
export interface FleetWatchDependencies {
  readonly registry: WorkerRegistry
  readonly queue: JobProducer
  readonly clock: Clock
}

/** Makes the watch; it shows an empty fleet until it is first read. */
export function createFleetWatch(
  pools: ReadonlyMap<string, WatchedPool>,
  weights: Readonly<Record<string, number>>,
  { registry, queue, clock }: FleetWatchDependencies,
): FleetWatch {
  const backlogs = new Map<string, CountedQueue>()
  const inflows = new Map<string, ReturnType<typeof createInflow>>(
    [...pools.keys()].map(pool => [pool, createInflow()]),
  )
  const askedAt = new Map<string, number>()
  const lastWaiting = new Map<string, number>()
  const lastLegMs = new Map<string, number>()
  const coming = new Map<RequestId, { readonly pool: string; readonly leg: ComingLeg; readonly at: number }>()
  let view = createFleet([], backlogs, { weights })

  const coldStarts = (): ReadonlyMap<string, ColdStart> =>
    new Map(
      [...pools].flatMap(([pool, { coldStartMs: ms, workerCapacity: capacity }]) =>
        ms === undefined ? [] : [[pool, { ms, capacity, legMs: lastLegMs.get(pool) ?? 0 }] as const],
      ),
    )
  const count = (pool: string, leg: ComingLeg): void => {
    const backlog = backlogs.get(pool)
    if (backlog !== undefined) addLeg(backlog, leg, view.pool(pool).concurrency)
  }
  const readBacklogs = async (names: readonly string[]): Promise<void> => {
    await Promise.all(
      names.map(async pool => {
        const backlog = await queue.backlog(pool)
        lastWaiting.set(pool, backlog.waiting)
        const inflow = inflows.get(pool)?.(backlog.putMs, clock.now())
        backlogs.set(pool, { ...backlog, legs: [...backlog.legs], ...(inflow === undefined ? {} : { inflow }) })
        for (const [requestId, one] of coming) {
          if (one.at < clock.now() - comingMs) coming.delete(requestId)
          else if (one.pool === pool) count(pool, one.leg)
        }
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
      service: (pool, rung, leg) => view.service(pool, rung, leg),
      wait(pool, leg) {
        askedAt.set(pool, clock.now())
        return view.wait(pool, leg)
      },
    },
    get waiting() {
      return new Map([...backlogs].map(([pool, { waiting }]) => [pool, waiting]))
    },
    lastWaiting: pool => lastWaiting.get(pool) ?? 0,
    async read() {
      const [workers] = await Promise.all([registry.list(), readBacklogs([...pools.keys()])])
      view = createFleet(workers, backlogs, { weights, coldStarts: coldStarts(), nowMs: clock.now() })
      remember()
    },
    async readQueues() {
      const since = clock.now() - askedLatelyMs
      await readBacklogs([...askedAt].flatMap(([pool, at]) => (at >= since && pools.has(pool) ? [pool] : [])))
    },
    async counting(pool, job, put) {
      const requestId = parseLegId(job.legId)?.requestId
      if (requestId === undefined || coming.get(requestId)?.pool !== pool) count(pool, job)
      try {
        return await put()
      } finally {
        if (requestId !== undefined) coming.delete(requestId)
      }
    },
    expect(requestId, pool, leg) {
      count(pool, leg)
      coming.set(requestId, { pool, leg, at: clock.now() })
    },
    dismiss(requestId) {
      coming.delete(requestId)
    },
    get poolsWithoutWorkers() {
      return [...pools]
        .filter(([pool, { coldStartMs }]) => coldStartMs === undefined && view.pool(pool).workers === 0)
        .map(([pool]) => pool)
    },
    legMs: pool => lastLegMs.get(pool),
  }
}

/** A queue as it was read, to which this router adds what it puts in; hundreds come between two readings. */
type CountedQueue = { -readonly [Field in keyof BusyQueue]: BusyQueue[Field] } & { readonly legs: RunningLeg[] }

function addLeg(
  backlog: CountedQueue,
  { priority, tenant, model, serviceMs = 1 }: ComingLeg,
  concurrency: number,
): void {
  if (backlog.batches < concurrency && backlog.waiting === 0) {
    backlog.legs.push({ model, serviceMs, elapsedMs: 0 })
    backlog.running += 1
    backlog.batches += 1
    return
  }
  const isOwn = (one: WaitingWork): boolean => one.priority === priority && one.tenant === tenant && one.model === model
  const workMs = (backlog.work.find(isOwn)?.workMs ?? 0) + serviceMs
  backlog.work = [...backlog.work.filter(one => !isOwn(one)), { priority, tenant, model, workMs }]
  backlog.waiting += 1
}
