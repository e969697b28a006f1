import { factorize, solveFactored } from '../regression/cholesky.ts'

/** A fit of several targets on likeness to some columns. */
export interface KernelFit {
  /** Which columns have a weight. */
  readonly columns: readonly number[]
  /** By target: weights of the columns. */
  readonly weights: readonly Float64Array[]
  readonly biases: readonly number[]
}

/** Likeness of rows to columns: float32 [rows, size]. */
export interface Likeness {
  readonly gram: Float32Array
  readonly size: number
  /** True where the columns are the rows themselves; else they are landmarks among them, by row. */
  readonly exact: boolean
  readonly landmarks: readonly number[]
}

/**
 * Kernel ridge regression of every target at once, in [0,1] for scores: the mean of a Gaussian process whose noise
 * is `noise` times its prior variance. With landmarks, a subset of regressors stands in for the whole.
 * @source Rasmussen, Williams, Gaussian Processes for Machine Learning (2006), equation 2.25 and section 8.3.1
 * (subset of regressors)
 */
export function fitKernel(
  likeness: Likeness,
  rows: readonly number[],
  targets: readonly Float64Array[],
  noise: number,
): KernelFit {
  const biases = targets.map(target => rows.reduce((sum, row) => sum + target[row]!, 0) / rows.length)
  const centred = targets.map((target, index) => Float64Array.from(rows, row => target[row]! - biases[index]!))
  const weights = likeness.exact
    ? solveExact(likeness, rows, centred, noise)
    : solveLandmarks(likeness, rows, centred, noise)
  return { columns: likeness.exact ? rows : likeness.landmarks.map((_, at) => at), weights, biases }
}

/** The prediction of a fit for a row of its space, for every target. */
export function applyKernel(fit: KernelFit, { gram, size }: Likeness, row: number): readonly number[] {
  return fit.weights.map((weights, target) => {
    let sum = fit.biases[target]!
    for (let at = 0; at < fit.columns.length; at += 1) sum += weights[at]! * gram[row * size + fit.columns[at]!]!
    return sum
  })
}

function solveExact(
  { gram, size }: Likeness,
  rows: readonly number[],
  centred: readonly Float64Array[],
  noise: number,
): readonly Float64Array[] {
  const matrix = new Float64Array(rows.length ** 2)
  rows.forEach((row, i) => {
    for (let j = 0; j <= i; j += 1) matrix[i * rows.length + j] = gram[row * size + rows[j]!]!
    matrix[i * rows.length + i]! += noise
  })
  factorize(matrix, rows.length)
  return centred.map(target => solveFactored(matrix, target))
}

function solveLandmarks(
  { gram, size, landmarks }: Likeness,
  rows: readonly number[],
  centred: readonly Float64Array[],
  noise: number,
): readonly Float64Array[] {
  const matrix = new Float64Array(size ** 2)
  landmarks.forEach((landmark, i) => {
    for (let j = 0; j <= i; j += 1) matrix[i * size + j] = noise * gram[landmark * size + j]!
    // The resolution of single precision.
    matrix[i * size + i]! += noise * 1e-4
  })
  const lines = rows.map(row => gram.subarray(row * size, (row + 1) * size))
  for (let at = 0; at < lines.length; at += 4) addProducts(matrix, size, lines.slice(at, at + 4))
  factorize(matrix, size)
  return centred.map(target => {
    const right = new Float64Array(size)
    rows.forEach((row, at) => {
      const value = target[at]!
      for (let i = 0; i < size; i += 1) right[i]! += value * gram[row * size + i]!
    })
    return solveFactored(matrix, right)
  })
}

/**
 * Adds the products of up to four lines with themselves to the lower triangle: the triangle is met once for all of
 * them.
 */
function addProducts(matrix: Float64Array, size: number, lines: readonly Float32Array[]): void {
  const none = new Float32Array(size)
  const [a = none, b = none, c = none, d = none] = lines
  for (let i = 0; i < size; i += 1) {
    const from = i * size
    const [one, two, three, four] = [a[i]!, b[i]!, c[i]!, d[i]!]
    for (let j = 0; j <= i; j += 1) matrix[from + j]! += one * a[j]! + two * b[j]! + three * c[j]! + four * d[j]!
  }
}
