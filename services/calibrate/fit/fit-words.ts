import type { HashedWords } from '../../shared/policy/features/hash-words.ts'

/** Length of the vector of hashed words. */
export const wordBuckets = 4096

/** Penalty of a weight, in units of one row's information: a word must be seen often to count. */
const ridge = 5
const steps = 40
/** Shares of the weights that are tried on every fourth row: with few rows words may only mislead. */
const shares = [0, 0.3, 0.6, 1]

/** Fits what words add to a fit that is there already (`offsets`, as log odds): weights by bucket. Deterministic. */
export function fitWords(
  rows: readonly HashedWords[],
  targets: readonly number[],
  offsets: readonly number[],
): Float64Array {
  const indices = rows.map((_, index) => index)
  const trial = descend(
    rows,
    targets,
    offsets,
    indices.filter(index => index % 4 !== 3),
  )
  const held = indices.filter(index => index % 4 === 3)
  const losses = shares.map(share => lossOf(rows, targets, offsets, held, trial, share))
  const share = shares[losses.indexOf(Math.min(...losses))] ?? 0
  return share === 0
    ? new Float64Array(wordBuckets)
    : descend(rows, targets, offsets, indices).map(weight => share * weight)
}

/** What words add to the log odds of a row. */
export function applyWords(weights: Float64Array, { places, values }: HashedWords): number {
  let sum = 0
  for (let at = 0; at < places.length; at += 1) sum += weights[places[at]!]! * values[at]!
  return sum
}

/** Accelerated gradient descent. @source Nesterov (1983); the step is one over the curvature, found by power iteration */
function descend(
  rows: readonly HashedWords[],
  targets: readonly number[],
  offsets: readonly number[],
  used: readonly number[],
): Float64Array {
  const step = 1 / (0.25 * largestEigenvalue(rows, used) + ridge)
  let weights = new Float64Array(wordBuckets)
  let ahead = weights
  for (let at = 1; at <= steps; at += 1) {
    const gradient = ahead.map(weight => ridge * weight)
    for (const index of used) {
      const logit = offsets[index]! + applyWords(ahead, rows[index]!)
      addTo(gradient, rows[index]!, 1 / (1 + Math.exp(-logit)) - targets[index]!)
    }
    const next = ahead.map((weight, place) => weight - step * gradient[place]!)
    const momentum = at / (at + 3)
    ahead = next.map((weight, place) => weight + momentum * (weight - weights[place]!))
    weights = next
  }
  return weights
}

function largestEigenvalue(rows: readonly HashedWords[], used: readonly number[]): number {
  let vector = new Float64Array(wordBuckets).fill(1 / Math.sqrt(wordBuckets))
  let value = 1
  for (let round = 0; round < 6; round += 1) {
    const next = new Float64Array(wordBuckets)
    for (const index of used) addTo(next, rows[index]!, applyWords(vector, rows[index]!))
    value = Math.sqrt(next.reduce((sum, one) => sum + one * one, 0)) || 1
    vector = next.map(one => one / value)
  }
  return 1.1 * value
}

function addTo(sums: Float64Array, { places, values }: HashedWords, weight: number): void {
  for (let at = 0; at < places.length; at += 1) sums[places[at]!]! += weight * values[at]!
}

function lossOf(
  rows: readonly HashedWords[],
  targets: readonly number[],
  offsets: readonly number[],
  held: readonly number[],
  weights: Float64Array,
  share: number,
): number {
  let loss = 0
  for (const index of held) {
    const logit = offsets[index]! + share * applyWords(weights, rows[index]!)
    // ln(1 + e^z) - y z, safe for large z.
    loss += Math.max(0, logit) + Math.log1p(Math.exp(-Math.abs(logit))) - targets[index]! * logit
  }
  return loss
}
