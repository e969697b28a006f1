import { describe, expect, it } from 'vitest'
import { drawOf } from '#services/calibrate/draw'
import { fitCalibrators } from '#services/calibrate/fit/fit-calibrators'
import { fitLabels } from '#services/calibrate/fit/fit-labels'
import { fitProspects } from '#services/calibrate/fit/fit-prospects'
import { modelAnswerOf } from '#services/calibrate/ladder'
import { createRowReplay } from '#services/calibrate/replay-row'
import { calibrateAnswers } from '#services/decision/calibrators/calibrate-answers'
import { estimateOf } from '#services/decision/policy/load-policy'
import {
  createSpace,
  fitEstimator,
  predictScores,
  evaluateShape,
  prepareRows,
  withFeatures,
} from '#services/calibrate/fit/kernel/fit-estimator'
import { fitStack } from '#services/calibrate/fit/fit-stack'
import type { OutcomeRow } from '#services/calibrate/states'

const models = ['small', 'large']
const usual = Object.fromEntries(
  models.map(model => [model, { costUsd: 0.001, latencyMs: 1, outputChars: 1, quality: 0.5 }]),
)

/** Rows of which nothing is known but what came of them. */
function rowsOf(count: number): readonly OutcomeRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `row-${index}`,
    dataset: 'made',
    parts: [],
    outcomes: {
      small: { score: Number((index * 7919) % 10 < 6), confidence: ((index * 31) % 100) / 100 },
      large: { score: Number((index * 104_729) % 10 < 9), confidence: 0.9 },
    },
  }))
}

describe('fitStack()', () => {
  it('lets calibrators learn nothing of what is predicted where nothing tells rows apart', () => {
    const rows = withFeatures(rowsOf(120))
    const prepared = prepareRows(rows, models, 1)
    const space = createSpace(prepared, evaluateShape(prepared))
    const { calibrators, prospects } = fitStack(rows, { models, space, usual, seed: 1 })
    for (const calibrator of [...Object.values(calibrators), ...Object.values(prospects)]) {
      expect(calibrator.names.length).toBeGreaterThan(0)
      expect(calibrator.names.filter(name => name.startsWith('predicted'))).toEqual([])
    }
  })

  it('judges each row, and what a further call would bring, by label models that have not seen it', () => {
    const three = ['small', 'middle', 'large']
    const usually = { ...usual, middle: usual['small']! }
    const labelled = withFeatures(rowsOf(240).map(withLabels))
    const prepared = prepareRows(labelled, three, 1)
    const space = createSpace(prepared, evaluateShape(prepared))
    const stack = fitStack(labelled, { models: three, space, usual: usually, seed: 1 })
    const foldOfRow = labelled.map(({ row }) => drawOf(row.id, 'inner fold', 1) % 4)
    const options = { models: three, folds: 4, seed: 1 }
    const rows = labelled.map(one => one.row)
    const labels = fitLabels(rows, foldOfRow, options)
    const fit = fitEstimator(space, labelled)
    const calibratorRows = labelled.map(({ row, features }, index) => ({
      row,
      estimate: estimateOf({ models: three, usual: usually }, features, predictScores(space, fit, labelled[index]!)),
      labelModel: labels.unseen[index],
    }))
    const calibrators = fitCalibrators(calibratorRows, foldOfRow, options)
    expect(stack.labelModel).toEqual(labels.all)
    expect(stack.calibrators).toEqual(calibrators.all)
    const [first] = calibratorRows
    const replayed = createRowReplay(first!.row, first!.estimate, stack).confidence(['small', 'middle'])
    const answers = ['small', 'middle'].map(model => modelAnswerOf(first!.row, model))
    expect(replayed).toBe(calibrateAnswers(stack, answers, first!.estimate)[1])
    expect(replayed).not.toBe(calibrateAnswers({ calibrators: stack.calibrators }, answers, first!.estimate)[1])
    expect(stack.prospects).toEqual(fitProspects(calibratorRows, calibrators.unseen, three, 1))
    const seeing = calibratorRows.map(row => ({ ...row, labelModel: labels.all }))
    expect(fitCalibrators(seeing, foldOfRow, options).all).not.toEqual(calibrators.all)
    const deaf = calibratorRows.map(row => ({ ...row, labelModel: undefined }))
    expect(fitProspects(deaf, calibrators.unseen, three, 1)).not.toEqual(stack.prospects)
  })
})

/** The same rows with answers and a third model: three labels, of which the right one follows from the row's number. */
function withLabels(row: OutcomeRow, index: number): OutcomeRow {
  const middle = { score: Number((index * 7907) % 10 < 7), confidence: ((index * 17) % 100) / 100 }
  const outcomes = Object.entries({ ...row.outcomes, middle }).map(([model, outcome], at) => {
    const truth = index % 3
    const answer = 'abc'[outcome.score === 1 ? truth : (truth + 1 + ((index + at) % 2)) % 3]!
    return [model, { ...outcome, answer }] as const
  })
  return { ...row, outcomes: Object.fromEntries(outcomes) }
}
