import { describe, expect, it } from 'vitest'
import { gramBuckets, hashGrams } from '../../services/shared/policy/features/hash-grams.ts'

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

  it('gives ascending places within the buckets, and no place twice', () => {
    const { places, values } = hashGrams('the cat and the hat and the bat '.repeat(20))
    expect([...places]).toEqual([...new Set(places)].toSorted((a, b) => a - b))
    expect(places.at(-1)).toBeLessThan(gramBuckets)
    expect(Math.max(...values)).toBeGreaterThan(3)
  })

  it('gives nothing for a text without letters or digits', () => {
    expect(hashGrams(' … ?! ').places).toHaveLength(0)
  })
})
