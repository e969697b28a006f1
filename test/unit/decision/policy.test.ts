import { describe, expect, it } from 'vitest'
import { upperBound } from '#services/calibrate/bounds/binomial-bound'
import { fitLogistic } from '#services/calibrate/fit/regression/logistic-regression'
import { certifiedPoint, decideByRisk } from '#services/decision/decide/decide-by-risk'
import { decideByUtility, type UtilityView } from '#services/decision/decide/decide-by-utility'
import { decideByQuality } from '#services/decision/decide/decide-step'
import { describeAudio } from '#services/decision/features/describe-audio'
import { describeImage } from '#services/decision/features/describe-image'
import { describeText } from '#services/decision/features/describe-text'
import type { Called, Estimate } from '#services/decision/policy/policy'
import type { QualityPoint, RiskPoint } from '#services/decision/policy/policy-schema'

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

describe('decideByQuality()', () => {
  it('escalates until an answer is good enough, and takes the best where none is', () => {
    expect(decideByQuality(0.8, [], both)).toMatchObject({ kind: 'call', model: 'small' })
    expect(decideByQuality(0.8, [called('small', 0.8)], both.slice(1))).toMatchObject({ kind: 'stop', model: 'small' })
    expect(decideByQuality(0.8, [called('small', 0.79)], both.slice(1))).toMatchObject({ kind: 'call', model: 'large' })
    const two = [called('small', 0.7), called('large', 0.6)]
    expect(decideByQuality(0.8, two, [])).toMatchObject({ kind: 'stop', model: 'small' })
  })
})

describe('decideByUtility()', () => {
  const point = { models: ['small', 'large'], first: 'cheapest', costWeight: 1 } as QualityPoint
  const view = (calledSoFar: readonly Called[], prospect: number): UtilityView => ({
    called: calledSoFar,
    open: ['small', 'large'],
    models: ['small', 'large'],
    costUsdOf: model => (model === 'small' ? 0.01 : 0.1),
    predictedOf: model => estimate.models[model]?.quality ?? 0,
    prospectOf: () => prospect,
  })

  it('starts at the cheapest, or at the one that is predicted to be worth most', () => {
    expect(decideByUtility(point, view([], 0))).toMatchObject({ kind: 'call', model: 'small' })
    expect(decideByUtility({ ...point, first: 'predicted' }, view([], 0))).toMatchObject({
      kind: 'call',
      model: 'large',
    })
    expect(decideByUtility({ ...point, first: 'predicted', costWeight: 9 }, view([], 0))).toMatchObject({
      model: 'small',
    })
  })

  it('calls what brings more than it costs, and never a rung below', () => {
    expect(decideByUtility(point, view([called('small', 0.7)], 0.85))).toMatchObject({ kind: 'call', model: 'large' })
    expect(decideByUtility(point, view([called('small', 0.7)], 0.75))).toMatchObject({ kind: 'stop', model: 'small' })
    expect(decideByUtility(point, view([called('large', 0.1)], 0.99))).toMatchObject({ kind: 'stop', model: 'large' })
  })
})

const riskPoint = (predictedLoss: number, riskBound: number, models = ['small', 'large']): RiskPoint => {
  return { models, predictedLoss, riskBound, losses: 0, selectiveRisk: 0, meanCostUsd: 0, escalationRatio: 0 }
}

