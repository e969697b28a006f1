import { outputCapOf } from '#services/state/service-times/workload'
import type { Fleet } from './fleet.ts'
import type { Hedging } from '#services/router/cascade/leg/leg-order'

/** How a pool is hedged. */
export interface HedgeOptions {
  /** A leg that has been at work for longer than this share of its like gets a hedged attempt. */
  readonly after: number
  /** Hedged attempts are at most this share of the pool's legs, and so of their cost. */
  readonly maxShare: number
}

/** Hedged attempts that a quiet pool may have in one go. */
const mostSaved = 3

/** Makes the hedging of the pools that have it. A pool with one worker for a model has nowhere to send one. */
export function createHedging(pools: ReadonlyMap<string, HedgeOptions>, fleet: Fleet): Hedging {
  const allowed = new Map<string, number>()
  return {
    afterMs(rung, { task, options, work }) {
      const { model } = rung
      const hedged = pools.get(model.pool)
      const workers = fleet.workersOf(model.pool, model.name).filter(worker => !worker.draining)
      if (hedged === undefined || workers.length < 2) return undefined
      return fleet
        .service(model.pool, rung.name, { work, outputCap: outputCapOf(task, options, rung.recipe) })
        ?.quantileMs(hedged.after)
    },
    take(pool) {
      const left = allowed.get(pool) ?? 0
      if (left < 1) return false
      allowed.set(pool, left - 1)
      return true
    },
    ran(pool) {
      const options = pools.get(pool)
      if (options !== undefined) allowed.set(pool, Math.min(mostSaved, (allowed.get(pool) ?? 0) + options.maxShare))
    },
  }
}
