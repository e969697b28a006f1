import type { LabelScore } from '#services/contract/answer'

/** Labels with probabilities, best first, and what they tell of their trust. */
export interface Labelling {
  readonly labels: readonly LabelScore[]
  /** The best label's probability in [0,1]. */
  readonly rawConfidence: number
  /** `top1`, `margin` (to the second), `entropy` (0 sure, 1 even odds). */
  readonly signals: Readonly<Record<string, number>>
}

/** Turns logits into probabilities and their signs. */
export function interpretLogits(names: readonly string[], logits: Float32Array): Labelling {
  const highest = Math.max(...logits)
  const weights = Array.from(logits, logit => Math.exp(logit - highest))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const labels = names
    .map((label, index) => ({ label, score: (weights[index] ?? 0) / sum }))
    .toSorted((a, b) => b.score - a.score)
  const top1 = labels[0]?.score ?? 0
  const second = labels[1]?.score ?? 0
  const bits = labels.reduce((total, { score }) => total - (score > 0 ? score * Math.log(score) : 0), 0)
  return {
    labels,
    rawConfidence: top1,
    signals: { top1, margin: top1 - second, entropy: bits / Math.log(Math.max(2, names.length)) },
  }
}
