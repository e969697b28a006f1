/**
 * How an answer is compared with the expected one. In `mentions`, `|` stands between words any of which is right; in
 * `choice`, the first is right and an answer that names another is wrong.
 */
export type Comparator =
  | 'exact-digits'
  | 'text'
  | 'label'
  | 'exact'
  | 'first-word'
  | 'number'
  | 'mentions'
  | 'choice'
  | 'json'

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

const comparators: Readonly<Record<Comparator, (answer: string, expected: string) => boolean>> = {
  'exact-digits': same(text =>
    text
      .toLowerCase()
      .replaceAll(/[a-z]+/gu, word => digitWords[word] ?? '?')
      .replaceAll(/[^0-9?]/gu, ''),
  ),
  // Layout and punctuation marks are not what reading is about; every letter, every figure and the minus of a number
  // is.
  text: same(text =>
    text
      .toLowerCase()
      .replaceAll(/(?<![\p{L}\p{N}])[-\u2212\u2013\u2014]\s*(?=[$€£]?\s?\d)/gu, minus)
      .replaceAll(/[^\p{L}\p{N}\uE000]/gu, ''),
  ),
  label: same(text => text.trim().toLowerCase()),
  // A model that was asked for a word may quote it and end it like a sentence.
  exact: same(text => text.trim().replaceAll(/^["'“]+|["'”.]+$/gu, '')),
  'first-word': same(text => /\p{L}+/u.exec(text.toLowerCase())?.[0] ?? ''),
  // A sum may precede its result.
  number: same(
    text =>
      text
        .replaceAll(/(?<=\d),(?=\d{3})/gu, '')
        .match(/-?\d+(?:\.\d+)?/gu)
        ?.at(-1) ?? '',
  ),
  mentions: (answer, expected) => {
    const words = wordsOf(answer)
    return expected.split('|').some(one => words.includes(wordsOf(one)))
  },
  choice: (answer, expected) => {
    const words = wordsOf(answer)
    const [right = '', ...wrong] = expected.split('|').map(wordsOf)
    return words.includes(right) && !wrong.some(one => words.includes(one))
  },
  json: same(text => {
    try {
      return JSON.stringify(JSON.parse(text.replaceAll(/^\s*```(?:json)?|```\s*$/gu, '')))
    } catch {
      return ''
    }
  }),
}

/** Returns whether an answer is right. */
export function isRight(comparator: Comparator, answer: string, expected: string): boolean {
  return comparators[comparator](answer, expected)
}

/** The names of all comparators. */
export const comparatorNames = Object.keys(comparators) as readonly Comparator[]

function same(normalise: (text: string) => string): (answer: string, expected: string) => boolean {
  return (answer, expected) => normalise(answer) === normalise(expected)
}

function wordsOf(text: string): string {
  return ` ${(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ')} `
}
