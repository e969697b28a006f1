import { factorize, solveFactored } from './cholesky.ts'

/** A logistic regression on standardised inputs. */
export interface LogisticFit {
  readonly weights: readonly number[]
  readonly bias: number
}

/** Most steps; a fit takes five to fifteen. */
const steps = 100
/** Beyond five digits a fit is not sure of its weights anyway; the step that falls below is still taken. */
const enough = 1e-5
/**
 * The curvature is computed again, which costs the square of the inputs, when a step has not come down to this share
 * of the one before.
 */
const slow = 0.4
/** Shorter steps change nothing that is kept. */
const tooShort = 1e-8
/** Sums over many rows are exact to about this share of them. */
const roundOff = 1e-12

/**
 * Fits P(y = 1 | x) by ridge-penalised maximum likelihood, with Newton's method; targets may be anything in [0,1].
 * The bias is not penalised. Deterministic. A fit to start from saves steps. A step that makes it worse is halved
 * until it does not: where nearly all rows are predicted with certainty the curvature says next to nothing, and
 * whole steps run away.
 * @source Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.1; the curvature is kept
 * while steps shrink (the chord method: Kelley, Iterative Methods for Linear and Nonlinear Equations, section 5.4);
 * Nocedal, Wright, Numerical Optimization, section 3.1 (backtracking)
 */
export function fitLogistic(
  inputs: readonly Float32Array[],
  targets: readonly number[],
  ridge: number,
  start?: LogisticFit,
): LogisticFit {
  const beta = startOf((inputs[0]?.length ?? 0) + 1, start)
  const descent = { inputs, targets, ridge, beta }
  let curvature: Float64Array | undefined
  let change: Float64Array = new Float64Array(beta.length)
  let size = Number.POSITIVE_INFINITY
  let best = Number.POSITIVE_INFINITY
  for (let step = 0; step < steps && size >= tooShort; step += 1) {
    const { loss, gradient } = evaluate(descent)
    if (isWorse(loss, best)) {
      change = change.map(value => value / 2)
      move(beta, change)
      size = largestOf(change)
      curvature = undefined
      continue
    }
    best = loss
    if (size < enough) break
    curvature ??= curvatureAt(descent)
    change = solveFactored(curvature, gradient).map(value => -value)
    move(beta, change)
    const before = size
    size = largestOf(change)
    if (size > slow * before) curvature = undefined
    // A step that is to be taken back is taken back by its halves.
    change = change.map(value => -value)
  }
  return { weights: Array.from(beta.subarray(0, -1)), bias: beta.at(-1) ?? 0 }
}

function startOf(width: number, start: LogisticFit | undefined): Float64Array {
  const fits = start?.weights.length === width - 1
  return fits ? Float64Array.from([...start.weights, start.bias]) : new Float64Array(width)
}

/** Also of a loss that is no number. */
function isWorse(loss: number, best: number): boolean {
  return !(loss <= best + roundOff * Math.abs(best))
}

function move(beta: Float64Array, change: Float64Array): void {
  for (let at = 0; at < beta.length; at += 1) beta[at]! += change[at]!
}

function largestOf(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
}

interface Descent {
  readonly inputs: readonly Float32Array[]
  readonly targets: readonly number[]
  readonly ridge: number
  /** Weights, then the bias. */
  readonly beta: Float64Array
}

const leastPenalty = 1e-6

/** The penalised loss and its gradient. */
function evaluate({ inputs, targets, ridge, beta }: Descent): {
  readonly loss: number
  readonly gradient: Float64Array
} {
  const last = beta.length - 1
  const gradient = beta.map((value, at) => value * (at === last ? leastPenalty : ridge))
  let loss = beta.reduce((sum, value, at) => sum + gradient[at]! * value, 0) / 2
  for (let index = 0; index < inputs.length; index += 1) {
    const row = inputs[index]!
    const target = targets[index] ?? 0
    const logit = logitOf(row, beta)
    const slope = 1 / (1 + Math.exp(-logit)) - target
    // ln(1 + e^logit) - target · logit, without e^logit where that is large.
    loss += Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(logit, 0) - target * logit
    for (let at = 0; at < last; at += 1) gradient[at]! += slope * row[at]!
    gradient[last]! += slope
  }
  return { loss, gradient }
}

/** Rows whose products are added in one pass over the matrix: reading and writing it is what takes the time. */
const rowsAtOnce = 4

/** The penalised Hessian, factorised. */
function curvatureAt({ inputs, ridge, beta }: Descent): Float64Array {
  const width = beta.length
  const hessian = new Float64Array(width * width)
  const lines = Array.from({ length: rowsAtOnce }, () => new Float64Array(width))
  for (let from = 0; from < inputs.length; from += rowsAtOnce) {
    lines.forEach((line, at) => lay(line, inputs[from + at], beta))
    addOuter(hessian, lines)
  }
  for (let at = 0; at < width; at += 1) hessian[at * width + at]! += at === width - 1 ? leastPenalty : ridge
  factorize(hessian, width)
  return hessian
}

/** A row and the bias' one, times the root of the row's weight; zeros where there is no row. */
function lay(line: Float64Array, row: Float32Array | undefined, beta: Float64Array): void {
  line.fill(0)
  if (row === undefined) return
  const chance = 1 / (1 + Math.exp(-logitOf(row, beta)))
  const root = Math.sqrt(Math.max(1e-6, chance * (1 - chance)))
  for (let at = 0; at < row.length; at += 1) line[at] = root * row[at]!
  line[row.length] = root
}

/** Adds the outer products of four lines to the lower triangle. */
function addOuter(matrix: Float64Array, lines: readonly Float64Array[]): void {
  const [one, two, three, four] = lines as [Float64Array, Float64Array, Float64Array, Float64Array]
  const width = one.length
  for (let a = 0; a < width; a += 1) {
    const [first, second, third, fourth] = [one[a]!, two[a]!, three[a]!, four[a]!]
    const from = a * width
    for (let b = 0; b <= a; b += 1) {
      matrix[from + b]! += first * one[b]! + second * two[b]! + third * three[b]! + fourth * four[b]!
    }
  }
}

function logitOf(row: Float32Array, beta: Float64Array): number {
  let logit = beta[row.length]!
  for (let at = 0; at < row.length; at += 1) logit += row[at]! * beta[at]!
  return logit
}

/** The prediction of a fit for one input. */
export function applyLogistic({ weights, bias }: LogisticFit, row: Float32Array): number {
  let logit = bias
  for (let at = 0; at < row.length; at += 1) logit += row[at]! * weights[at]!
  return 1 / (1 + Math.exp(-logit))
}
