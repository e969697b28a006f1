/** Weights of a logistic regression over features of an answer and its evidence. */
export type Weights = Readonly<Record<string, number>> & { readonly constant: number }

/** Of an answer that says something. Provisional until `scripts/fit-grounding.mjs` has run. */
export const answeredWeights: Weights = {
  constant: -5,
  together: 4,
  added_support: 3,
  number_support: 1,
  name_support: 1,
}

/** Of an answer that says that the sources do not have it. */
export const abstainedWeights: Weights = { constant: 3, question_cover: -4, similarity: -1 }
