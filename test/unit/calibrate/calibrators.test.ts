import { describe, expect, it } from 'vitest'
import { fitCalibrators, type CalibratorRow } from '#services/calibrate/fit/fit-calibrators'
import { drawOf } from '#services/calibrate/draw'
import { fitProspects } from '#services/calibrate/fit/fit-prospects'
import { codeSamples, fitScaled } from '#services/calibrate/fit/regression/scaled-regression'
import { thinned } from '#services/calibrate/thinned'
import type { OutcomeRow } from '#services/calibrate/states'
import { calibrateAnswers, applyCalibrator, answerFeaturesOf } from '#services/decision/calibrators/calibrate-answers'
import type { Called, Estimate, ModelAnswer } from '#services/decision/policy/policy'
import { agreement, companionFeatures } from '#services/decision/calibrators/features/companion-features'
import { prospectFeaturesOf } from '#services/decision/calibrators/features/prospect-features'

const estimate: Estimate = {
  difficulty: 0.3,
  models: { small: { quality: 0.7 }, middle: { quality: 0.8 }, large: { quality: 0.9 } },
  features: {},
}
const answer = (model: string, text: string, rawConfidence: number): ModelAnswer => ({
  model,
  answer: text,
  rawConfidence,
})

/** Even numbers in [0,1), the same for the same row and purpose. */
const drawn = (index: number, purpose: number): number => {
  const mixed = Math.sin(index * 12.9898 + purpose * 78.233) * 43758.5453
  return mixed - Math.floor(mixed)
}

/** Three models that are right as often as their confidence says; a wrong one gives one of the two other labels. */
function rowsOf(count: number): readonly CalibratorRow[] {
  return Array.from({ length: count }, (_, index) => {
    const labels = ['yes', 'no', 'perhaps']
    const truth = Math.floor(3 * drawn(index, 30))
    const outcomes = Object.fromEntries(
      ['small', 'middle', 'large'].map((model, at) => {
        const confidence = 0.4 + 0.2 * at + 0.35 * drawn(index, at)
        const right = drawn(index, at + 10) < confidence
        const text = labels[(truth + (right ? 0 : drawn(index, at + 20) < 0.5 ? 1 : 2)) % 3]!
        return [model, { score: Number(right), answer: text, confidence, costUsd: 0.001 * 10 ** at }]
      }),
    )
    const row: OutcomeRow = { id: `r${index}`, dataset: 'd', parts: [], outcomes }
    return { row, estimate }
  })
}

const models = ['small', 'middle', 'large']
const options = { models, folds: 4, seed: 1 }
const rows = rowsOf(1200)
const foldOfRow = rows.map((_, index) => index % 4)

describe('companionFeatures()', () => {
  it('tells of each other answer whether it agrees, and how the votes fall', () => {
    const one = answer('small', 'A', 0.6)
    const features = companionFeatures(one, estimate, [answer('middle', ' a. ', 0.9), answer('large', 'B', 0.8)])
    expect(features).toMatchObject({
      '=with.middle.agrees': 1,
      '=with.large.agrees': -1,
      '=with.large.against.b': 1,
      '=votes': 1,
      '=votes_all': 0,
      '=votes_none': 0,
      '=outvoted': 0,
    })
    expect(companionFeatures(one, estimate, [answer('middle', 'c', 0.9), answer('large', 'C', 0.8)])['=outvoted']).toBe(
      1,
    )
    expect(companionFeatures(one, estimate, [])).toEqual({})
  })

  it('takes neither side where an answer is not told', () => {
    expect(agreement({ model: 'a' }, { model: 'b', answer: 'x' })).toBe(0)
    expect(agreement({ model: 'a' }, { model: 'b' })).toBe(0)
    expect(agreement({ model: 'a', answer: '-1' }, { model: 'b', answer: '1' })).toBe(-1)
    expect(agreement({ model: 'a', answer: '1.5' }, { model: 'b', answer: '15' })).toBe(-1)
  })
})

