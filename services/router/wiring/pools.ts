import type { Registry } from 'prom-client'
import type { Config } from '#services/config/schema'
import type { ClimbLog } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import type { JobProducer } from '#services/state/queue/pool-queue'
import { createConsider, type Consider } from '#services/router/choose/consider'
import type { LegDesk } from '#services/router/cascade/leg/leg-desk'
import type { Hedging } from '#services/router/cascade/leg/leg-order'
import type { WalkDependencies } from '#services/router/cascade/walk'
import { hedgesOf, watchedPoolsOf } from './options.ts'
import type { Stores } from './stores.ts'
import { createFleetWatch, type FleetWatch } from '#services/router/pools/fleet-watch'
import { createForesee } from '#services/router/ladders/service-forecast'
import { createHedging } from '#services/router/pools/hedging-policy'
import { createPoolMetrics } from '#services/router/telemetry/pool-metrics'
import type { Considered } from '#services/router/request/states'
import { createStrandedLook } from '#services/router/recovery/stranded-legs'

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
