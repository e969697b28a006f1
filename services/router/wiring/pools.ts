import type { Registry } from 'prom-client'
import type { Config } from '#services/config/schema'
import type { CascadeLog } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { priorityRanks } from '#services/state/queue/job'
import { createChoose, type ChooseDependencies } from '#services/router/choose/choose'
import { createEvaluateRungs, type EvaluateRungs } from '#services/router/choose/evaluate-rungs'
import type { PendingLegs } from '#services/router/cascade/leg/pending-legs'
import type { RunLegDependencies } from '#services/router/cascade/leg/leg-order'
import { hedgesOf, watchedPoolsOf } from './options.ts'
import type { RouterMetrics } from '#services/router/telemetry/request-metrics'
import type { Money } from './budgets.ts'
import type { Stores } from './stores.ts'
import { createFleetWatch, type FleetWatch, type PutObserver } from '#services/router/pools/fleet-watch'
import { createPredictLeg } from '#services/router/choose/predict-leg'
import { createHedging } from '#services/router/pools/hedging-policy'
import type { Stages } from '#services/router/pipeline/handle-request'
import { createPoolMetrics } from '#services/router/telemetry/pool-metrics'
import type { Chosen } from '#services/router/request/states'
import { createProbes, type Probes } from '#services/router/pools/probes'
import { createStrandedLook } from '#services/router/recovery/stranded-legs'

/** All that a router knows of pools, and decides by. */
export interface FleetParts {
  readonly fleet: FleetWatch
  readonly evaluateRungs: EvaluateRungs
  readonly probes: Probes
  /** What choosing reports to the pools, and reads from them. */
  readonly choosing: Required<Pick<ChooseDependencies, 'refused' | 'probe'>>
  /** Counts the first leg of what was chosen as work to come. */
  readonly coming: Required<Pick<Stages<unknown>, 'expect' | 'dismiss'>>
  /** How legs of cascades get into their queues. */
  readonly legs: Required<Pick<RunLegDependencies, 'queue' | 'dispatch' | 'predictLeg' | 'hedging' | 'sent'>>
  /** Looks on while a leg is begun in this router. */
  readonly beginning: PutObserver
  /** The same for calls of the router's own, which add nothing to what pools are wanted for. */
  readonly ownLegs: Pick<RunLegDependencies, 'queue' | 'dispatch'>
  /** Reads workers and queues, then looks for legs that no worker can run. */
  readonly createReadFleet: (pendingLegs: PendingLegs, cascadeLog: CascadeLog) => () => Promise<void>
}

/** Builds the view of the pools and reads it once. */
export async function composeFleet(
  config: Config,
  { registry, queue, dispatch }: Pick<Stores, 'registry' | 'queue' | 'dispatch'>,
  { clock, metrics }: { readonly clock: Clock; readonly metrics: Registry },
): Promise<FleetParts> {
  const { weights, targetAttainment: onTimeRatio, escalationBackpressure } = config.scheduling
  const fleet = createFleetWatch(watchedPoolsOf(config), weights, { registry, queue, clock })
  await fleet.read()
  const probes = createProbes(config.learning.probeEverySeconds * 1000, clock)
  const pools = createPoolMetrics(metrics, fleet, Object.keys(config.pools), escalationBackpressure)
  return {
    fleet,
    evaluateRungs: createEvaluateRungs(fleet.current, { onTimeRatio, escalationBackpressure }),
    probes,
    choosing: {
      probe: probes.take,
      refused: ({ rung, predictedLatencyMs }) => pools.refused(rung.model.pool, predictedLatencyMs),
    },
    coming: {
      expect: chosen => expectFirst(chosen, fleet),
      dismiss: ({ requestId }) => fleet.dismiss(requestId),
    },
    legs: {
      ...observed({ queue, dispatch }, (pool, job, put) =>
        fleet.counting(pool, job, () => pools.watching(pool, job, put)),
      ),
      predictLeg: createPredictLeg(fleet.current, weights),
      hedging: createHedging(hedgesOf(config), fleet.current),
      sent: pools.sent,
    },
    ownLegs: observed({ queue, dispatch }, fleet.counting),
    beginning: fleet.counting,
    createReadFleet(pendingLegs, cascadeLog) {
      const strand = createStrandedLook({ pendingLegs, fleet: fleet.current, queue, cascadeLog, clock })
      return async () => {
        await fleet.read()
        await strand()
      }
    },
  }
}

/** Builds the stage that chooses; every decision is counted. */
export function composeChoose(
  { choosing, evaluateRungs }: FleetParts,
  money: Pick<Money, 'counted' | 'isPaid'>,
  metrics: Pick<RouterMetrics, 'decided'>,
  clock: Clock,
): Stages<unknown>['choose'] {
  const choose = createChoose({
    ...choosing,
    evaluateRungs: money.counted(evaluateRungs),
    clock,
    isPaid: money.isPaid,
  })
  return (assessed, mayProbe) => {
    const chosen = choose(assessed, mayProbe)
    metrics.decided(chosen, chosen.assessMs)
    return chosen
  }
}

/** A queue and a dispatch, observed. */
export function observed(
  { queue, dispatch }: Pick<RunLegDependencies, 'queue' | 'dispatch'>,
  observe: PutObserver,
): Pick<RunLegDependencies, 'queue' | 'dispatch'> {
  return {
    queue: { ...queue, add: (pool, job) => observe(pool, job, () => queue.add(pool, job)) },
    dispatch: {
      dispatch: order => observe(order.firstLeg.pool, order.job, () => dispatch.dispatch(order)),
    },
  }
}

function expectFirst({ requestId, candidateRungs, firstStep, request, caller }: Chosen, fleet: FleetWatch): void {
  const first = candidateRungs.find(one => one.rung.name === firstStep.model)
  if (first === undefined) return
  const { name, pool } = first.rung.model
  fleet.expect(requestId, pool, {
    priority: priorityRanks[request.constraints.priority],
    tenant: caller.tenant,
    model: name,
    ...(first.predictedMeanMs === undefined ? {} : { serviceMs: first.predictedMeanMs }),
  })
}
