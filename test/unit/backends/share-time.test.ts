import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shareTime } from '#services/backends/share-time'

describe('shareTime()', () => {
  test('shares by weight', () => {
    expect(shareTime(100, [1, 3])).toEqual([25, 75])
    expect(shareTime(10, [0, 0])).toEqual([5, 5])
    expect(shareTime(5, [])).toEqual([])
  })

  test('gives whole, non-negative shares that sum exactly', () => {
    const weight = fc.double({ min: 0, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e7, noNaN: true }),
        fc.array(weight, { minLength: 1, maxLength: 64 }),
        (total, weights) => {
          const shares = shareTime(total, weights)
          expect(shares.reduce((sum, share) => sum + share, 0)).toBe(Math.ceil(total))
          expect(shares.every(share => Number.isInteger(share) && share >= 0)).toBe(true)
        },
      ),
    )
  })
})
