import type { Rung } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import type { Price } from '#services/contract/price'
import type { Considered, FilterName } from '#services/router/request/states'
import type { ConsiderInput } from './consider-input.ts'
import { filters } from './filters.ts'
import { expectEnd, type BusyRules } from './expect-end.ts'
import { overloadPrice } from './overload-price.ts'
import type { Fleet, Service } from '#services/router/pools/fleet'

/** Looks at every rung: what is foreseen of it, and which filter (the first that objects) takes it out. */
export type Consider = (input: ConsiderInput) => readonly Considered[]

/** Makes the look from what the fleet is doing now. Pure but for the fleet's snapshot. */
export function createConsider(fleet: Fleet, rules: BusyRules): Consider {
  return input => input.ladder.rungs.map(rung => considerRung(rung, input, fleet, rules))
}

function considerRung(rung: Rung, input: ConsiderInput, fleet: Fleet, rules: BusyRules): Considered {
  const estimated = input.estimate.models[rung.name]
  const { pool, name } = rung.model
  const service = fleet.service(pool, name, input.inputBytes) ?? serviceOfEstimate(estimated?.latencyMs)
  const wait = fleet.wait(pool, name, input.turn, service)
  const serviceMs = service.meanMs === 0 ? undefined : service.quantileMs(0.5)
  const price = input.priceOf(rung)
  const foreseen: Considered = {
    rung,
    price,
    reserveNanoUsd: input.reserveOf(rung, price),
    predictedCostNanoUsd: predictedCost(price, estimated?.costNanoUsd, serviceMs),
    predictedWaitMs: wait.meanMs,
    neededMs: expectEnd(wait, service, rules.onTimeRatio),
    overloadPrice: overloadPrice(wait, service, rules.escalationBackpressure),
    ...(estimated === undefined ? {} : { predictedQuality: estimated.quality }),
    ...(serviceMs === undefined ? {} : { predictedLatencyMs: serviceMs }),
  }
  const objection = firstObjection(foreseen, input, fleet)
  return objection === undefined ? foreseen : { ...foreseen, ...objection }
}

/** What a policy foresees stands in until a model has run; where it foresees nothing, nothing is held against the rung. */
function serviceOfEstimate(latencyMs = 0): Service {
  return { meanMs: latencyMs, deviationMs: 0, quantileMs: () => latencyMs }
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
