import { trustedBy } from '#services/decision/domain/check-domain'
import type { DomainCheck, Estimate } from '#services/decision/policy/policy'
import type { DomainCheck as WireDomainCheck } from '#services/wire/generated/sluice/v1/DomainCheck'
import type { Decision } from '#services/wire/generated/sluice/v1/Decision'
import { durationToWire } from '#services/wire/convert/time'
import type { Rung } from '#services/contract/model'
import type { DispatchPath } from '#services/router/cascade/leg/leg-order'
import type { Chosen, CandidateRung } from '#services/router/request/states'

/** How a leg of a request would go to a rung now. */
export type DispatchOf = (rung: Rung, chosen: Chosen) => DispatchPath

/** A decision as callers see it: what was predicted of every rung, what removed it, what is left. */
export function decisionToWire(chosen: Chosen, dispatchOf: DispatchOf): Decision {
  const { estimate, candidateRungs, guided, assessMs } = chosen
  return {
    // Outside the domain nothing is predicted by features either.
    difficulty: 1 - trustedBy(estimate.domain, 1 - estimate.difficulty),
    features: { ...estimate.features },
    candidates: candidateRungs.map(one => ({
      ...candidateToWire(one, estimate),
      dispatch: dispatchOf(one.rung, chosen),
    })),
    ladder: candidateRungs.filter(one => one.removedBy === undefined).map(one => one.rung.name),
    policyVersion: guided.policy?.version ?? 'none',
    fallback: estimate.fallback ?? '',
    decidedIn: durationToWire(assessMs),
    ...(estimate.domain === undefined ? {} : { domain: domainToWire(estimate.domain) }),
  }
}

function domainToWire({ unlikeness, limit, outOfDomain, otherLabels, floor, kept }: DomainCheck): WireDomainCheck {
  const reason = otherLabels === true ? 'labels' : outOfDomain ? 'unlikeness' : ''
  return { unlikeness, limit, outOfDomain, reason, floor, kept }
}

function candidateToWire(
  one: CandidateRung,
  { domain }: Pick<Estimate, 'domain'>,
): NonNullable<Decision['candidates']>[number] {
  return {
    model: one.rung.name,
    tier: one.rung.model.tier,
    predictedWait: durationToWire(one.predictedWaitMs),
    removedBy: one.removedBy ?? '',
    removedWhy: one.removedWhy ?? '',
    ...(one.predictedQuality === undefined ? {} : { predictedQuality: trustedBy(domain, one.predictedQuality) }),
    ...(one.predictedCostNanoUsd === undefined ? {} : { predictedCostNanoUsd: one.predictedCostNanoUsd }),
    ...(one.predictedLatencyMs === undefined ? {} : { predictedLatency: durationToWire(one.predictedLatencyMs) }),
  }
}
