import { factorize, solveFactored } from './cholesky.ts'

/** A logistic regression on standardised inputs. */
export interface LogisticFit {
  readonly weights: readonly number[]
  readonly bias: number
}

/** Steps of Newton's method; ridge keeps it from running away. */
const steps = 60
/** Beyond five digits a fit is not sure of its weights anyway; the step that falls below is still taken. */
const enough = 1e-5
/** The curvature is computed anew, which costs the square of the inputs, when a step has not come down to this share of the one before. */
const slow = 0.4

/**
 * Fits P(y = 1 | x) by ridge-penalised maximum likelihood, with Newton's method; targets may be anything in [0,1]. The bias is not
 * penalised. Deterministic. A fit to start from saves steps.
 * @source Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.1; the curvature is kept while steps shrink
 * (the chord method: Kelley, Iterative Methods for Linear and Nonlinear Equations, section 5.4)
 */
export function fitLogistic(
  inputs: readonly Float32Array[],
  targets: readonly number[],
  ridge: number,
  start?: LogisticFit,
): LogisticFit {
  const width = (inputs[0]?.length ?? 0) + 1
  const beta = new Float64Array(width)
  if (start?.weights.length === width - 1) beta.set([...start.weights, start.bias])
  const descent = { inputs, targets, ridge, beta }
  let curvature: Float64Array | undefined
  let before = Number.POSITIVE_INFINITY
  for (let step = 0; step < steps; step += 1) {
    curvature ??= curvatureAt(descent)
    const change = solveFactored(curvature, gradientAt(descent))
    const size = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    for (let at = 0; at < width; at += 1) beta[at]! -= change[at]!
    if (size < enough) break
    if (size > slow * before) curvature = undefined
    before = size
  }
  return { weights: Array.from(beta.subarray(0, width - 1)), bias: beta[width - 1]! }
}

interface Descent {
  readonly inputs: readonly Float32Array[]
  readonly targets: readonly number[]
  readonly ridge: number
  /** Weights, then the bias. */
  readonly beta: Float64Array
}

const leastPenalty = 1e-6

function gradientAt({ inputs, targets, ridge, beta }: Descent): Float64Array {
  const last = beta.length - 1
  const gradient = beta.map((value, at) => value * (at === last ? leastPenalty : ridge))
  for (let index = 0; index < inputs.length; index += 1) {
    const row = inputs[index]!
    const slope = chanceOf(row, beta) - (targets[index] ?? 0)
    for (let at = 0; at < last; at += 1) gradient[at]! += slope * row[at]!
    gradient[last]! += slope
  }
  return gradient
}

/** The penalised Hessian, factorised. */
function curvatureAt({ inputs, ridge, beta }: Descent): Float64Array {
  const width = beta.length
  const hessian = new Float64Array(width * width)
  const line = new Float64Array(width)
  line[width - 1] = 1
  for (const row of inputs) {
    const chance = chanceOf(row, beta)
    line.set(row)
    addOuter(hessian, line, Math.max(1e-6, chance * (1 - chance)))
  }
  for (let at = 0; at < width; at += 1) hessian[at * width + at]! += at === width - 1 ? leastPenalty : ridge
  factorize(hessian, width)
  return hessian
}

/** Adds a weighed outer product to the lower triangle. */
function addOuter(matrix: Float64Array, line: Float64Array, weight: number): void {
  const width = line.length
  for (let a = 0; a < width; a += 1) {
    const scaled = weight * line[a]!
    const from = a * width
    for (let b = 0; b <= a; b += 1) matrix[from + b]! += scaled * line[b]!
  }
}

function chanceOf(row: Float32Array, beta: Float64Array): number {
  let logit = beta[row.length]!
  for (let at = 0; at < row.length; at += 1) logit += row[at]! * beta[at]!
  return 1 / (1 + Math.exp(-logit))
}

/** What a fit says of one input. */
export function applyLogistic({ weights, bias }: LogisticFit, row: Float32Array): number {
  let logit = bias
  for (let at = 0; at < row.length; at += 1) logit += row[at]! * weights[at]!
  return 1 / (1 + Math.exp(-logit))
}
