import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeText } from '#services/decision/features/describe-text'
import { gramBuckets, hashGrams } from '#services/decision/features/hash-grams'

/** Words, signs and what is odd in lower case: a dotted I becomes longer, a sigma depends on its place. */
const pieces = fc.oneof(
  fc.constantFrom(
    'Not',
    "don't",
    'False',
    'never',
    'leaST',
    'İstanbul',
    'ΟΔΟΣ',
    'ß',
    '𝒳𝓎',
    'e\u0301',
    '12.5',
    '7',
    'A.',
    '(b)',
  ),
  fc.constantFrom(
    ' ',
    '  ',
    '\n',
    '. ',
    '? ',
    '! ',
    ', ',
    '—',
    '=',
    '\u00a0',
    '。',
    '\ud83d',
    'Привет',
    '日本語',
    '३४',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const texts = fc.array(pieces, { maxLength: 60 }).map(all => all.join(''))

function wordsOf(text: string): readonly string[] {
  const lower = text.toLowerCase()
  return (lower.length === text.length ? lower : text).match(/[\p{L}\p{N}']+/gu) ?? []
}

function shareOf(text: string, pattern: RegExp): number {
  return Array.from(text).filter(character => pattern.test(character)).length / Math.max(1, text.length)
}

describe('describeText()', () => {
  it('counts as patterns do, whatever the script', () => {
    fc.assert(
      fc.property(texts, text => {
        const words = wordsOf(text)
        const lower = words.map(word => word.toLowerCase())
        const seen = describeText(text)
        const perWord = 1 / Math.max(1, words.length)
        expect(seen['log_words']).toBe(Math.log1p(words.length))
        expect(seen['long_word_ratio']).toBe(words.filter(word => word.length > 8).length * perWord)
        expect(seen['type_token_ratio']).toBe(new Set(lower).size * perWord)
        const negations = lower.filter(word => ['not', 'except', 'never', 'false', 'least'].includes(word)).length
        expect(seen['not_words']).toBe(Math.min(5, negations))
        expect(seen['digit_ratio']).toBeCloseTo(shareOf(text, /\d/u), 10)
        expect(seen['punctuation_ratio']).toBeCloseTo(shareOf(text, /\p{P}/u), 10)
        expect(seen['non_latin_ratio']).toBeCloseTo(shareOf(text, /[^\0-\x7f]/u), 10)
        const letters = Array.from(text).filter(character => /\p{L}/u.test(character)).length
        expect(seen['mean_word_length']).toBe(letters * perWord)
        expect(seen['question_marks']).toBe(Math.min(5, text.split('?').length - 1))
      }),
    )
  })

  it('says the same of a text, whatever was read before', () => {
    fc.assert(
      fc.property(texts, texts, (text, other) => {
        const first = describeText(text)
        describeText(other)
        expect(describeText(text)).toEqual(first)
      }),
    )
  })
})

/** Every gram of a text as a hash of its own, written as it is meant. */
function plainGrams(text: string): Map<number, number> {
  const found = new Map<number, number>()
  const add = (hash: number): void => {
    const place = (hash ^ (hash >>> 15)) & (gramBuckets - 1)
    found.set(place, (found.get(place) ?? 0) + 1)
  }
  const fnv = (seed: number, word: string): number =>
    [...Array(word.length).keys()].reduce((hash, at) => Math.imul(hash ^ word.charCodeAt(at), 0x01_00_01_93), seed)
  let before = 0
  for (const word of text
    .slice(0, 2048)
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? []) {
    const hash = fnv(0x81_1c_9d_c5, word)
    add(hash)
    add(Math.imul(before, 31) ^ hash)
    before = hash
    const padded = ` ${word} `
    for (let from = 0; from < padded.length; from += 1) {
      for (const run of [3, 4, 5]) {
        if (from + run <= padded.length) add(fnv(0x2f_0b_44_69, padded.slice(from, from + run)))
      }
    }
  }
  return found
}

describe('hashGrams()', () => {
  it('counts each word, pair and run once at its place', () => {
    fc.assert(
      fc.property(texts, text => {
        const { places, values } = hashGrams(text)
        const grams = [...places].map((place, at) => [place, values[at]] as const)
        const wanted = [...plainGrams(text)].map(([place, times]) => [place, Math.fround(Math.sqrt(times))] as const)
        expect(new Map(grams)).toEqual(new Map(wanted))
        expect(places).toHaveLength(wanted.length)
      }),
    )
  })
})
