import type { Called, Candidate, Estimate, Step } from './policy.ts'

/**
 * The next step of a cascade under one threshold. Pure.
 *
 * An answer is taken when its P(correct) reaches the threshold. Else the next candidate is called, but for those that cannot pay:
 * calling a rung costs its price and saves that of the next with the chance that it is right, so it is passed over where
 * `cost > quality × cost of the next`.
 */
export function decideStep(
  threshold: number,
  estimate: Estimate,
  called: readonly Called[],
  candidates: readonly Candidate[],
): Step {
  const last = called.at(-1)
  if (last !== undefined && last.confidence >= threshold) {
    return { kind: 'stop', model: last.model, reason: `P(correct) ${show(last.confidence)} ≥ ${show(threshold)}` }
  }
  const next = firstThatPays(estimate, candidates)
  if (next === undefined) return stopAtTheTop(threshold, called, last ?? none)
  const foreseen = estimate.models[next.model]?.quality
  const reason =
    last === undefined
      ? `foreseen quality ${foreseen === undefined ? 'unknown' : show(foreseen)}`
      : `P(correct) ${show(last.confidence)} < ${show(threshold)}`
  return { kind: 'call', model: next.model, reason }
}

/** Nothing is left to call: the answer most likely right is taken, or, where no lower rung is trusted at all, the dearest. */
function stopAtTheTop(threshold: number, called: readonly Called[], last: Called): Step {
  if (threshold > 1) return { kind: 'stop', model: last.model, reason: 'no lower rung is certified' }
  const best = called.reduce((top, one) => (one.confidence > top.confidence ? one : top), last)
  return {
    kind: 'stop',
    model: best.model,
    reason: `the best of ${called.length}: P(correct) ${show(best.confidence)}`,
  }
}

function firstThatPays(estimate: Estimate, candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.find((one, index) => {
    const next = candidates[index + 1]
    if (next === undefined || one.costNanoUsd === 0) return true
    const quality = estimate.models[one.model]?.quality ?? 1
    return one.costNanoUsd <= quality * next.costNanoUsd
  })
}

function show(value: number): string {
  return value > 1 ? 'never' : value.toFixed(3)
}

const none: Called = { model: '', confidence: 0, costNanoUsd: 0 }
