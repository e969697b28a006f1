import type { Called, Candidate, Estimate, Limits, Step } from '#services/decision/policy/policy'
import type { Considered, GuidedLadder } from '#services/router/request/states'

/** What the next step is asked of. */
export interface Situation {
  readonly guided: GuidedLadder
  readonly estimate: Estimate
  readonly called: readonly Called[]
  /** Rungs that may still be called, cheap to dear. */
  readonly open: readonly Considered[]
  readonly limits: Limits
}

/**
 * The next step of a climb: what the ladder's policy says, or, where there is nothing to decide (a pinned model, one rung left
 * before any answer), the plain step. Pure.
 */
export function nextStep({ guided, estimate, called, open, limits }: Situation): Step {
  const [first, ...others] = open
  const none = called.length === 0
  if (none) {
    if (first === undefined) return { kind: 'stop', model: '', reason: 'no rung is left' }
    if (others.length === 0) return { kind: 'call', model: first.rung.name, reason: onlyRung }
  }
  if (guided.policy !== undefined) return guided.policy.next(estimate, called, candidatesOf(open), limits)
  const best = bestOf(called)
  return best === undefined
    ? { kind: 'call', model: first?.rung.name ?? '', reason: onlyRung }
    : { kind: 'stop', model: best.model, reason: onlyRung }
}

/** A ladder without a policy has one rung, and so has one that a request has pinned to a model. */
const onlyRung = 'the only rung'

/** The answer to fall back on: the one that is most likely right. */
export function bestOf(called: readonly Called[]): Called | undefined {
  return called.reduce<Called | undefined>(
    (best, one) => (best === undefined || one.confidence > best.confidence ? one : best),
    undefined,
  )
}

function candidatesOf(open: readonly Considered[]): readonly Candidate[] {
  return open.map(one => ({
    model: one.rung.name,
    costNanoUsd: one.predictedCostNanoUsd ?? 0,
    ...(one.predictedLatencyMs === undefined ? {} : { latencyMs: one.predictedLatencyMs }),
  }))
}

/** The caller's limits as a policy takes them. */
export function limitsOf(constraints: { readonly maxRisk?: number; readonly minQuality?: number }): Limits {
  const { maxRisk, minQuality } = constraints
  return {
    ...(maxRisk === undefined ? {} : { maxRisk }),
    ...(minQuality === undefined ? {} : { minQuality }),
  }
}
