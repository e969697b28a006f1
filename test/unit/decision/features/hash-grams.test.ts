import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { letterWidth } from '#services/decision/features/letter-width'
import { gramBuckets, hashGrams, sortedGrams } from '#services/decision/features/hash-grams'

describe('hashGrams()', () => {
  it('does not see case, space or punctuation', () => {
    const plain = hashGrams('which gas do plants take in')
    const shouted = hashGrams('  WHICH gas,\n\tdo plants -- take in?!')
    expect(shouted).toEqual(plain)
  })

  it('tells words apart, and their order', () => {
    expect(hashGrams('dog bites man').places).not.toEqual(hashGrams('dog bites men').places)
    expect(hashGrams('dog bites man').places).not.toEqual(hashGrams('man bites dog').places)
  })

  it('gives places within the buckets, and no place twice', () => {
    const { places, values } = sortedGrams('the cat and the hat and the bat '.repeat(20))
    expect([...places]).toEqual([...new Set(places)].toSorted((a, b) => a - b))
    expect(places.at(-1)).toBeLessThan(gramBuckets)
    expect(Math.max(...values)).toBeGreaterThan(3)
  })

  it('gives nothing for a text without letters or digits', () => {
    expect(hashGrams(' … ?! ').places).toHaveLength(0)
  })
})

describe('sortedGrams()', () => {
  it('has what hashGrams() has, by ascending places', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
        const { places, values } = hashGrams(text)
        const sorted = sortedGrams(text)
        const byPlace = Array.from(places, (place, at) => [place, values[at]!] as const).toSorted(([a], [b]) => a - b)
        expect(Array.from(sorted.places, (place, at) => [place, sorted.values[at]])).toEqual(byPlace)
      }),
    )
  })
})

describe('letterWidth()', () => {
  it('finds the words that the pattern of letters and digits finds', () => {
    const wordsOf = (text: string): readonly string[] => {
      const words: string[] = []
      for (let from = 0; from < text.length; from += 1) {
        let at = from
        for (let width = letterWidth(text, at); width > 0; width = letterWidth(text, at)) at += width
        if (at > from) words.push(text.slice(from, at))
        from = at
      }
      return words
    }
    const unit = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom('a', '7', ' ', 'ß', '中', '𝒜', '½', "'"),
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 60 }), units => {
        const text = units.join('')
        expect(wordsOf(text)).toEqual(text.match(/[\p{L}\p{N}]+/gu) ?? [])
      }),
    )
  })
})
