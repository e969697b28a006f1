import { featuresOf } from '../../shared/policy/featurize.ts'
import type { OutcomeRow } from '../states.ts'
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

/** Fits the estimator on rows that have a score of every model. */
export function fitEstimator(rows: readonly FeaturedRow[], models: readonly string[]): EstimatorFit {
  const scaling = fitScaling(rows.map(one => one.features))
  const features = rows.map(one => one.features)
  const fits = models.map(model =>
    fitScaled(
      features,
      rows.map(one => one.row.outcomes[model]?.score ?? 0),
      scaling,
    ),
  )
  return { ...scaling, models, fits }
}

/** The quality of each model that a fit foresees of one row. */
export function foresee(fit: EstimatorFit, features: Signs): readonly number[] {
  return fit.fits.map(one => applyScaled(one, features))
}
