import type { Decision } from '#services/wire/generated/sluice/v1/Decision'
import { durationToWire } from '#services/wire/convert/time'
import type { Chosen, Considered } from '#services/router/request/states'

/** A decision as callers see it: what was foreseen of every rung, what removed it, what is left. */
export function decisionToWire(chosen: Chosen): Decision {
  const { estimate, considered, guided, assessMs } = chosen
  return {
    difficulty: estimate.difficulty,
    features: { ...estimate.features },
    candidates: considered.map(candidateToWire),
    ladder: considered.filter(one => one.removedBy === undefined).map(one => one.rung.name),
    policyVersion: guided.policy?.version ?? 'pinned',
    fallback: estimate.fallback ?? '',
    decidedIn: durationToWire(assessMs),
  }
}

function candidateToWire(one: Considered): NonNullable<Decision['candidates']>[number] {
  return {
    model: one.rung.name,
    tier: one.rung.model.tier,
    predictedQuality: one.predictedQuality ?? 0,
    predictedCostNanoUsd: one.predictedCostNanoUsd,
    predictedWait: durationToWire(one.predictedWaitMs),
    removedBy: one.removedBy ?? '',
    removedWhy: one.removedWhy ?? '',
    ...(one.predictedLatencyMs === undefined ? {} : { predictedLatency: durationToWire(one.predictedLatencyMs) }),
  }
}
