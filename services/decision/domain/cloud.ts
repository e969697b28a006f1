/** Where the rows of a fit lie in a space: round a mean, along a few axes, and crowded about centres. */
export interface Cloud {
  /** float32 [dimensions]. */
  readonly mean: Float32Array
  /** float32 [axes][dimensions], orthonormal, widest first. */
  readonly axes: Float32Array
  /** Variance along each axis. */
  readonly variances: readonly number[]
  /** Variance along every other direction; above 0. */
  readonly rest: number
  /** float32 [centres][dimensions]. */
  readonly centres: Float32Array
}

/** How far a point is from a cloud. */
export interface Distances {
  /** Squared Mahalanobis distance from the mean: unlike the rows as a whole. */
  readonly far: number
  /** Squared distance to the nearest centre: unlike every group of rows. */
  readonly near: number
}

/**
 * How far a point is from the rows of a fit. Pure; two passes over the cloud.
 * @source Lee et al., A Simple Unified Framework for Detecting Out-of-Distribution Samples (2018), for the
 * Mahalanobis distance; Sun et al., Out-of-Distribution Detection with Deep Nearest Neighbors (2022), for the
 * nearest rows, here their centres
 */
export function distancesTo(cloud: Cloud, point: Float32Array): Distances {
  return { far: mahalanobis(cloud, point), near: nearestTo(cloud.centres, point) }
}

function mahalanobis({ mean, axes, variances, rest }: Cloud, point: Float32Array): number {
  const width = mean.length
  let left = 0
  for (let at = 0; at < width; at += 1) left += (point[at]! - mean[at]!) ** 2
  let sum = 0
  for (let axis = 0; axis < variances.length; axis += 1) {
    const from = axis * width
    let along = 0
    for (let at = 0; at < width; at += 1) along += (point[at]! - mean[at]!) * axes[from + at]!
    sum += along ** 2 / (variances[axis]! + rest)
    left -= along ** 2
  }
  return sum + Math.max(0, left) / rest
}

/** Squared distance to the nearest of some centres: float32 [centres][dimensions]. */
export function nearestTo(centres: Float32Array, point: Float32Array): number {
  const width = point.length
  let least = Number.POSITIVE_INFINITY
  for (let from = 0; from < centres.length; from += width) {
    let sum = 0
    for (let at = 0; at < width; at += 1) sum += (point[at]! - centres[from + at]!) ** 2
    if (sum < least) least = sum
  }
  return least
}
