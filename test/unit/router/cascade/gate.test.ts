import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyBackpressure } from '#services/router/ladders/backpressure'
import { decide, trust, withCaveats, type GateInput } from '#services/router/cascade/gate'
import type { CandidateRung, FilterName, GuidedLadder } from '#services/router/request/states'
import type { ModelSpec, Rung } from '#services/contract/model'
import type { Called } from '#services/decision/policy/policy'
import { createUncalibratedPolicy } from '#services/decision/policy/uncalibrated-policy'

const names = ['small', 'medium', 'large']

function rung(name: string): Rung {
  const model: ModelSpec = {
    name,
    tasks: ['generate'],
    modalities: ['text'],
    tier: name,
    pool: name,
    price: {},
    card: { title: name, licence: 'none', source: 'none', trainingData: 'none', limits: 'none' },
  }
  return { name, model, recipe: {} }
}

const guided: GuidedLadder = {
  ladder: { name: 'ladder', task: 'generate', modalities: ['text'], rungs: names.map(rung) },
  policy: createUncalibratedPolicy({ models: names, acceptRatio: 0.8 }),
}

function candidateRungs(removed: Partial<Record<string, FilterName>> = {}): readonly CandidateRung[] {
  return names.map(name => {
    const removedBy = removed[name]
    const base = { rung: rung(name), reserveNanoUsd: 10, predictedCostNanoUsd: 5, predictedWaitMs: 0, neededMs: 0 }
    return removedBy === undefined ? base : { ...base, removedBy, removedWhy: 'test' }
  })
}

function priced(prices: Partial<Record<string, number>>): readonly CandidateRung[] {
  return candidateRungs().map(one => ({ ...one, overloadPrice: prices[one.rung.name] ?? 0 }))
}

function input(confidences: readonly number[], more: Partial<GateInput> = {}): GateInput {
  const called: Called[] = confidences.map((confidence, index) => ({
    model: names[index] ?? '',
    confidence,
    costNanoUsd: 5,
  }))
  return {
    guided,
    estimate: { difficulty: 0.5, models: {}, features: {} },
    called,
    limits: {},
    candidateRungs: candidateRungs(),
    tried: new Set(called.map(one => one.model)),
    ...more,
  }
}

describe('decide()', () => {
  it('stops at the first rung that is trusted', () => {
    expect(decide(input([0.9]))).toMatchObject({ kind: 'deliver', model: 'small' })
  })

  it('calls the next rung when the answer is not trusted', () => {
    const move = decide(input([0.3]))
    expect(move.kind).toBe('call')
    expect(move.kind === 'call' && move.rung.rung.name).toBe('medium')
  })

  it('delivers the best answer, not the last, when no rung is left', () => {
    expect(decide(input([0.3, 0.7, 0.5]))).toEqual({ kind: 'deliver', model: 'medium', reason: 'no rung is left' })
  })

  it.each([
    ['cost', 'budget'],
    ['deadline', 'deadline'],
    ['workers', 'no_capacity'],
  ] as const)('marks the answer degraded when %s took the wanted rungs out', (filter, reason) => {
    const move = decide(input([0.3], { candidateRungs: candidateRungs({ medium: filter, large: filter }) }))
    expect(move).toMatchObject({ kind: 'deliver', model: 'small', degraded: reason })
  })

  it('does not call an answer degraded because the caller pinned its model', () => {
    const move = decide(input([0.3], { candidateRungs: candidateRungs({ medium: 'pin', large: 'pin' }) }))
    expect(move.kind === 'deliver' && move.degraded).toBeUndefined()
  })

  it('calls the next rung after a failure, and gives up after the last', () => {
    const failed = input([], { tried: new Set(['small']), lastFailure: 'model-error' })
    expect(decide(failed)).toMatchObject({ kind: 'call' })
    expect(decide({ ...failed, tried: new Set(names) })).toEqual({ kind: 'give-up' })
  })

  it('falls back on an earlier answer when the last rung fails, and says so', () => {
    const move = decide(input([0.5], { tried: new Set(names), lastFailure: 'model-error' }))
    expect(move).toMatchObject({ kind: 'deliver', model: 'small', degraded: 'rung_failed' })
  })

  it.each([
    ['expired', 'deadline'],
    ['shed', 'overload'],
    ['no-worker', 'no_capacity'],
  ] as const)('says what was lacking when the last rung was never run: %s', (lastFailure, reason) => {
    const move = decide(input([0.5], { tried: new Set(names), lastFailure }))
    expect(move).toMatchObject({ kind: 'deliver', model: 'small', degraded: reason })
  })

  it('takes an answer that gains less from escalating than a short pool asks for, and says so', () => {
    const short = { candidateRungs: priced({ medium: 0.5, large: 0.5 }) }
    expect(decide(input([0.6], short))).toMatchObject({ kind: 'deliver', model: 'small', degraded: 'overload' })
    expect(decide(input([0.4], short))).toMatchObject({ kind: 'call' })
  })

  it('does not yield for a caller who has set a risk or a quality', () => {
    const short = { candidateRungs: priced({ medium: 1, large: 1 }) }
    for (const limits of [{ maxRisk: 0.1 }, { minQuality: 0.9 }]) {
      expect(decide(input([0.6], { ...short, limits }))).toMatchObject({ kind: 'call' })
    }
  })

  it('escalates less, never more, the shorter the pools are', () => {
    const ratio = fc.double({ min: 0, max: 1, noNaN: true })
    const cascades = (confidence: number, price: number): boolean =>
      decide(input([confidence], { candidateRungs: priced({ medium: price, large: price }) })).kind === 'call'
    fc.assert(
      fc.property(ratio, ratio, ratio, (confidence, one, other) => {
        expect(cascades(confidence, Math.max(one, other)) && !cascades(confidence, Math.min(one, other))).toBe(false)
      }),
    )
  })

  it('calls a fallback only after a failure, when no other rung is left, and delivers what it says', () => {
    const spare: Rung = { ...rung('spare'), fallback: true }
    const withSpare: GuidedLadder = { ...guided, ladder: { ...guided.ladder, rungs: [...names.map(rung), spare] } }
    const looked = [...candidateRungs(), { ...candidateRungs()[0]!, rung: spare }]
    const more = { guided: withSpare, candidateRungs: looked }
    const all = new Set(names)
    expect(decide(input([0.3, 0.4, 0.5], more))).toMatchObject({ kind: 'deliver', model: 'large' })
    expect(decide(input([], { ...more, tried: new Set(['small']), lastFailure: 'model-error' }))).toMatchObject({
      rung: { rung: { name: 'medium' } },
    })
    const last = decide(input([], { ...more, tried: all, lastFailure: 'model-error' }))
    expect(last).toMatchObject({ kind: 'call', rung: { rung: { name: 'spare' } } })
    const saved = input([], { ...more, tried: new Set([...names, 'spare']) })
    const answered = { ...saved, called: [{ model: 'spare', confidence: 0.1, costNanoUsd: 5 }] }
    expect(decide(answered)).toMatchObject({ kind: 'deliver', model: 'spare', degraded: 'rung_failed' })
  })

  it('never escalates an answer when a less trusted one would be accepted', () => {
    const ratio = fc.double({ min: 0, max: 1, noNaN: true })
    const accepted = (confidence: number): boolean => decide(input([confidence])).kind === 'deliver'
    const monotone = (a: number, b: number): boolean => !accepted(Math.min(a, b)) || accepted(Math.max(a, b))
    expect(() => fc.assert(fc.property(ratio, ratio, monotone))).not.toThrow()
  })
})

