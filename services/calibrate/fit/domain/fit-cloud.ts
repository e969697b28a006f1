import type { Cloud } from '#services/decision/domain/cloud'
import { rounded } from '#services/calibrate/round'
import { findCentres } from './find-centres.ts'
import { principalAxes } from './principal-axes.ts'

/** How much of a space a cloud keeps. */
export interface CloudShape {
  /** Axes that have a variance of their own. */
  readonly axes: number
  readonly centres: number
}

/** Fewer rows a centre would make each row its own. */
const fewestRowsOfCentre = 16
/** Share of the mean variance that is added along every axis: few rows make some of them look flatter than they are. */
const ridge = 0.1

/** Fits a cloud on points of one length. */
export function fitCloud(points: readonly Float32Array[], { axes: most, centres }: CloudShape): Cloud {
  const { mean, axes, variances } = principalAxes(points)
  const kept = Math.min(most, axes.length, Math.max(1, points.length - 1))
  const beyond = variances.slice(kept)
  const usual = variances.reduce((sum, one) => sum + one, 0) / Math.max(1, variances.length)
  const rest = beyond.length === 0 ? 0 : beyond.reduce((sum, one) => sum + one, 0) / beyond.length
  const count = Math.max(1, Math.min(centres, Math.floor(points.length / fewestRowsOfCentre)))
  return {
    mean: Float32Array.from(mean),
    axes: flat(axes.slice(0, kept)),
    variances: variances.slice(0, kept).map(rounded),
    rest: rounded(Math.max(rest, beyond.length === 0 ? ridge * usual : 0, 1e-9)),
    centres: flat(findCentres(points, count)),
  }
}

function flat(vectors: readonly ArrayLike<number>[]): Float32Array {
  return Float32Array.from(vectors.flatMap(vector => Array.from(vector)))
}
