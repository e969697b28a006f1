import type { ReliabilityBin } from '#services/calibrate/report'

/** A predicted probability and the observed score. */
export interface Prediction {
  readonly row: number
  readonly predicted: number
  readonly observed: number
}

const bins = 15

function binAt(predicted: number): number {
  return Math.min(bins - 1, Math.floor(predicted * bins))
}

/** Bins of equal width; empty ones are left out. `counts` weighs rows, for resamples. */
export function binsOf(predictions: readonly Prediction[], counts?: Uint16Array): readonly ReliabilityBin[] {
  const sums = Array.from({ length: bins }, () => ({ predicted: 0, observed: 0, count: 0 }))
  for (const { row, predicted, observed } of predictions) {
    const weight = counts?.[row] ?? 1
    const bin = sums[binAt(predicted)]!
    bin.predicted += weight * predicted
    bin.observed += weight * observed
    bin.count += weight
  }
  return sums
    .filter(bin => bin.count > 0)
    .map(({ predicted, observed, count }) => ({ predicted: predicted / count, observed: observed / count, count }))
}

/**
 * Expected calibration error: the mean distance between predicted and observed, over bins.
 * @source Guo et al., On Calibration of Modern Neural Networks (2017)
 */
export function calibrationError(of: readonly ReliabilityBin[]): number {
  const total = of.reduce((sum, bin) => sum + bin.count, 0)
  return total === 0
    ? Number.NaN
    : of.reduce((sum, bin) => sum + (bin.count / total) * Math.abs(bin.predicted - bin.observed), 0)
}

/**
 * The calibration error that chance alone would leave to a calibrator that is right about every probability, with as
 * many answers of right or wrong: in each bin the mean distance of a binomial share from its mean, by the normal law.
 * Compare the measured error with it.
 */
export function errorOfChance(predictions: readonly Prediction[]): number {
  const variances = Array.from({ length: bins }, () => 0)
  for (const { predicted } of predictions) variances[binAt(predicted)]! += predicted * (1 - predicted)
  const distances = variances.reduce((sum, variance) => sum + Math.sqrt((2 / Math.PI) * variance), 0)
  return predictions.length === 0 ? Number.NaN : distances / predictions.length
}
