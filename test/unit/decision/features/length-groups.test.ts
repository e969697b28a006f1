import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupByLength } from '#services/decision/encoder/length-groups'

describe('groupByLength()', () => {
  it('puts every row in one group and pads little', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 512 }), { maxLength: 64 }), lengths => {
        const groups = groupByLength(lengths)
        expect(groups.flat().toSorted((a, b) => a - b)).toEqual(lengths.map((_, index) => index))
        for (const group of groups) {
          const rows = group.map(index => lengths[index]!)
          const padded = Math.max(...rows) * rows.length
          expect(padded - rows.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(16 + 0.1 * padded)
        }
      }),
    )
  })

  it('computes rows of one length together and a long one apart', () => {
    expect(groupByLength([20, 512, 20, 21, 20])).toEqual([[0, 2, 4, 3], [1]])
    expect(groupByLength([])).toEqual([])
  })
})
