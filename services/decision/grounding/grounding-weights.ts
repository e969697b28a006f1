/**
 * Weights of a logistic regression over features of an answer and its evidence; `scripts/grounding/fit-grounding.mjs`
 * fits them.
 */
export type Weights = Readonly<Record<string, number>> & { readonly constant: number }

/** Of a non-empty answer. */
export const answeredWeights: Weights = {
  constant: -8.357,
  adds: -0.572,
  words: -1.225,
  number_support: 0.188,
  name_support: 0.484,
  together: 9.86,
  question_cover_rare: 0.957,
  asked_names: 3.375,
  asked_both: 0.35,
}

/** Of an answer that says that the sources do not have it. */
export const abstainedWeights: Weights = {
  constant: 6.953,
  asked_names: -4.432,
  asked_rest: -1.658,
  asked_both: -5.455,
}
