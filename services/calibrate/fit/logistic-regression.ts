import { factorize, solveFactored } from './cholesky.ts'

/** A logistic regression on standardised inputs. */
export interface LogisticFit {
  readonly weights: readonly number[]
  readonly bias: number
}

/** Steps of Newton's method: it doubles the digits at each, and ridge keeps it from running away. */
const steps = 25
/** Beyond five digits a fit is not sure of its weights anyway; the step that falls below is still taken. */
const enough = 1e-5

/**
 * Fits P(y = 1 | x) by ridge-penalised maximum likelihood, with Newton's method; targets may be anything in [0,1]. The bias is not
 * penalised. Deterministic. A fit to start from saves steps.
 * @source Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 4.4.1
 */
export function fitLogistic(
  inputs: readonly Float32Array[],
  targets: readonly number[],
  ridge: number,
  start?: LogisticFit,
): LogisticFit {
  const width = (inputs[0]?.length ?? 0) + 1
  const beta = new Float64Array(width)
  if (start !== undefined) beta.set([...start.weights, start.bias])
  for (let step = 0; step < steps; step += 1) {
    const change = newtonStep(inputs, targets, ridge, beta)
    for (let at = 0; at < width; at += 1) beta[at]! -= change[at]!
    if (change.every(value => Math.abs(value) < enough)) break
  }
  return { weights: Array.from(beta.subarray(0, width - 1)), bias: beta[width - 1]! }
}

function newtonStep(
  inputs: readonly Float32Array[],
  targets: readonly number[],
  ridge: number,
  beta: Float64Array,
): Float64Array {
  const width = beta.length
  const gradient = new Float64Array(width)
  const hessian = new Float64Array(width * width)
  const line = new Float64Array(width)
  line[width - 1] = 1
  for (let index = 0; index < inputs.length; index += 1) {
    line.set(inputs[index]!)
    accumulate(line, targets[index] ?? 0, beta, gradient, hessian)
  }
  for (let at = 0; at < width; at += 1) {
    const penalty = at === width - 1 ? 1e-6 : ridge
    gradient[at]! += penalty * beta[at]!
    hessian[at * width + at]! += penalty
  }
  factorize(hessian, width)
  return solveFactored(hessian, gradient)
}

/** What a fit says of one input. */
export function applyLogistic({ weights, bias }: LogisticFit, row: Float32Array): number {
  let logit = bias
  for (let at = 0; at < row.length; at += 1) logit += row[at]! * weights[at]!
  return 1 / (1 + Math.exp(-logit))
}

/** Adds a row to the gradient and to the lower triangle of the Hessian. */
function accumulate(
  line: Float64Array,
  target: number,
  beta: Float64Array,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  const width = line.length
  let logit = 0
  for (let at = 0; at < width; at += 1) logit += beta[at]! * line[at]!
  const chance = 1 / (1 + Math.exp(-logit))
  const slope = chance - target
  const curve = Math.max(1e-6, chance * (1 - chance))
  for (let a = 0; a < width; a += 1) {
    const x = line[a]!
    gradient[a]! += slope * x
    const scaled = curve * x
    const from = a * width
    for (let b = 0; b <= a; b += 1) hessian[from + b]! += scaled * line[b]!
  }
}
