import type { Called, Candidate, Step } from '#services/decision/policy/policy'

/**
 * The next step when a caller asked for a least P(correct). Pure.
 *
 * An answer is taken when it reaches that; else the next rung is called, and at the top the answer most likely right is taken: the
 * dearest model is not always the best one.
 */
export function decideByQuality(minQuality: number, called: readonly Called[], candidates: readonly Candidate[]): Step {
  const best = bestOf(called)
  if (best !== undefined && best.confidence >= minQuality) {
    return { kind: 'stop', model: best.model, reason: `P(correct) ${show(best.confidence)} ≥ ${show(minQuality)}` }
  }
  const [next] = candidates
  if (next !== undefined) {
    const reason =
      best === undefined ? 'the cheapest rung' : `P(correct) ${show(best.confidence)} < ${show(minQuality)}`
    return { kind: 'call', model: next.model, reason }
  }
  const reason = `the best of ${called.length}: P(correct) ${show(best?.confidence ?? 0)} < ${show(minQuality)}`
  return { kind: 'stop', model: best?.model ?? '', reason }
}

/** The answer most likely right; of equals the earlier. */
export function bestOf(called: readonly Called[]): Called | undefined {
  return called.reduce<Called | undefined>(
    (best, one) => (best === undefined || one.confidence > best.confidence ? one : best),
    undefined,
  )
}

/** A probability in words. */
export function show(value: number): string {
  return value.toFixed(3)
}
