import type { Registry } from 'prom-client'
import type { Config } from '../shared/config/schema.ts'
import type { ClimbLog } from '../shared/climb/climb-log.ts'
import type { Clock } from '../shared/contract/clock.ts'
import type { JobProducer } from '../shared/queue/pool-queue.ts'
import { createConsider, type Consider } from './choose/consider.ts'
import type { LegDesk } from './climb/leg/leg-desk.ts'
import type { Hedging } from './climb/leg/leg-order.ts'
import type { WalkDependencies } from './climb/walk.ts'
import { hedgesOf, watchedPoolsOf } from './compose-options.ts'
import type { Stores } from './compose-stores.ts'
import { createFleetWatch, type FleetWatch } from './fleet-watch.ts'
import { createForesee } from './foresee.ts'
import { createHedging } from './hedging.ts'
import { createPoolMetrics } from './pool-metrics.ts'
import type { Considered } from './states.ts'
import { createStrandedLook } from './stranded-legs.ts'

/** All that a router knows of pools, and decides by. */
export interface FleetParts {
  readonly fleet: FleetWatch
  readonly consider: Consider
  readonly foresee: WalkDependencies['foresee']
  /** Hears of rungs that were refused for want of capacity. */
  readonly refused: (rung: Considered) => void
  /** The queue, as climbs are to use it. */
  readonly queue: JobProducer
  readonly hedging: Hedging
  /** Reads workers and queues, then looks for legs that nobody is left to run. */
  readonly look: (desk: LegDesk, climbLog: ClimbLog) => () => Promise<void>
}

/** Builds the view of the pools and reads it once. */
export async function composeFleet(
  config: Config,
  { registry, queue }: Pick<Stores, 'registry' | 'queue'>,
  { clock, metrics }: { readonly clock: Clock; readonly metrics: Registry },
): Promise<FleetParts> {
  const { weights, targetAttainment: onTimeRatio, escalationBackpressure } = config.scheduling
  const fleet = createFleetWatch(watchedPoolsOf(config), weights, { registry, queue, clock })
  await fleet.read()
  const pools = createPoolMetrics(metrics, fleet, Object.keys(config.pools), escalationBackpressure)
  return {
    fleet,
    consider: createConsider(fleet.current, { onTimeRatio, escalationBackpressure }),
    foresee: createForesee(fleet.current, weights),
    refused: ({ rung, predictedLatencyMs }) => pools.refused(rung.model.pool, predictedLatencyMs),
    queue: fleet.counted(pools.watched(queue)),
    hedging: createHedging(hedgesOf(config), fleet.current),
    look(desk, climbLog) {
      const strand = createStrandedLook({ desk, fleet: fleet.current, queue, climbLog, clock })
      return async () => {
        await fleet.read()
        await strand()
      }
    },
  }
}
