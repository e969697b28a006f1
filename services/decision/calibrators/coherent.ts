import { labelOf, logistic, logit } from './features/own-features.ts'
import type { ModelAnswer } from '#services/decision/policy/policy'

/**
 * P(correct) of answers that are classes, made to fit together: who says the same is as likely right (the mean of
 * their logits), and different labels are together at most certain, since one alone is right. Each calibrator knows one
 * model, and the answer that is taken is the one that some calibrator thinks highest of, which is more often too high
 * than too low. An answer that is none of the labels stays as it is. Pure.
 */
export function coherent(
  labels: readonly string[],
  answers: readonly ModelAnswer[],
  chances: readonly number[],
): readonly number[] {
  const labelIndexes = answers.map(answer => labels.indexOf(labelOf(answer) ?? ''))
  const byLabel = new Map<number, number>()
  for (const label of labelIndexes) {
    if (label === -1 || byLabel.has(label)) continue
    const logits = chances.filter((_, index) => labelIndexes[index] === label).map(logit)
    byLabel.set(label, logistic(logits.reduce((sum, one) => sum + one, 0) / logits.length))
  }
  const together = [...byLabel.values()].reduce((sum, one) => sum + one, 0)
  return chances.map((chance, index) => {
    const ofLabel = byLabel.get(labelIndexes[index]!)
    return ofLabel === undefined ? chance : ofLabel / Math.max(1, together)
  })
}
