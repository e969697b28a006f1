/** Axes of some points, widest first. */
export interface Axes {
  readonly mean: Float64Array
  /** By axis: [dimensions], length 1. */
  readonly axes: readonly Float64Array[]
  readonly variances: readonly number[]
}

/** Mean, principal axes and the variance along each, of points of one length. Deterministic. */
export function principalAxes(points: readonly Float32Array[]): Axes {
  const width = points[0]?.length ?? 0
  const mean = new Float64Array(width)
  for (const point of points) for (let at = 0; at < width; at += 1) mean[at]! += point[at]! / points.length
  const { values, vectors } = eigen(covarianceOf(points, mean))
  const order = Array.from(values.keys()).toSorted((a, b) => values[b]! - values[a]! || a - b)
  return {
    mean,
    axes: order.map(at => Float64Array.from(vectors, row => row[at]!)),
    variances: order.map(at => Math.max(0, values[at]!)),
  }
}

function covarianceOf(points: readonly Float32Array[], mean: Float64Array): Float64Array[] {
  const width = mean.length
  const sums = Array.from({ length: width }, () => new Float64Array(width))
  const off = new Float64Array(width)
  for (const point of points) {
    for (let at = 0; at < width; at += 1) off[at] = point[at]! - mean[at]!
    for (let row = 0; row < width; row += 1) {
      const sum = sums[row]!
      const value = off[row]! / points.length
      for (let column = 0; column <= row; column += 1) sum[column]! += value * off[column]!
    }
  }
  for (let row = 0; row < width; row += 1) {
    for (let column = 0; column < row; column += 1) sums[column]![row] = sums[row]![column]!
  }
  return sums
}

const mostSweeps = 12

/**
 * Eigenvalues and, in columns, eigenvectors of a symmetric matrix, which is used up.
 * @source Golub, Van Loan, Matrix Computations, section 8.5: cyclic Jacobi
 */
function eigen(matrix: Float64Array[]): { values: Float64Array; vectors: Float64Array[] } {
  const width = matrix.length
  const vectors = matrix.map((_, row) => Float64Array.from({ length: width }, (_one, column) => Number(row === column)))
  const trace = matrix.reduce((sum, row, at) => sum + Math.abs(row[at]!), 0)
  for (let sweep = 0; sweep < mostSweeps; sweep += 1) {
    let off = 0
    for (let row = 0; row < width; row += 1) {
      for (let column = row + 1; column < width; column += 1) {
        off += Math.abs(matrix[row]![column]!)
        rotate(matrix, vectors, row, column)
      }
    }
    if (off <= 1e-10 * trace) break
  }
  return { values: Float64Array.from(matrix, (row, at) => row[at]!), vectors }
}

function rotate(matrix: Float64Array[], vectors: Float64Array[], p: number, q: number): void {
  const [rowP, rowQ] = [matrix[p]!, matrix[q]!]
  const between = rowP[q]!
  if (Math.abs(between) < 1e-14) return
  const theta = (rowQ[q]! - rowP[p]!) / (2 * between)
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  for (let at = 0; at < matrix.length; at += 1) {
    const row = matrix[at]!
    const [a, b] = [row[p]!, row[q]!]
    row[p] = c * a - s * b
    row[q] = s * a + c * b
    const vector = vectors[at]!
    const [v, w] = [vector[p]!, vector[q]!]
    vector[p] = c * v - s * w
    vector[q] = s * v + c * w
  }
  for (let at = 0; at < matrix.length; at += 1) {
    const [a, b] = [rowP[at]!, rowQ[at]!]
    rowP[at] = c * a - s * b
    rowQ[at] = s * a + c * b
  }
}
