import { estimateOf } from '#services/decision/policy/load-policy'
import type { Estimate } from '#services/decision/policy/policy'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { drawOf } from '#services/calibrate/draw'
import { fitEstimator, predictScores, type EstimatorSpace, type FeaturedRow } from './kernel/fit-estimator.ts'
import { fitCalibrators, type CalibratorRow } from './fit-calibrators.ts'
import type { KernelFit } from './kernel/fit-kernel.ts'
import { fitLabels } from './fit-labels.ts'
import { fitProspects } from './fit-prospects.ts'
import { crossFit } from './folds.ts'

/** Everything that is fitted for decisions by utility. */
export interface Stack extends Pick<PolicyFile, 'models' | 'usual' | 'calibrators' | 'labelModel' | 'prospects'> {
  readonly estimator: KernelFit
}

/** What fitting needs beside the rows. */
export interface StackOptions {
  readonly models: readonly string[]
  readonly space: EstimatorSpace
  readonly usual: PolicyFile['usual']
  readonly seed: number
}

const innerFolds = 4

/**
 * Fits estimator, label model, calibrators and prospects on rows, each on what those before say of rows that they have
 * not seen (inner folds). Nothing but the given rows is looked at, so a stack fitted without a fold says of that
 * fold what it would say of new rows.
 */
export function fitStack(rows: readonly FeaturedRow[], options: StackOptions): Stack {
  const { models, seed } = options
  const foldOfRow = rows.map(({ row }) => drawOf(row.id, 'inner fold', seed) % innerFolds)
  const estimates = predictUnseen(rows, foldOfRow, options)
  const all = { models, folds: innerFolds, seed }
  const labels = fitLabels(
    rows.map(one => one.row),
    foldOfRow,
    all,
  )
  const calibratorRows = rows.map(({ row }, index): CalibratorRow => {
    return { row, estimate: estimates[index]!, labelModel: labels.unseen[index] }
  })
  const calibrators = fitCalibrators(calibratorRows, foldOfRow, all)
  return {
    models: [...models],
    usual: options.usual,
    estimator: fitEstimator(options.space, rows),
    calibrators: calibrators.all,
    labelModel: labels.all,
    prospects: fitProspects(calibratorRows, calibrators.unseen, models, seed),
  }
}

/**
 * What is predicted of each row by an estimator that has not seen it. Where nothing tells rows apart, one serves
 * all: the means without each fold would lean against what that fold scores, which calibrators would take for a feature
 * that serving never shows.
 */
function predictUnseen(
  rows: readonly FeaturedRow[],
  foldOfRow: readonly number[],
  { models, space, usual }: StackOptions,
): readonly Estimate[] {
  const estimate = (fit: KernelFit, row: FeaturedRow): Estimate =>
    estimateOf({ models: [...models], usual }, row.features, predictScores(space, fit, row))
  if (space.likeness.size === 0) {
    const fit = fitEstimator(space, rows)
    return rows.map(row => estimate(fit, row))
  }
  const train = (seen: readonly FeaturedRow[]): KernelFit => fitEstimator(space, seen)
  return crossFit(rows, { ofRow: index => foldOfRow[index]!, count: innerFolds }, train, estimate)
}
