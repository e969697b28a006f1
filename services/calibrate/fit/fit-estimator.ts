import { featuresOf } from '../../shared/policy/featurize.ts'
import type { Estimate } from '../../shared/policy/policy.ts'
import type { OutcomeRow } from '../states.ts'
import { crossFit } from './folds.ts'
import { applyScaled, fitScaled, fitScaling, type ScaledFit, type Scaling, type Signs } from './scaled-regression.ts'

/** What foresees the quality of every model: one regression a model, all on the same scaled features. */
export interface EstimatorFit extends Scaling {
  readonly models: readonly string[]
  readonly fits: readonly ScaledFit[]
}

/** Rows with their features, so that these are computed once. */
export interface FeaturedRow {
  readonly row: OutcomeRow
  readonly features: Signs
}

/** Computes the features of rows. */
export function withFeatures(rows: readonly OutcomeRow[]): readonly FeaturedRow[] {
  return rows.map(row => ({ row, features: featuresOf(row.parts) }))
}

/** Fits the estimator; models are foreseen from the rows that have a score of theirs. */
export function fitEstimator(rows: readonly FeaturedRow[], models: readonly string[]): EstimatorFit {
  const scaling = fitScaling(rows.map(one => one.features))
  const fits = models.map(model => {
    const scored = rows.filter(one => one.row.outcomes[model]?.score !== undefined)
    return fitScaled(
      scored.map(one => one.features),
      scored.map(one => one.row.outcomes[model]?.score ?? 0),
      scaling,
    )
  })
  return { ...scaling, models, fits }
}

/** What a fit foresees of one row. */
function foresee(fit: EstimatorFit, { features }: FeaturedRow): Estimate {
  const models = fit.models.map(
    (model, index) => [model, { quality: applyScaled(fit.fits[index]!, features) }] as const,
  )
  return { difficulty: 1 - (models[0]?.[1].quality ?? 0.5), models: Object.fromEntries(models), features }
}

/** What is foreseen of every row by a fit that has not seen it. */
export function foreseeEach(
  rows: readonly FeaturedRow[],
  models: readonly string[],
  foldOfRow: readonly number[],
  folds: number,
): readonly Estimate[] {
  return crossFit(rows, foldOfRow, folds, train => fitEstimator(train, models), foresee)
}
