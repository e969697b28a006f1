import { describe, expect, it } from 'vitest'
import { upperBound } from '../../services/calibrate/fit/binomial-bound.ts'
import { fitLogistic } from '../../services/calibrate/fit/logistic-regression.ts'
import { decideStep } from '../../services/shared/policy/decide-step.ts'
import { describeAudio } from '../../services/shared/policy/features/describe-audio.ts'
import { describeImage } from '../../services/shared/policy/features/describe-image.ts'
import { describeText } from '../../services/shared/policy/features/describe-text.ts'
import { certifiedThreshold } from '../../services/shared/policy/load-policy.ts'
import type { Called, Estimate } from '../../services/shared/policy/policy.ts'

const estimate: Estimate = {
  difficulty: 0.4,
  models: { small: { quality: 0.6 }, large: { quality: 0.9 } },
  features: {},
}
const both = [
  { model: 'small', costNanoUsd: 10 },
  { model: 'large', costNanoUsd: 100 },
]
const called = (model: string, confidence: number): Called => ({ model, confidence, costNanoUsd: 10 })

describe('decideStep()', () => {
  it('calls the cheapest rung first, passes over one that cannot pay', () => {
    expect(decideStep(0.8, estimate, [], both)).toMatchObject({ kind: 'call', model: 'small' })
    const hopeless = { ...estimate, models: { small: { quality: 0.05 }, large: { quality: 0.9 } } }
    expect(decideStep(0.8, hopeless, [], both)).toMatchObject({ kind: 'call', model: 'large' })
  })

  it('stops at an answer that reaches the threshold and climbs past one that does not', () => {
    expect(decideStep(0.8, estimate, [called('small', 0.8)], both.slice(1))).toMatchObject({
      kind: 'stop',
      model: 'small',
    })
    expect(decideStep(0.8, estimate, [called('small', 0.79)], both.slice(1))).toMatchObject({
      kind: 'call',
      model: 'large',
    })
  })

  it('takes the answer most likely right at the top, and the dearest where nothing is certified', () => {
    const two = [called('small', 0.7), called('large', 0.6)]
    expect(decideStep(0.8, estimate, two, [])).toMatchObject({ kind: 'stop', model: 'small' })
    expect(decideStep(2, estimate, two, [])).toMatchObject({ kind: 'stop', model: 'large' })
  })
})

describe('certifiedThreshold()', () => {
  const point = (threshold: number, riskBound: number) => {
    return { threshold, riskBound, meanScore: 0.5, meanCostUsd: 0, escalationRatio: 0, losses: 0 }
  }

  it('goes down from the safest threshold and stops at the first that does not hold', () => {
    const path = [point(0, 0.3), point(0.25, 0.04), point(0.5, 0.06), point(0.75, 0.03), point(1.01, 0.01)]
    expect(certifiedThreshold(path, 0.05)).toBe(0.75)
    expect(certifiedThreshold(path, 0.5)).toBe(0)
  })

  it('escalates everything when not even the safest holds', () => {
    expect(certifiedThreshold([point(1.01, 0.02)], 0.01)).toBeGreaterThan(1)
  })
})

describe('upperBound()', () => {
  it('is the exact binomial bound', () => {
    // No hit in n trials: 1 - delta^(1/n).
    expect(upperBound(0, 100, 0.1)).toBeCloseTo(1 - 0.1 ** 0.01, 9)
    // One hit: the p at which at most one hit in 20 has chance delta.
    const p = upperBound(1, 20, 0.05)
    expect((1 - p) ** 20 + 20 * p * (1 - p) ** 19).toBeCloseTo(0.05, 8)
    expect(upperBound(5, 5, 0.1)).toBe(1)
  })

  it('covers the true chance as often as it says', () => {
    let seed = 7
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    const covered = Array.from({ length: 2000 }, () => {
      const hits = Array.from({ length: 60 }, random).filter(value => value < 0.1).length
      return upperBound(hits, 60, 0.1) >= 0.1
    }).filter(Boolean).length
    expect(covered / 2000).toBeGreaterThan(0.88)
  })
})

describe('fitLogistic()', () => {
  it('finds the weights that made the data', () => {
    const rows = Array.from({ length: 400 }, (_, index) =>
      Float32Array.of((index % 20) / 10 - 1, ((index * 7) % 20) / 10 - 1),
    )
    const targets = rows.map(row => 1 / (1 + Math.exp(-(0.5 + 2 * row[0]! - row[1]!))))
    const { weights, bias } = fitLogistic(rows, targets, 1e-6)
    expect(weights[0]).toBeCloseTo(2, 3)
    expect(weights[1]).toBeCloseTo(-1, 3)
    expect(bias).toBeCloseTo(0.5, 3)
  })
})

describe('the describers', () => {
  it('tell noise from speech-like bursts', () => {
    const rate = 8000
    const bursts = Float32Array.from({ length: rate * 2 }, (_, at) => {
      const loud = Math.floor(at / 2000) % 2 === 0 ? 0.5 : 0.002
      return loud * Math.sin(at / 5)
    })
    const steady = Float32Array.from({ length: rate * 2 }, (_, at) => 0.2 * Math.sin(at / 3))
    expect(describeAudio(bursts, rate)['range_db']).toBeGreaterThan(30)
    expect(describeAudio(steady, rate)['range_db']).toBeLessThan(3)
    expect(describeAudio(bursts, rate)['bursts_per_second']).toBeGreaterThan(1)
  })

  it('tell a page of stripes from a blank one', () => {
    const header = { width: 640, height: 640, bytes: 1000 }
    const stripes = new Uint8Array(64 * 64).map((_, at) => (at % 4 < 2 ? 0 : 255))
    const blank = new Uint8Array(64 * 64).fill(200)
    const busy = describeImage(header, { grey: stripes, width: 64, height: 64 })
    const empty = describeImage(header, { grey: blank, width: 64, height: 64 })
    expect(busy['strong_edge_ratio']).toBeGreaterThan(0.3)
    expect(empty['strong_edge_ratio']).toBe(0)
    expect(busy['contrast']).toBeGreaterThan(empty['contrast']!)
  })

  it('give finite numbers for any text', () => {
    for (const text of ['', ' ', '?', '😀'.repeat(9000), 'A. one\nB. two\nAnswer:']) {
      expect(Object.values(describeText(text)).every(Number.isFinite)).toBe(true)
    }
    expect(describeText('(A) one\n(B) two')['log_options']).toBeGreaterThan(1)
  })
})
