import { chancesOf, answerFeaturesOf } from '#services/decision/calibrators/calibrate-answers'
import type { Estimate } from '#services/decision/policy/policy'
import type { Calibrator, LabelModel, PolicyFile } from '#services/decision/policy/policy-schema'
import { drawOf } from '#services/calibrate/draw'
import { modelAnswerOf } from '#services/calibrate/ladder'
import type { OutcomeRow } from '#services/calibrate/states'
import { codeSamples, fitScaled, calibratorOf, type Sample } from './regression/scaled-regression.ts'
import { thinned } from '#services/calibrate/thinned'

/**
 * A row with what is predicted of it by an estimator that has not seen it, and such a label model where there is
 * one.
 */
export interface CalibratorRow {
  readonly row: OutcomeRow
  readonly estimate: Estimate
  readonly labelModel?: LabelModel | undefined
}

/**
 * Sets of other answers that each row is judged with. The first is empty: every cascade begins with an answer alone.
 */
const draws = 4
/** More rows would not move a calibrator's weights by what can be seen, and fitting takes time and memory for each. */
export const mostSamples = 24_000

/** Calibrators of all rows, and for each row those of the folds that it is not in. */
export interface FittedCalibrators {
  readonly all: PolicyFile['calibrators']
  readonly unseen: readonly PolicyFile['calibrators'][]
}

/**
 * One calibrator a model: P(correct) of its answer, with any of the others at hand. Each row is met with sets of others
 * that are drawn from its id, so that one calibrator serves before and after every further call. Folds share the
 * penalty that all rows chose.
 */
export function fitCalibrators(
  rows: readonly CalibratorRow[],
  foldOfRow: readonly number[],
  { models, folds, seed }: { readonly models: readonly string[]; readonly folds: number; readonly seed: number },
): FittedCalibrators {
  const all: Record<string, Calibrator> = {}
  const byFold = Array.from({ length: folds }, (): Record<string, Calibrator> => ({}))
  // Whole rows are left out: what stays is met with every kind of set as often as before.
  const some = thinned(
    rows.map((row, at) => ({ ...row, at })),
    mostSamples / draws,
    ({ row }) => drawOf(row.id, 'judged', seed),
  )
  for (const model of models) {
    const coded = codeSamples(samplesOf(some, models, model, seed))
    const fit = fitScaled(coded)
    all[model] = calibratorOf(fit)
    byFold.forEach((calibrators, fold) => {
      const samples = coded.samples.filter(one => foldOfRow[one.row] !== fold)
      calibrators[model] = calibratorOf(samples.length === 0 ? fit : fitScaled({ ...coded, samples }, fit))
    })
  }
  return { all, unseen: foldOfRow.map(fold => byFold[fold]!) }
}

function samplesOf(
  rows: readonly (CalibratorRow & { readonly at: number })[],
  models: readonly string[],
  model: string,
  seed: number,
): readonly Sample[] {
  const others = models.filter(other => other !== model)
  return rows.flatMap(({ row, estimate, labelModel, at: place }) => {
    const target = row.outcomes[model]?.score ?? 0
    return Array.from({ length: draws }, (_, draw) => {
      const bits = drawOf(row.id, `others of ${model}, ${draw}`, seed)
      const drawn = draw === 0 ? [] : others.filter((_other, at) => (bits >>> (at % 32)) % 2 === 1)
      const given = drawn.map(other => modelAnswerOf(row, other))
      const modelAnswer = modelAnswerOf(row, model)
      const chances = chancesOf(labelModel, [modelAnswer, ...given])
      return { features: answerFeaturesOf(modelAnswer, estimate, given, chances), target, row: place }
    })
  })
}
