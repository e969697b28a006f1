/** Rows that are worked on together: each row below is read once for all of them. */
const block = 4

/**
 * Cholesky's factor of a symmetric positive definite matrix, given its lower triangle, float64 [size, size] by
 * rows. It is written over the matrix, whose upper triangle is left alone.
 * @source Golub, Van Loan, Matrix Computations, section 4.2
 */
export function factorize(matrix: Float64Array, size: number): void {
  for (let first = 0; first < size; first += block) {
    const last = Math.min(size, first + block)
    if (last - first === block) reduceBlock(matrix, size, first)
    else for (let i = first; i < last; i += 1) reduceRow(matrix, size, i, { from: 0, to: first })
    for (let i = first; i < last; i += 1) {
      reduceRow(matrix, size, i, { from: first, to: i })
      const pivot = matrix[i * size + i]! - dotOf(matrix, i * size, i * size, i)
      matrix[i * size + i] = Math.sqrt(Math.max(tiniest, pivot))
    }
  }
}

/** Columns `from` to `to`, which is left out. */
interface Columns {
  readonly from: number
  readonly to: number
}

/** The given columns of one row. */
function reduceRow(matrix: Float64Array, size: number, i: number, { from, to }: Columns): void {
  for (let j = from; j < to; j += 1) {
    const sum = matrix[i * size + j]! - dotOf(matrix, i * size, j * size, j)
    matrix[i * size + j] = sum / matrix[j * size + j]!
  }
}

/** Columns 0 to `first` of the four rows from `first` on. */
function reduceBlock(matrix: Float64Array, size: number, first: number): void {
  const a = first * size
  const b = a + size
  const c = b + size
  const d = c + size
  for (let j = 0; j < first; j += 1) {
    const row = j * size
    let [one, two, three, four] = [0, 0, 0, 0]
    for (let k = 0; k < j; k += 1) {
      const value = matrix[row + k]!
      one += matrix[a + k]! * value
      two += matrix[b + k]! * value
      three += matrix[c + k]! * value
      four += matrix[d + k]! * value
    }
    const scale = 1 / matrix[row + j]!
    matrix[a + j] = (matrix[a + j]! - one) * scale
    matrix[b + j] = (matrix[b + j]! - two) * scale
    matrix[c + j] = (matrix[c + j]! - three) * scale
    matrix[d + j] = (matrix[d + j]! - four) * scale
  }
}

/** Solves for one right side, given what {@link factorize} left. */
export function solveFactored(lower: Float64Array, right: ArrayLike<number>): Float64Array {
  const size = right.length
  const solution = Float64Array.from(right)
  for (let i = 0; i < size; i += 1) {
    let sum = solution[i]!
    for (let k = 0; k < i; k += 1) sum -= lower[i * size + k]! * solution[k]!
    solution[i] = sum / lower[i * size + i]!
  }
  // By columns of the transpose, that is by rows of the factor: memory is met in its order.
  for (let i = size - 1; i >= 0; i -= 1) {
    const value = solution[i]! / lower[i * size + i]!
    solution[i] = value
    for (let k = 0; k < i; k += 1) solution[k]! -= lower[i * size + k]! * value
  }
  return solution
}

/** Rounding may bring a pivot to nothing where rows are the same. */
const tiniest = 1e-12

function dotOf(matrix: Float64Array, a: number, b: number, count: number): number {
  let sum = 0
  for (let k = 0; k < count; k += 1) sum += matrix[a + k]! * matrix[b + k]!
  return sum
}
