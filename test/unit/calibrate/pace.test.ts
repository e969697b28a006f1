import { describe, expect, it } from 'vitest'
import { createPace } from '#services/calibrate/evaluate/pace'
import type { QualityPoint } from '#services/decision/policy/policy-schema'

const point = (
  models: string[],
  costWeight: number,
  meanCostUsd: number,
  more: Partial<QualityPoint> = {},
): QualityPoint => ({
  models,
  first: 'cheapest',
  costWeight,
  meanScore: 0.5,
  meanCostUsd,
  escalationRatio: 0,
  ...more,
})

describe('createPace()', () => {
  it('runs at a price in between where two neighbours differ in nothing else', () => {
    const path = [point(['a', 'b'], 400, 1), point(['a', 'b'], 100, 3)]
    for (const share of [0, 0.99]) expect(createPace(path, 2).next(share).costWeight).toBeCloseTo(200)
  })

  it('mixes neighbours that differ otherwise', () => {
    const chains = [point(['a'], 400, 1), point(['a', 'b'], 100, 3)]
    const trusts = [point(['a', 'b'], 0, 1, { acceptAt: 0.5 }), point(['a', 'b'], 0, 3, { acceptAt: 0.9 })]
    for (const path of [chains, trusts]) {
      expect([0.4, 0.6].map(share => createPace(path, 2).next(share))).toEqual([path[1], path[0]])
    }
  })

  it('saves what was spent too much, over the next requests', () => {
    const path = [point(['a', 'b'], 400, 1), point(['a', 'b'], 100, 3)]
    const pace = createPace(path, 2)
    pace.spend(42)
    expect(pace.next(0.5).costWeight).toBeCloseTo(400)
  })
})
