/**
 * Weights of a logistic regression over features of two questions; `scripts/policies/fit-same-question.mjs` fits them.
 */
export const sameQuestionWeights: Readonly<Record<string, number>> & { readonly constant: number } = {
  constant: 2.346,
  distance: -9.879,
  numbers_differ: -2.635,
  names_differ: -1.399,
  negation_differs: -3.974,
  opposite: -1.838,
  askers_differ: -0.465,
  words_differ: 1.281,
  share_differs: 0.037,
  both_differ: -1.518,
  one_adds: 0.231,
  turned: -0.114,
  only_turned: -0.792,
  places_differ: -0.036,
  only_places_differ: 0.18,
  same_words: 4.407,
  length_differs: 1.848,
}
