import { haveOtherSigns, questionFeatures, type QuestionFeatures } from './question-features.ts'
import { sameQuestionWeights } from './same-question-weights.ts'

/** Probability in [0,1] that what answers one question answers the other. Pure. */
export function sameQuestion(one: string, other: string, similarity: number): number {
  if (one === other) return 1
  if (haveOtherSigns(one, other)) return 0
  return probabilityOf(questionFeatures(one, other, similarity))
}

function probabilityOf(features: QuestionFeatures): number {
  const { constant, ...weights } = sameQuestionWeights
  const sum = Object.entries(weights).reduce(
    (total, [name, weight]) => total + weight * (features[name] ?? 0),
    constant,
  )
  return 1 / (1 + Math.exp(-sum))
}
