/**
 * Weights of a logistic regression over features of two questions; `scripts/policies/fit-same-question.mjs` fits them.
 */
export const sameQuestionWeights: Readonly<Record<string, number>> & { readonly constant: number } = {
  constant: 1.325,
  distance: -7.609,
  numbers_differ: -2.289,
  names_differ: -1.604,
  negation_differs: -3.513,
  opposite: -1.115,
  askers_differ: 0.273,
  words_differ: 1.713,
  share_differs: -0.011,
  both_differ: -0.952,
  one_adds: -0.322,
  turned: 0.201,
  only_turned: -0.177,
  places_differ: 0.376,
  only_places_differ: -0.045,
  same_words: 2.379,
  asks_differ: -0.71,
  past_differs: -0.196,
  turning_differ: -1.589,
  frame_differs: -1.29,
  frame_same: 3.512,
  frame_places: 0.728,
  frame_turned: -0.763,
  length_differs: 1.054,
}
