/** A logistic regression on standardised inputs. */
export interface LogisticFit {
  readonly weights: readonly number[]
  readonly bias: number
}

/** Steps of Newton's method: it doubles the digits at each, and ridge keeps it from running away. */
const steps = 30
const enough = 1e-9

/**
 * Fits P(y = 1 | x) by ridge-penalised maximum likelihood, with Newton's method; targets may be anything in [0,1]. The bias is not
 * penalised. Deterministic.
 * @source Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.1
 */
export function fitLogistic(inputs: readonly Float32Array[], targets: readonly number[], ridge: number): LogisticFit {
  const width = (inputs[0]?.length ?? 0) + 1
  let beta = new Float64Array(width)
  for (let step = 0; step < steps; step += 1) {
    const gradient = new Float64Array(width)
    const hessian = Array.from({ length: width }, () => new Float64Array(width))
    inputs.forEach((row, index) => {
      accumulate(row, targets[index] ?? 0, beta, gradient, hessian)
    })
    for (let at = 0; at < width; at += 1) {
      const penalty = at === width - 1 ? 1e-6 : ridge
      gradient[at]! += penalty * beta[at]!
      hessian[at]![at]! += penalty
    }
    const change = solve(hessian, gradient)
    beta = beta.map((value, at) => value - change[at]!)
    if (Math.hypot(...change) < enough) break
  }
  return { weights: Array.from(beta.subarray(0, width - 1)), bias: beta[width - 1]! }
}

/** What a fit says of one input. */
export function applyLogistic({ weights, bias }: LogisticFit, row: Float32Array): number {
  return 1 / (1 + Math.exp(-row.reduce((sum, value, at) => sum + value * weights[at]!, bias)))
}

function accumulate(
  row: Float32Array,
  target: number,
  beta: Float64Array,
  gradient: Float64Array,
  hessian: Float64Array[],
): void {
  const width = beta.length
  let logit = beta[width - 1]!
  for (let at = 0; at < width - 1; at += 1) logit += beta[at]! * row[at]!
  const chance = 1 / (1 + Math.exp(-logit))
  const slope = chance - target
  const curve = Math.max(1e-6, chance * (1 - chance))
  for (let a = 0; a < width; a += 1) {
    const x = a === width - 1 ? 1 : row[a]!
    gradient[a]! += slope * x
    const line = hessian[a]!
    for (let b = 0; b < width; b += 1) line[b]! += curve * x * (b === width - 1 ? 1 : row[b]!)
  }
}

/** Solves a symmetric positive definite system by Cholesky's factors. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length
  const lower = Array.from({ length: size }, () => new Float64Array(size))
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = matrix[i]![j]!
      for (let k = 0; k < j; k += 1) sum -= lower[i]![k]! * lower[j]![k]!
      lower[i]![j] = i === j ? Math.sqrt(Math.max(1e-12, sum)) : sum / lower[j]![j]!
    }
  }
  const y = new Float64Array(size)
  for (let i = 0; i < size; i += 1) {
    let sum = right[i]!
    for (let k = 0; k < i; k += 1) sum -= lower[i]![k]! * y[k]!
    y[i] = sum / lower[i]![i]!
  }
  const x = new Float64Array(size)
  for (let i = size - 1; i >= 0; i -= 1) {
    let sum = y[i]!
    for (let k = i + 1; k < size; k += 1) sum -= lower[k]![i]! * x[k]!
    x[i] = sum / lower[i]![i]!
  }
  return x
}