describe('fitCalibrators()', () => {
  const { all, unseen } = fitCalibrators(rows, foldOfRow, options)
  const alone = calibrateAnswers({ calibrators: all }, [answer('small', 'yes', 0.6)], estimate)[0]!

  it('makes an answer less sure when a surer one contradicts it, and more when it agrees', () => {
    const against = calibrateAnswers(
      { calibrators: all },
      [answer('small', 'yes', 0.6), answer('large', 'no', 0.95)],
      estimate,
    )
    const beside = calibrateAnswers(
      { calibrators: all },
      [answer('small', 'yes', 0.6), answer('large', 'yes', 0.95)],
      estimate,
    )
    expect(against[0]).toBeLessThan(alone - 0.1)
    expect(beside[0]).toBeGreaterThan(alone + 0.05)
    expect(against[1]).toBeGreaterThan(against[0]!)
  })

  it('follows what a confidence says of an answer alone, where that goes up and down', () => {
    // By confidence, the share of ten that is right; the larger model is always right, so beside it no confidence is
    // asked.
    const shares = [
      [0.38, 2],
      [0.62, 8],
      [0.82, 2],
      [0.95, 8],
      [0.993, 2],
    ] as const
    const told = Array.from({ length: 1000 }, (_, index): CalibratorRow => {
      const [confidence, share] = shares[index % 5]!
      const right = Math.floor(index / 5) % 10 < share
      const outcomes = {
        small: { score: Number(right), answer: 'yes', confidence, costUsd: 0.001 },
        large: { score: 1, answer: right ? 'yes' : 'no', confidence: 0.9, costUsd: 0.01 },
      }
      return { row: { id: `t${index}`, dataset: 'd', parts: [], outcomes }, estimate }
    })
    const { all: calibrators } = fitCalibrators(told, foldOfRow, { models: ['small', 'large'], folds: 4, seed: 1 })
    const errors = shares.map(([confidence, share]) =>
      Math.abs(calibrateAnswers({ calibrators }, [answer('small', 'yes', confidence)], estimate)[0]! - share / 10),
    )
    expect(Math.max(...errors)).toBeLessThan(0.15)
  })

  it('tells of signs alone only while an answer is', () => {
    const one = answer('small', 'A', 0.6)
    expect(answerFeaturesOf(one, estimate, [])).toMatchObject({
      '=alone': 1,
      '=alone.confidence': 0.6,
      '=alone.=label.a': 1,
    })
    const beside = answerFeaturesOf(one, estimate, [answer('large', 'B', 0.8)])
    expect(Object.keys(beside).filter(name => name.startsWith('=alone'))).toEqual([])
  })

  it.each([
    ['is no label where three rows have it, however often they are met', 3, false],
    ['is a label where twelve rows have it', 12, true],
  ])('a word that is a whole answer %s', (_what, bearers, isLabel) => {
    const reading = (index: number) => (index < bearers ? 'Paper' : `line ${index} of a text that is read`)
    const told = rows.slice(0, 400).map(({ row }, index) => {
      const outcomes = Object.entries(row.outcomes).map(([model, one]) => [model, { ...one, answer: reading(index) }])
      return { row: { ...row, outcomes: Object.fromEntries(outcomes) }, estimate }
    })
    const fitted = fitCalibrators(told, foldOfRow.slice(0, 400), options)
    const names = Object.values(fitted.all).flatMap(calibrator => calibrator.names)
    expect(names.some(name => /paper/u.test(name))).toBe(isLabel)
  })

  it('thins rows by their draws, in their order, and never more than it must', () => {
    expect(thinned([5, 1, 4, 2, 3], 3, row => row)).toEqual([1, 2, 3])
    expect(thinned([2, 1], 2, row => row)).toEqual([2, 1])
    // Two data sets in turn stay two.
    const kept = thinned(
      Array.from({ length: 12_000 }, (_, index) => index),
      6000,
      row => drawOf(`r${row}`, 'made', 1),
    )
    expect(kept).toHaveLength(6000)
    expect(Math.abs(kept.filter(row => row % 2 === 0).length - 3000)).toBeLessThan(200)
  })

  it('chooses a penalty on the rows that are there, whatever their places in the table', () => {
    const samplesAt = (placeOf: (index: number) => number) =>
      Array.from({ length: 2400 }, (_, index) => ({
        features: { one: ((index * 7919) % 100) / 100, two: ((index * 31) % 17) / 17 },
        target: Number((index * 7919) % 100 < 40 + ((index * 104_729) % 20)),
        row: placeOf(index),
      }))
    const [near, apart] = [(index: number) => index, (index: number) => 2 * index + 1].map(placeOf =>
      fitScaled(codeSamples(samplesAt(placeOf))),
    )
    expect(near?.ridge).toBeLessThan(300)
    expect(apart).toEqual(near)
  })

  it('takes a sign that is no number for one that is not known', () => {
    const calibrator = { names: ['a', 'b'], means: [1, 2], scales: [1, 1], weights: [0.5, 3], bias: 0.1 }
    expect(applyCalibrator(calibrator, { a: 2, b: Number.NaN })).toBe(applyCalibrator(calibrator, { a: 2 }))
  })

  it('takes as many rows as a table has', () => {
    const [row] = rows
    const many = Array.from({ length: 150_000 }, () => row!)
    const folds = many.map((_, index) => index % 2)
    const fitted = fitCalibrators(many, folds, { models: ['small'], folds: 2, seed: 1 })
    expect(fitted.unseen).toHaveLength(150_000)
    expect(new Set(fitted.unseen).size).toBe(2)
  })

  it('says the same of a set of answers in whichever order they came', () => {
    const three = [answer('small', 'yes', 0.6), answer('middle', 'no', 0.7), answer('large', 'no', 0.9)]
    const forward = calibrateAnswers({ calibrators: all }, three, estimate)
    const backward = calibrateAnswers({ calibrators: all }, three.toReversed(), estimate).toReversed()
    forward.forEach((value, index) => expect(value).toBeCloseTo(backward[index]!, 10))
  })

  it('gives every row calibrators that have not seen it, close to those of all rows', () => {
    expect(new Set(unseen).size).toBe(4)
    expect(unseen[0]).toBe(unseen[4])
    const features = answerFeaturesOf(answer('large', 'yes', 0.9), estimate, [])
    for (const calibrators of unseen.slice(0, 4)) {
      expect(applyCalibrator(calibrators['large']!, features)).toBeCloseTo(applyCalibrator(all['large']!, features), 1)
      expect(calibrators['large']).not.toEqual(all['large'])
    }
  })
})

describe('fitProspects()', () => {
  const { all, unseen } = fitCalibrators(rows, foldOfRow, options)
  const prospects = fitProspects(rows, unseen, models, 1)
  const gainOf = (answers: readonly ModelAnswer[], to: string): number => {
    const called = answers.map((one, index): Called => {
      return { ...one, confidence: calibrateAnswers({ calibrators: all }, answers, estimate)[index]!, costNanoUsd: 0 }
    })
    return (
      2 * applyCalibrator(prospects[`${answers.at(-1)!.model}>${to}`]!, prospectFeaturesOf(called, to, estimate)) - 1
    )
  }

  it('predicts little gain after two sure answers that agree, and much after an unsure one', () => {
    const sure = gainOf([answer('small', 'yes', 0.75), answer('middle', 'yes', 0.9)], 'large')
    const torn = gainOf([answer('small', 'yes', 0.45), answer('middle', 'no', 0.62)], 'large')
    expect(sure).toBeLessThan(0.1)
    expect(torn).toBeGreaterThan(sure + 0.1)
  })

  it('has one for every pair of rungs, the cheaper first', () => {
    expect(Object.keys(prospects)).toEqual(['small>middle', 'small>large', 'middle>large'])
  })
})
