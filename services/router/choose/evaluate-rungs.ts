import type { Rung } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import { costOf, isPriced, type Price, type Usage } from '#services/contract/price'
import { deliveryMarginMs, type CandidateRung, type FilterName } from '#services/router/request/states'
import type { CandidateInput } from './candidate-input.ts'
import { filters } from './filters.ts'
import { evenRatio, expectEnd, leastNeeded, sureRatio, type BusyRules } from './expect-end.ts'
import type { Fleet } from '#services/router/pools/fleet'
import { overloadPrice } from './overload-price.ts'
import type { ServiceForecast } from '#services/state/service-times/predict-service'
import { expectedOutputTokens, predictService } from './predict-leg.ts'
import { showApart } from '#services/contract/figures'

/** Examines every rung: what is predicted of it, and which filter (the first that objects) takes it out. */
export type EvaluateRungs = (input: CandidateInput) => readonly CandidateRung[]

/** Builds the forecast from the state of the fleet. Pure but for the fleet's snapshot. */
export function createEvaluateRungs(fleet: Fleet, rules: BusyRules): EvaluateRungs {
  return input =>
    keepTime(
      input.ladder.rungs.map(rung => evaluateRung(rung, input, fleet, rules)),
      input,
    )
}

function evaluateRung(rung: Rung, input: CandidateInput, fleet: Fleet, rules: BusyRules): CandidateRung {
  const estimated = input.estimate.models[rung.name]
  const { pool, name } = rung.model
  const service = predictService(fleet, rung, input)
  // An engine's queue is worked off by the model, whatever recipe this is: a recipe of quick calls waits as the
  // model itself does.
  const plain = rung.name === name ? service : predictService(fleet, { ...rung, name }, input)
  const queued = plain.meanMs > service.meanMs ? plain : service
  const wait = fleet.wait(pool, { model: name, turn: input.turn, service: queued })
  const serviceMs = service.meanMs === 0 ? undefined : service.quantileMs(0.5)
  const price = input.priceOf(rung)
  const { nanoUsd, computeMs } = input.reserveOf(rung, price, service)
  const cost = predictedCost(price, estimated?.costNanoUsd, usageOf(rung, input, service))
  const candidate: CandidateRung = {
    rung,
    price,
    reserveNanoUsd: nanoUsd,
    predictedWaitMs: wait.meanMs,
    neededMs: leastNeeded(
      wait,
      service,
      expectEnd(wait, service, { onTimeRatio: rules.onTimeRatio, idleRatio: evenRatio }),
    ),
    overloadPrice: overloadPrice(wait, service, rules.escalationBackpressure),
    ...(computeMs === undefined ? {} : { reservedComputeMs: computeMs }),
    ...cost,
    ...(estimated === undefined ? {} : { predictedQuality: estimated.quality }),
    ...(serviceMs === undefined ? {} : { predictedLatencyMs: serviceMs, predictedMeanMs: service.meanMs }),
    ...(service.measuredAt === undefined
      ? {}
      : {
          sureMs: expectEnd(wait, service, { onTimeRatio: rules.onTimeRatio, idleRatio: sureRatio }),
          measuredAt: service.measuredAt,
        }),
  }
  const objection = firstObjection(candidate, input, fleet)
  return objection === undefined ? candidate : { ...candidate, ...objection }
}

/**
 * Keeps a caller who has no answer yet from being gambled with: while one rung is sure to end in time, those that
 * most likely do, and may not, are left out. With an answer at hand, or where nothing is sure, even odds are worth
 * a try.
 */
function keepTime(
  candidateRungs: readonly CandidateRung[],
  { mode, hasAnswer, nowMs, deadlineAt }: CandidateInput,
): readonly CandidateRung[] {
  if (mode === 'async' || hasAnswer) return candidateRungs
  const leftMs = deadlineAt - deliveryMarginMs - nowMs
  const isSure = ({ sureMs = Infinity }: CandidateRung): boolean => sureMs <= leftMs
  const sure = candidateRungs.find(one => one.removedBy === undefined && one.rung.fallback !== true && isSure(one))
  if (sure === undefined) return candidateRungs
  return candidateRungs.map(one =>
    one.removedBy !== undefined || one.sureMs === undefined || isSure(one)
      ? one
      : {
          ...one,
          removedBy: 'deadline',
          removedWhy: tooUnsure(one.sureMs, leftMs, sure.rung.name),
        },
  )
}

function tooUnsure(sureMs: number, leftMs: number, other: string): string {
  const [needed, left] = showApart(sureMs, Math.max(0, leftMs), 0)
  return `it may take ${needed} ms, ${left} ms are left, and ${other} is almost certain to finish in time`
}

function firstObjection(
  candidate: CandidateRung,
  input: CandidateInput,
  fleet: Fleet,
): { readonly removedBy: FilterName; readonly removedWhy: string } | undefined {
  for (const { name, objects } of filters) {
    const why = objects(candidate, input, fleet)
    if (why !== undefined) return { removedBy: name, removedWhy: why }
  }
  return undefined
}

/** Pixels of a picture that models read as one token. @source Qwen2-VL: 28 × 28 */
const pixelsPerToken = 784

/** What a leg is expected to use. */
function usageOf(rung: Rung, input: CandidateInput, service: ServiceForecast): Usage {
  const { work } = input
  const outputTokens = expectedOutputTokens(rung, input, service)
  return {
    inputTokens: work.inputTokens + Math.round((work.seenMegapixels * 1e6) / pixelsPerToken),
    images: work.images,
    audioMs: work.audioSeconds * 1000,
    ...(outputTokens === undefined ? {} : { outputTokens }),
    ...(service.meanMs === 0 ? {} : { computeMs: service.quantileMs(0.5) }),
  }
}

/**
 * What a leg is expected to cost: by its computing time where that is paid and measured, else as the policy's rows
 * say, else by its size.
 */
function predictedCost(
  price: Price,
  estimatedNanoUsd: NanoUsd | undefined,
  usage: Usage,
): Pick<CandidateRung, 'predictedCostNanoUsd'> {
  if (!isPriced(price)) return {}
  const isByTime = (price.perComputeSecond ?? 0) > 0
  if (isByTime && usage.computeMs !== undefined) return { predictedCostNanoUsd: costOf(usage, price) }
  if (estimatedNanoUsd !== undefined) return { predictedCostNanoUsd: estimatedNanoUsd }
  return isByTime ? {} : { predictedCostNanoUsd: costOf(usage, price) }
}
