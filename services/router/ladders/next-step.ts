import type { Called, Candidate, Estimate, Limits, Step } from '#services/decision/policy/policy'
import type { CandidateRung, GuidedLadder } from '#services/router/request/states'

/** What the next step is asked of. */
export interface Situation {
  readonly guided: GuidedLadder
  readonly estimate: Estimate
  readonly called: readonly Called[]
  /** Rungs that may still be called, from cheap to expensive. */
  readonly open: readonly CandidateRung[]
  readonly limits: Limits
}

/**
 * The next step of a cascade: what the ladder's policy says, or, where there is nothing to decide (a pinned model, one
 * rung left before any answer), the plain step. Pure.
 */
export function nextStep(situation: Situation): Step {
  const { guided, estimate, called, open, limits } = situation
  const sound = called.filter(one => !isVoid(one))
  if (sound.length === 0 && open.length < 2) return onlyStep(situation)
  if (guided.policy !== undefined) return guided.policy.next(estimate, sound, candidatesOf(open), limits)
  const best = bestOf(sound)
  return best === undefined
    ? { kind: 'call', model: open[0]?.rung.name ?? '', reason: onlyRung }
    : { kind: 'stop', model: best.model, reason: onlyRung }
}

/** There is no answer yet, or none that counts, and one rung to call or none. */
function onlyStep({ called, open: [only] }: Situation): Step {
  if (only === undefined) return { kind: 'stop', model: bestOf(called)?.model ?? '', reason: 'no rung is left' }
  const reason = called.length === 0 ? onlyRung : 'the only rung that is left'
  return { kind: 'call', model: only.rung.name, reason }
}

/** A ladder without a policy has one rung, and so has one that a request has pinned to a model. */
const onlyRung = 'the only rung'

/**
 * Whether an answer is known to be none, such as one that is not of the shape that was asked for: it is passed over,
 * and decides nothing.
 */
export function isVoid({ mostConfidence = 1 }: Called): boolean {
  return mostConfidence === 0
}

/** The answer to fall back on: the one that is most likely right. */
export function bestOf(called: readonly Called[]): Called | undefined {
  return called.reduce<Called | undefined>(
    (best, one) => (best === undefined || one.confidence > best.confidence ? one : best),
    undefined,
  )
}

function candidatesOf(open: readonly CandidateRung[]): readonly Candidate[] {
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
