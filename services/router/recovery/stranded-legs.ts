import type { CascadeLog, LegState } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { parseLegId } from '#services/contract/ids'
import type { JobProducer } from '#services/state/queue/pool-queue'
import type { Fleet } from '#services/router/pools/fleet'
import type { PendingLegs } from '#services/router/cascade/leg/pending-legs'
import { neverRun, workerLost } from '#services/router/cascade/leg/never-run'
import { strandedGraceMs } from '#services/router/lifecycle/timings'

/** What the look needs. */
export interface StrandedDependencies {
  readonly pendingLegs: PendingLegs
  readonly fleet: Fleet
  readonly queue: Pick<JobProducer, 'remove'>
  readonly cascadeLog: Pick<CascadeLog, 'read' | 'abandonLeg'>
  readonly clock: Clock
}

type AwaitedLeg = ReturnType<PendingLegs['awaited']>[number]

/**
 * Creates the search for legs whose pool has no worker left. A caller who waits gets the next rung or the best
 * answer so far: at once where there is one, else a while later. That goes for legs in the queue, whose workers have
 * left or drain, and for legs at work, whose worker has missed its heartbeats. Jobs wait on, as they do for pools that
 * have no workers yet. While the pool has other workers, a leg that was lost is theirs.
 */
export function createStrandedLook(dependencies: StrandedDependencies): () => Promise<void> {
  const { pendingLegs, fleet, queue, clock } = dependencies
  const unservedSince = new Map<string, number>()

  /** How long a model has had no worker; `undefined` while it has one. */
  const unservedMs = (pool: string, model: string): number | undefined => {
    const key = `${pool} ${model}`
    if (fleet.serves(pool, model)) {
      unservedSince.delete(key)
      return undefined
    }
    const since = unservedSince.get(key) ?? clock.now()
    unservedSince.set(key, since)
    return clock.now() - since
  }

  const release = async (leg: AwaitedLeg, forMs: number): Promise<void> => {
    const { legId, pool, hasAlternative } = leg
    // A pool that starts cold has a worker soon, as the callers in the queue were told.
    const mayLeave = (): boolean => hasAlternative() || forMs >= strandedGraceMs
    if (!fleet.pool(pool).startsCold && mayLeave() && (await queue.remove(pool, legId))) {
      pendingLegs.deliver({ kind: 'leg-ended', legId, attempt: 0, end: neverRun('no-worker', clock.now()) })
      return
    }
    if (hasAlternative()) await abandonLost(leg, dependencies)
  }

  return async () => {
    const served = new Map<string, number | undefined>()
    const unserved = pendingLegs.awaited().flatMap(leg => {
      const key = `${leg.pool} ${leg.model}`
      if (!served.has(key)) served.set(key, unservedMs(leg.pool, leg.model))
      const forMs = served.get(key)
      return forMs === undefined || leg.waits ? [] : [{ leg, forMs }]
    })
    for (const key of unservedSince.keys()) if (!served.has(key)) unservedSince.delete(key)
    await Promise.all(unserved.map(({ leg, forMs }) => release(leg, forMs)))
  }
}

/**
 * Ends a leg at work whose worker has missed its heartbeats. Without an alternative it is left to whichever worker
 * comes next.
 */
async function abandonLost(
  { legId, epoch }: AwaitedLeg,
  { pendingLegs, fleet, cascadeLog, clock }: StrandedDependencies,
): Promise<void> {
  const place = parseLegId(legId)
  if (place === undefined) return
  const state = await cascadeLog.read(place.requestId)
  const leg = state?.legs.find(one => one.index === place.index)
  if (leg === undefined || !isLost(leg, fleet)) return
  const end = workerLost(leg.attempt, clock.now())
  if (!(await cascadeLog.abandonLeg(legId, leg.attempt, end, epoch))) return
  pendingLegs.deliver({ kind: 'leg-ended', legId, attempt: leg.attempt + 1, end })
}

function isLost({ attempt, workerId, end }: LegState, fleet: Fleet): boolean {
  return end === undefined && attempt > 0 && workerId !== undefined && !fleet.isAlive(workerId)
}