describe('decideByRisk()', () => {
  const point = riskPoint(0.05, 0.02)
  const view = {
    called: [],
    candidates: both,
    mostExpensive: 'large',
    predictedLoss: 1,
    maxRisk: 0.05,
    leastBound: 0.02,
  }
  const finished = { ...view, called: [called('small', 0.9)], candidates: both.slice(1) }

  it('accepts what is safe, and delivers the most expensive answer where nothing was', () => {
    expect(decideByRisk(point, view)).toMatchObject({ kind: 'call', model: 'small' })
    expect(decideByRisk(point, { ...finished, predictedLoss: 0.05 })).toMatchObject({ kind: 'stop', model: 'small' })
    expect(decideByRisk(point, { ...finished, predictedLoss: 0.051 })).toMatchObject({ kind: 'call', model: 'large' })
    const top = { ...view, called: [called('small', 0.9), called('large', 0.1)], candidates: [] }
    expect(decideByRisk(point, top)).toMatchObject({ kind: 'stop', model: 'large' })
  })

  it('goes to the most expensive and says so where a limit cannot be met', () => {
    expect(decideByRisk(undefined, view)).toMatchObject({ kind: 'call', model: 'large' })
    expect(decideByRisk(undefined, { ...view, maxRisk: 0.01 }).reason).toBe(
      'max risk 1 % cannot be promised, since the calibration rows certify no cheaper plan below 2 %: large answers everything',
    )
  })

  it('claims nothing when the most expensive is out of reach, and takes no risk when a rung is', () => {
    const step = decideByRisk(point, { ...view, candidates: both.slice(0, 1) })
    expect(step).toMatchObject({ kind: 'call', model: 'small' })
    expect(step.reason).toContain('no risk limit can be certified')
    const three = riskPoint(0.05, 0.02, ['small', 'middle', 'large'])
    expect(decideByRisk(three, { ...finished, predictedLoss: 0 })).toMatchObject({ kind: 'call', model: 'large' })
  })

  it('says in words and numbers what the limit did', () => {
    expect(decideByRisk(point, view).reason).toBe(
      'max risk 5 %: small first; an answer is accepted while its chance of losing against large is at most 5 % (then at most 2 % of all requests lose, certified)',
    )
    expect(decideByRisk(point, { ...finished, predictedLoss: 0.031 }).reason).toBe(
      'chance of losing against large 3.1 %, at most 5 % allowed by max risk 5 %',
    )
    expect(decideByRisk(point, { ...finished, predictedLoss: 0.31 }).reason).toBe(
      'chance of losing against large 31 %, more than the 5 % allowed by max risk 5 %',
    )
    const three = riskPoint(0.05, 0.02, ['small', 'middle', 'large'])
    expect(decideByRisk(three, { ...finished, predictedLoss: 0 }).reason).toBe(
      'max risk 5 % is certified for small → middle → large, and middle cannot be called: only large is safe',
    )
  })

  it('keeps the least quality beside the limit', () => {
    expect(decideByRisk(point, { ...finished, predictedLoss: 0, minQuality: 0.95 })).toMatchObject({ model: 'large' })
  })
})

describe('certifiedPoint()', () => {
  it('goes from the safest point and stops at the first that does not hold', () => {
    const path = [riskPoint(0.01, 0.01), riskPoint(0.02, 0.03), riskPoint(0.03, 0.06), riskPoint(0.04, 0.04)]
    expect(certifiedPoint(path, 0.05)?.predictedLoss).toBe(0.02)
    expect(certifiedPoint(path, 0.5)?.predictedLoss).toBe(0.04)
    expect(certifiedPoint(path, 0.005)).toBeUndefined()
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
  it('comes to the same from wherever it starts, also where every row is predicted with certainty', () => {
    const rows = Array.from({ length: 400 }, (_, at) => Float32Array.of(Math.sin(at), Math.cos(3 * at)))
    const targets = rows.map((row, at) => Number(row[0]! + 0.5 * Math.sin(7 * at) > 0))
    const wanted = fitLogistic(rows, targets, 2.5)
    for (const start of [
      { weights: [0, 0], bias: 40 },
      { weights: [30, -30], bias: -15 },
    ]) {
      const fit = fitLogistic(rows, targets, 2.5, start)
      expect(fit.bias).toBeCloseTo(wanted.bias, 4)
      fit.weights.forEach((weight, at) => expect(weight).toBeCloseTo(wanted.weights[at]!, 4))
    }
  })

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
