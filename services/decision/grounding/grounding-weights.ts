/**
 * Weights of a logistic regression over features of an answer and its evidence; `scripts/grounding/fit-grounding.mjs`
 * fits them.
 */
export type Weights = Readonly<Record<string, number>> & { readonly constant: number }

/** Of an answer that says something. */
export const answeredWeights: Weights = {
  constant: -6.055,
  adds: -0.646,
  words: -1.238,
  number_support: 1.131,
  name_support: 0.338,
  together: 9.346,
  question_cover_rare: 1.316,
  asked_both: 0.678,
}

/** Of an answer that says that the sources do not have it. */
export const abstainedWeights: Weights = {
  constant: 7.123,
  asked_names: -4.448,
  asked_rest: -1.725,
  asked_both: -5.597,
}