describe('applyBackpressure()', () => {
  const predicted = (qualities: readonly number[], prices: readonly number[]): readonly CandidateRung[] =>
    candidateRungs().map((one, index) => ({
      ...one,
      predictedQuality: qualities[index] ?? 0,
      overloadPrice: prices[index] ?? 0,
    }))
  const open = (rungs: readonly CandidateRung[]): readonly string[] =>
    applyBackpressure(rungs, { called: [], limits: {} }).flatMap(one =>
      one.removedBy === undefined ? one.rung.name : [],
    )

  it('begins lower where the rung that is predicted to be best is short and gains too little', () => {
    expect(open(predicted([0.7, 0.8, 0.9], [0, 0, 0.5]))).toEqual(['small', 'medium'])
    expect(open(predicted([0.2, 0.3, 0.9], [0, 0, 0.5]))).toEqual(names)
  })

  it('leaves the lowest rung, however short its pool', () => {
    expect(open(predicted([0.1, 0.9, 0.9], [1, 1, 1]))).toContain('small')
  })
})

describe('trust()', () => {
  const end = (mostConfidence?: number) => ({
    kind: 'done' as const,
    result: {
      output: { kind: 'text' as const, text: 'page one' },
      rawConfidence: 0.95,
      signals: {},
      usage: {},
      ...(mostConfidence !== undefined && { caveats: [{ note: '1 of 4 pages were read', mostConfidence }] }),
    },
    receipt: { costNanoUsd: 5, usage: {}, startedAt: 0, endedAt: 1, workerId: 'worker', attempt: 1 },
  })
  const estimate = { difficulty: 0.5, models: {}, features: {} }
  const sure = { ...guided.policy!, confidences: (answers: readonly unknown[]) => answers.map(() => 0.99) }

  it.each([
    ['with a policy', { ...guided, policy: sure }, 0.99],
    ['without one', { ladder: guided.ladder }, 0.95],
  ])('is bounded by what an answer is known to lack, %s', (_, ladder, unbounded) => {
    const before = trust('small', end(), { guided: ladder, estimate }, [])
    expect(before.map(one => one.confidence)).toEqual([unbounded])
    expect(trust('medium', end(0.2), { guided: ladder, estimate }, before).map(one => one.confidence)).toEqual([
      unbounded,
      0.2,
    ])
  })

  it('stays bounded when a later answer speaks for it', () => {
    const ladder = { ...guided, policy: sure }
    const called = trust(
      'medium',
      end(),
      { guided: ladder, estimate },
      trust('small', end(0.2), { guided: ladder, estimate }, []),
    )
    expect(called.map(one => one.confidence)).toEqual([0.2, 0.99])
  })
})

describe('withCaveats()', () => {
  it('says what an answer lacks behind the reason', () => {
    expect(withCaveats('P(correct) 0.2 < 0.8')).toBe('P(correct) 0.2 < 0.8')
    expect(withCaveats('no rung is left', [{ note: '1 of 4 pages were read', mostConfidence: 0.2 }])).toBe(
      'no rung is left; 1 of 4 pages were read',
    )
  })
})
