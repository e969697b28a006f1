import type { Called, Candidate, Step } from '#services/decision/policy/policy'
import { showApart } from '#services/contract/figures'

/**
 * The next step when a caller asked for a least P(correct). Pure.
 *
 * An answer is taken when it reaches that; else the next rung is called, and at the top the answer most likely
 * right is taken: the most expensive model is not always the best one.
 */
export function decideByQuality(minQuality: number, called: readonly Called[], candidates: readonly Candidate[]): Step {
  const best = bestOf(called)
  if (best !== undefined && best.confidence >= minQuality) {
    return { kind: 'stop', model: best.model, reason: `P(correct) ${compared(best.confidence, '≥', minQuality)}` }
  }
  const [next] = candidates
  if (next !== undefined) {
    const reason = best === undefined ? 'the cheapest rung' : `P(correct) ${compared(best.confidence, '<', minQuality)}`
    return { kind: 'call', model: next.model, reason }
  }
  const reason = `the best of ${called.length} answers: P(correct) ${compared(best?.confidence ?? 0, '<', minQuality)}`
  return { kind: 'stop', model: best?.model ?? '', reason }
}

/** The answer most likely right; of equals the earlier. */
export function bestOf(called: readonly Called[]): Called | undefined {
  return called.reduce<Called | undefined>(
    (best, one) => (best === undefined || one.confidence > best.confidence ? one : best),
    undefined,
  )
}

/** Two probabilities with how they stand to each other, such as `0.296 < 0.750`. */
export function compared(one: number, sign: '<' | '≥', other: number): string {
  const [left, right] = showApart(one, other, 3)
  return `${left} ${sign} ${right}`
}

/** A probability in words. */
export function show(value: number): string {
  return value.toFixed(3)
}
