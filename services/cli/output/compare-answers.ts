/** How an answer is held against the expected one. */
export type Comparator = 'exact-digits' | 'text' | 'label'

/** Speech recognisers write spoken digits as figures or as words. */
const digitWords: Readonly<Record<string, string>> = {
  zero: '0',
  oh: '0',
  one: '1',
  two: '2',
  three: '3',
  four: '4',
  five: '5',
  six: '6',
  seven: '7',
  eight: '8',
  nine: '9',
}

/** Stands for a minus while marks are dropped: a character of private use. */
const minus = '\uE000'

const normalise: Readonly<Record<Comparator, (text: string) => string>> = {
  'exact-digits': text =>
    text
      .toLowerCase()
      .replaceAll(/[a-z]+/gu, word => digitWords[word] ?? '?')
      .replaceAll(/[^0-9?]/gu, ''),
  // Layout and punctuation marks are not what reading is about; every letter, every figure and the minus of a number is.
  text: text =>
    text
      .toLowerCase()
      .replaceAll(/(?<![\p{L}\p{N}])[-\u2212\u2013\u2014]\s*(?=[$€£]?\s?\d)/gu, minus)
      .replaceAll(/[^\p{L}\p{N}\uE000]/gu, ''),
  label: text => text.trim().toLowerCase(),
}

/** Tells whether an answer is right. */
export function isRight(comparator: Comparator, answer: string, expected: string): boolean {
  return normalise[comparator](answer) === normalise[comparator](expected)
}
