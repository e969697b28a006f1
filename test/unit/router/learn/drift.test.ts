import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { fitReference } from '#services/calibrate/fit/fit-reference'
import { createCalibrationDrift, type ScoredAnswer } from '#services/router/learn/drift/calibration-drift'
import { registerDrift } from '#services/router/learn/drift/drift-metrics'
import { createFeatureDrift } from '#services/router/learn/drift/feature-drift'
import { describeAudio } from '#services/decision/features/describe-audio'
import { binOf, policyReferenceSchema } from '#services/decision/policy/reference'

/** Numbers in [0, 1) that are the same at every run. */
function drawer(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

const scored = (confidence: number, score: number): ScoredAnswer => ({ confidence, score })

function rowsOf(count: number, seed: number, shift = 0): Record<string, number>[] {
  const draw = drawer(seed)
  return Array.from({ length: count }, (_, index) => ({
    length: 10 * draw() + shift,
    kind: index % 3,
    ...(index % 4 === 0 ? { rare: draw() } : {}),
  }))
}

describe('fitReference()', () => {
  it('keeps the share of rows in each bin, and of those without the feature', () => {
    const reference = fitReference(rowsOf(1000, 7))
    expect(policyReferenceSchema.parse(reference)).toEqual(reference)
    const { length, kind, rare } = reference.features
    expect(length?.borders).toHaveLength(11)
    expect(length?.shares.slice(0, 2)).toEqual([0, 0])
    for (const share of length?.shares.slice(2, -1) ?? []) expect(share).toBeCloseTo(0.1, 2)
    expect(length?.shares.at(-1)).toBe(0)
    expect(kind?.borders).toEqual([-2e-6, 0, 1, 2])
    expect(rare?.shares[0]).toBeCloseTo(0.75, 2)
    for (const { shares } of Object.values(reference.features)) {
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6)
    }
  })

  it('keeps at most 64 features, and none of hardly any row', () => {
    const wide = Array.from({ length: 100 }, (_, row) =>
      Object.fromEntries([
        ...Array.from({ length: 80 }, (_unused, at) => [`f${at}`, row]),
        ...(row < 5 ? [['odd', 1]] : []),
      ]),
    )
    const names = Object.keys(fitReference(wide).features)
    expect(names).toHaveLength(64)
    expect(names).not.toContain('odd')
  })
})

describe('binOf()', () => {
  it('puts a border in the bin below it, and what is no number in that of none', () => {
    expect([undefined, Number.NaN, -5, 1, 1.5, 2, 9].map(value => binOf(value, [1, 2]))).toEqual([0, 0, 1, 1, 2, 2, 3])
  })
})

describe('createFeatureDrift()', () => {
  const reference = fitReference(rowsOf(2000, 7))
  const fed = (rows: readonly Record<string, number>[], window = 500) => {
    const drift = createFeatureDrift({ window, least: 200 })
    for (const row of rows) drift.observe('talk', 'v1', reference, row)
    return drift
  }
  const psiOf = (drift: ReturnType<typeof fed>, feature: string): number | undefined =>
    drift.moves().find(move => move.feature === feature)?.psi

  it('tells another population from the same one', () => {
    const same = fed(rowsOf(500, 99))
    expect(psiOf(same, 'length')).toBeLessThan(0.1)
    expect(psiOf(same, 'kind')).toBeLessThan(0.1)
    const moved = fed(rowsOf(500, 99, 4))
    expect(psiOf(moved, 'length')).toBeGreaterThan(0.25)
    expect(psiOf(moved, 'kind')).toBeLessThan(0.1)
    const outside = fed(rowsOf(500, 99).map(row => ({ ...row, kind: 7 })))
    expect(psiOf(outside, 'kind')).toBeGreaterThan(1)
    // Logarithms of counts lie on borders, which are written with fewer digits.
    const counted = fitReference(Array.from({ length: 300 }, (_, at) => ({ words: Math.log1p(at % 7) })))
    const again = createFeatureDrift({ window: 500, least: 200 })
    for (let at = 0; at < 350; at += 1) again.observe('talk', 'v', counted, { words: Math.log1p(at % 7) })
    expect(again.moves()[0]?.psi).toBeLessThan(0.01)
    const gone = fed(rowsOf(500, 99).map(({ kind: _kind, ...row }) => row))
    expect(psiOf(gone, 'kind')).toBeGreaterThan(1)
  })

  it('forgets what has left the window, says nothing of few, and starts again with a policy', () => {
    const drift = fed([...rowsOf(500, 99, 4), ...rowsOf(500, 3)])
    expect(psiOf(drift, 'length')).toBeLessThan(0.1)
    expect(fed(rowsOf(199, 99, 4)).moves()).toEqual([])
    drift.observe('talk', 'v2', reference, {})
    expect(drift.moves()).toEqual([])
    expect(drift.filled().get('talk')).toBe(1)
  })
})

