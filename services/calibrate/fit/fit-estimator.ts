import { featuresOf, standardise, textOf } from '../../shared/policy/featurize.ts'
import { hashWords, type HashedWords } from '../../shared/policy/features/hash-words.ts'
import type { OutcomeRow } from '../states.ts'
import { applyWords, fitWords, wordBuckets } from './fit-words.ts'
import { fitScaled, fitScaling, type ScaledFit, type Scaling, type Signs } from './scaled-regression.ts'

/** What foresees the quality of every model: one regression a model on features that all share, and what words add to it. */
export interface EstimatorFit extends Scaling {
  readonly models: readonly string[]
  readonly fits: readonly ScaledFit[]
  /** Length of the vector of hashed words; 0 where rows have no text. */
  readonly words: number
  readonly wordFits: readonly Float64Array[]
}

/** Rows with their features, so that these are computed once. */
export interface FeaturedRow {
  readonly row: OutcomeRow
  readonly features: Signs
  readonly hashed: HashedWords
}

/** Computes the features of rows. */
export function withFeatures(rows: readonly OutcomeRow[]): readonly FeaturedRow[] {
  return rows.map(row => ({
    row,
    features: row.features ?? featuresOf(row.parts),
    hashed: hashWords(textOf(row.parts) ?? '', wordBuckets),
  }))
}

/** Fits the estimator on rows that have a score of every model. */
export function fitEstimator(rows: readonly FeaturedRow[], models: readonly string[]): EstimatorFit {
  const features = rows.map(one => one.features)
  const scaling = fitScaling(features)
  const hashed = rows.map(one => one.hashed)
  const words = hashed.some(one => one.places.length > 0) ? wordBuckets : 0
  const pairs = models.map(model => {
    const targets = rows.map(one => one.row.outcomes[model]?.score ?? 0)
    const fit = fitScaled(features, targets, scaling)
    if (words === 0) return { fit, wordFit: new Float64Array(0) }
    const offsets = features.map(one => logitOf(fit, standardise(one, scaling)))
    return { fit, wordFit: fitWords(hashed, targets, offsets) }
  })
  return { ...scaling, models, fits: pairs.map(pair => pair.fit), words, wordFits: pairs.map(pair => pair.wordFit) }
}

/** The quality of each model that a fit foresees of one row. */
export function foresee(fit: EstimatorFit, { features, hashed }: FeaturedRow): readonly number[] {
  const input = standardise(features, fit)
  return fit.fits.map((one, index) => {
    const added = fit.words === 0 ? 0 : applyWords(fit.wordFits[index]!, hashed)
    return 1 / (1 + Math.exp(-(logitOf(one, input) + added)))
  })
}

function logitOf({ fit }: ScaledFit, input: Float32Array): number {
  return input.reduce((sum, value, at) => sum + value * fit.weights[at]!, fit.bias)
}
