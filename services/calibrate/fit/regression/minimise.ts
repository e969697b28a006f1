/**
 * A function to be made small: its value at a point, and its gradient, which is written into the array that is
 * given.
 */
export type Objective = (point: Float64Array, gradient: Float64Array) => number

/** Steps that are remembered for the curvature. */
const memory = 8
/** A step that comes down by less than this share of the value ends the search. */
const enough = 1e-5
/** Share of the slope's promise that a step must keep. */
const kept = 1e-4
const mostHalvings = 30

interface Pair {
  readonly change: Float64Array
  readonly curvature: Float64Array
  readonly inverse: number
}

/**
 * Minimises a smooth function from a point, by L-BFGS with backtracking. Deterministic.
 * @source Nocedal, Wright, Numerical Optimization, algorithms 7.4 and 7.5, section 3.1 (backtracking)
 */
export function minimise(objective: Objective, start: Float64Array, mostSteps: number): Float64Array {
  let point: Float64Array = Float64Array.from(start)
  let gradient: Float64Array = new Float64Array(point.length)
  let value = objective(point, gradient)
  const pairs: Pair[] = []
  for (let step = 0; step < mostSteps; step += 1) {
    const direction = directionOf(gradient, pairs)
    const slope = dot(direction, gradient)
    if (!(slope < 0)) break
    const next = search(objective, {
      point,
      value,
      slope,
      direction,
      length: pairs.length === 0 ? firstLength(gradient) : 1,
    })
    if (next === undefined) break
    remember(pairs, difference(next.point, point), difference(next.gradient, gradient))
    const gained = value - next.value
    ;({ point, gradient, value } = next)
    if (gained <= enough * Math.abs(value)) break
  }
  return point
}

/** The first step knows no curvature: it is no longer than one. */
function firstLength(gradient: Float64Array): number {
  return Math.min(1, 1 / Math.sqrt(dot(gradient, gradient)))
}

interface Line {
  readonly point: Float64Array
  readonly value: number
  readonly slope: number
  readonly direction: Float64Array
  readonly length: number
}

interface Found {
  readonly point: Float64Array
  readonly gradient: Float64Array
  readonly value: number
}

/** The longest of ever halved steps that comes down as far as it should; `undefined` where none does. */
function search(objective: Objective, { point, value, slope, direction, length }: Line): Found | undefined {
  let step = length
  for (let halving = 0; halving < mostHalvings; halving += 1) {
    const next = point.map((at, index) => at + step * direction[index]!)
    const gradient = new Float64Array(point.length)
    const found = objective(next, gradient)
    if (found <= value + kept * step * slope) return { point: next, gradient, value: found }
    step /= 2
  }
  return undefined
}

/** The gradient, corrected by the curvature of earlier steps (L-BFGS). */
function directionOf(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map(value => -value)
  const shares: number[] = []
  for (const { change, curvature, inverse } of pairs.toReversed()) {
    const share = inverse * dot(change, direction)
    shares.push(share)
    add(direction, curvature, -share)
  }
  const last = pairs.at(-1)
  if (last !== undefined) scale(direction, 1 / (last.inverse * dot(last.curvature, last.curvature)))
  for (const { change, curvature, inverse } of pairs)
    add(direction, change, shares.pop()! - inverse * dot(curvature, direction))
  return direction
}

/** A step along which the slope did not rise tells nothing of the curvature. */
function remember(pairs: Pair[], change: Float64Array, curvature: Float64Array): void {
  const product = dot(change, curvature)
  if (product <= 1e-12 * dot(curvature, curvature)) return
  pairs.push({ change, curvature, inverse: 1 / product })
  if (pairs.length > memory) pairs.shift()
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at += 1) sum += a[at]! * b[at]!
  return sum
}

function add(to: Float64Array, what: Float64Array, times: number): void {
  for (let at = 0; at < to.length; at += 1) to[at]! += times * what[at]!
}

function scale(values: Float64Array, factor: number): void {
  for (let at = 0; at < values.length; at += 1) values[at]! *= factor
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, at) => value - b[at]!)
}
