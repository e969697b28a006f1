import type { Clock } from '../shared/contract/clock.ts'
import type { JobProducer } from '../shared/queue/pool-queue.ts'
import type { Fleet } from './choose/fleet.ts'
import type { LegDesk } from './climb/leg/leg-desk.ts'
import { neverRun } from './climb/leg/never-run.ts'

/** What the look needs. */
export interface StrandedDependencies {
  readonly desk: LegDesk
  readonly fleet: Fleet
  readonly queue: JobProducer
  readonly clock: Clock
}

/** A pool may be without workers for this long, as when its only one is started anew. */
const graceMs = 2000

/**
 * Makes the look for legs that wait in a pool which all workers have left since: a caller who waits gets the next rung, or the best
 * answer so far, instead of the deadline. Jobs wait on, as they do for pools that have no workers yet.
 */
export function createStrandedLook({ desk, fleet, queue, clock }: StrandedDependencies): () => Promise<void> {
  const unservedSince = new Map<string, number>()

  const isUnserved = (pool: string, model: string): boolean => {
    const key = `${pool} ${model}`
    if (fleet.serves(pool, model) || fleet.pool(pool).startsCold) {
      unservedSince.delete(key)
      return false
    }
    const since = unservedSince.get(key) ?? clock.now()
    unservedSince.set(key, since)
    return clock.now() - since >= graceMs
  }

  return async () => {
    const served = new Map<string, boolean>()
    for (const { legId, pool, model, waits } of desk.awaited()) {
      const key = `${pool} ${model}`
      const unserved = served.get(key) ?? isUnserved(pool, model)
      served.set(key, unserved)
      if (!unserved || waits || !(await queue.remove(pool, legId))) continue
      desk.deliver({ kind: 'leg-ended', legId, attempt: 0, end: neverRun('no-worker', clock.now()) })
    }
    for (const key of unservedSince.keys()) if (!served.has(key)) unservedSince.delete(key)
  }
}
