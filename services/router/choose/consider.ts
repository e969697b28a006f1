import type { Rung } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import type { Price } from '#services/contract/price'
import { deliveryMarginMs, type Considered, type FilterName } from '#services/router/request/states'
import type { ConsiderInput } from './consider-input.ts'
import { filters } from './filters.ts'
import { evenRatio, expectEnd, leastNeeded, sureRatio, type BusyRules } from './expect-end.ts'
import type { Fleet } from '#services/router/pools/fleet'
import { overloadPrice } from './overload-price.ts'
import { predictService } from './predict-leg.ts'

/** Looks at every rung: what is foreseen of it, and which filter (the first that objects) takes it out. */
export type Consider = (input: ConsiderInput) => readonly Considered[]

/** Makes the look from what the fleet is doing now. Pure but for the fleet's snapshot. */
export function createConsider(fleet: Fleet, rules: BusyRules): Consider {
  return input =>
    keepTime(
      input.ladder.rungs.map(rung => considerRung(rung, input, fleet, rules)),
      input,
    )
}

function considerRung(rung: Rung, input: ConsiderInput, fleet: Fleet, rules: BusyRules): Considered {
  const estimated = input.estimate.models[rung.name]
  const { pool, name } = rung.model
  const service = predictService(fleet, rung, input)
  // An engine's queue is worked off by the model, whatever recipe this is: a recipe of quick calls waits as the model itself does.
  const plain = rung.name === name ? service : predictService(fleet, { ...rung, name }, input)
  const queued = plain.meanMs > service.meanMs ? plain : service
  const wait = fleet.wait(pool, { model: name, turn: input.turn, service: queued })
  const serviceMs = service.meanMs === 0 ? undefined : service.quantileMs(0.5)
  const price = input.priceOf(rung)
  const { nanoUsd, computeMs } = input.reserveOf(rung, price, service)
  const foreseen: Considered = {
    rung,
    price,
    reserveNanoUsd: nanoUsd,
    predictedCostNanoUsd: predictedCost(price, estimated?.costNanoUsd, serviceMs),
    predictedWaitMs: wait.meanMs,
    neededMs: leastNeeded(
      wait,
      service,
      expectEnd(wait, service, { onTimeRatio: rules.onTimeRatio, idleRatio: evenRatio }),
    ),
    overloadPrice: overloadPrice(wait, service, rules.escalationBackpressure),
    ...(computeMs === undefined ? {} : { reservedComputeMs: computeMs }),
    ...(estimated === undefined ? {} : { predictedQuality: estimated.quality }),
    ...(serviceMs === undefined ? {} : { predictedLatencyMs: serviceMs, predictedMeanMs: service.meanMs }),
    ...(service.measuredAt === undefined
      ? {}
      : {
          sureMs: expectEnd(wait, service, { onTimeRatio: rules.onTimeRatio, idleRatio: sureRatio }),
          measuredAt: service.measuredAt,
        }),
  }
  const objection = firstObjection(foreseen, input, fleet)
  return objection === undefined ? foreseen : { ...foreseen, ...objection }
}

/**
 * Keeps a caller who has no answer yet from being gambled with: while one rung is sure to end in time, those that most likely do, and may
 * not, are left out. With an answer at hand, or where nothing is sure, even odds are worth a try.
 */
function keepTime(
  considered: readonly Considered[],
  { mode, hasAnswer, nowMs, deadlineAt }: ConsiderInput,
): readonly Considered[] {
  if (mode === 'async' || hasAnswer) return considered
  const leftMs = deadlineAt - deliveryMarginMs - nowMs
  const isSure = ({ sureMs = Infinity }: Considered): boolean => sureMs <= leftMs
  const sure = considered.find(one => one.removedBy === undefined && one.rung.fallback !== true && isSure(one))
  if (sure === undefined) return considered
  return considered.map(one =>
    one.removedBy !== undefined || one.sureMs === undefined || isSure(one)
      ? one
      : {
          ...one,
          removedBy: 'deadline',
          removedWhy: `it may take ${Math.round(one.sureMs)} ms, ${Math.max(0, Math.round(leftMs))} ms are left, and ${sure.rung.name} is sure to end in time`,
        },
  )
}

function firstObjection(
  foreseen: Considered,
  input: ConsiderInput,
  fleet: Fleet,
): { readonly removedBy: FilterName; readonly removedWhy: string } | undefined {
  for (const { name, objects } of filters) {
    const why = objects(foreseen, input, fleet)
    if (why !== undefined) return { removedBy: name, removedWhy: why }
  }
  return undefined
}

function predictedCost(price: Price, estimatedNanoUsd: NanoUsd | undefined, serviceMs: number | undefined): NanoUsd {
  const { perComputeSecond = 0, perRequest = 0 } = price
  if (serviceMs !== undefined && perComputeSecond > 0) {
    return Math.ceil(perRequest + (perComputeSecond * serviceMs) / 1000)
  }
  return estimatedNanoUsd ?? Math.ceil(perRequest)
}