describe('createCalibrationDrift()', () => {
  it('measures gap and error, each answer counted once, by the latest word on it', () => {
    const drift = createCalibrationDrift({ window: 200 })
    for (let answer = 0; answer < 200; answer += 1) {
      drift.observe('talk', 'feedback', `${answer}`, scored(0.9, Number(answer % 2 === 0)))
      drift.observe('talk', 'feedback', `${answer}`, scored(0.9, Number(answer % 10 !== 0)))
    }
    const [honest] = drift.moves()
    expect(honest).toMatchObject({ ladder: 'talk', source: 'feedback', outcomes: 200 })
    expect(honest?.gap).toBeCloseTo(0, 9)
    expect(honest?.error).toBeCloseTo(0, 9)
    for (let answer = 200; answer < 400; answer += 1) {
      drift.observe('talk', 'feedback', `${answer}`, scored(answer % 2 === 0 ? 0.95 : 0.15, Number(answer % 4 === 0)))
    }
    const [worse] = drift.moves()
    expect(worse?.outcomes).toBe(200)
    expect(worse?.gap).toBeCloseTo(0.55 - 0.25, 9)
    expect(worse?.error).toBeCloseTo((0.45 + 0.15) / 2, 9)
    expect(worse?.gapError).toBeGreaterThan(0)
  })

  it('takes one outcome for no proof', () => {
    const drift = createCalibrationDrift({ window: 10 })
    drift.observe('talk', 'feedback', 'a', scored(0.9, 0))
    const [one] = drift.moves()
    expect(one?.gap).toBeLessThan(3 * (one?.gapError ?? 0))
  })

  it('shows what it knows when somebody scrapes', async () => {
    const registry = new Registry()
    const calibration = createCalibrationDrift({ window: 10 })
    const features = createFeatureDrift({ window: 300, least: 200 })
    registerDrift(registry, features, calibration)
    calibration.observe('talk', 'shadow', 'a', scored(0.8, 0))
    const reference = fitReference(rowsOf(500, 7))
    for (const row of rowsOf(250, 9)) features.observe('talk', 'v', reference, row)
    const text = await registry.metrics()
    expect(text).toContain('sluice_router_calibration_gap_ratio{ladder="talk",source="shadow"} 0.8')
    expect(text).toMatch(/sluice_router_feature_drift_psi\{ladder="talk",feature="length"\} 0\.\d/u)
    expect(text).toContain('sluice_router_feature_drift_window_requests{ladder="talk"} 250')
  })
})

describe('describeAudio()', () => {
  const rate = 16_000
  const soundOf = (at: (second: number) => number): Float32Array =>
    Float32Array.from({ length: rate * 2 }, (_, index) => at(index / rate))
  const voicedIn = (samples: Float32Array): number => describeAudio(samples, rate)['voiced_ratio'] ?? Number.NaN

  it('hears a voice in what repeats itself at a pitch, and none in noise or silence', () => {
    const draw = drawer(5)
    const vowel = (second: number): number =>
      [1, 2, 3, 4].reduce((sum, partial) => sum + Math.sin(2 * Math.PI * 140 * partial * second) / (4 * partial), 0)
    expect(voicedIn(soundOf(vowel))).toBeGreaterThan(0.9)
    expect(voicedIn(soundOf(() => draw() - 0.5))).toBeLessThan(0.1)
    expect(voicedIn(soundOf(() => 0))).toBe(0)
    const spoken = soundOf(second => (second % 1 < 0.5 ? vowel(second) : 0) + 0.02 * (draw() - 0.5))
    expect(voicedIn(spoken)).toBeGreaterThan(0.35)
    expect(voicedIn(spoken)).toBeLessThan(0.65)
    expect(voicedIn(new Float32Array(10))).toBe(0)
  })
})
