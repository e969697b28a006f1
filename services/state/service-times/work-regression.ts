import { workShape, type WorkVector } from './workload.ts'

/**
 * What is known of how time grows with work: the sums of a weighted least-squares fit, which add up over workers.
 * Each measurement is weighted by its expected time, so that a share of a short leg counts as much as the same
 * share of a long one.
 */
export interface WorkSums {
  /** Measurements, old ones weighing less. */
  readonly weight: number
  /** Σ x·xᵀ / expected², row by row, the upper triangle. */
  readonly gram: readonly number[]
  /** Σ x·time / expected². */
  readonly moment: readonly number[]
}

/** Milliseconds a unit of each kind of work. */
export type WorkRates = readonly number[]

const size = workShape.length
const shape = workShape.map(([, unit]) => unit)

/** The pull towards the shape, in measurements: differences between kinds of work soon outweigh it. */
const shapeWeight = 0.3

/** Sums of nothing. */
export const noSums: WorkSums = {
  weight: 0,
  gram: Array.from({ length: (size * (size + 1)) / 2 }, () => 0),
  moment: Array.from({ length: size }, () => 0),
}

/** Adds a measurement that was expected to take `expectedMs`; what was there before weighs `keep` of what it did. */
export function addMeasurement(
  sums: WorkSums,
  vector: WorkVector,
  { ms, expectedMs, keep }: { readonly ms: number; readonly expectedMs: number; readonly keep: number },
): WorkSums {
  const scaled = vector.map(amount => amount / expectedMs)
  return {
    weight: sums.weight * keep + 1,
    gram: pairs.map(([row, column], at) => (sums.gram[at] ?? 0) * keep + (scaled[row] ?? 0) * (scaled[column] ?? 0)),
    moment: scaled.map((amount, at) => (sums.moment[at] ?? 0) * keep + amount * (ms / expectedMs)),
  }
}

/** Adds sums up, each weakened. */
export function addSums(all: readonly { readonly sums: WorkSums; readonly factor: number }[]): WorkSums {
  return {
    weight: all.reduce((sum, { sums, factor }) => sum + sums.weight * factor, 0),
    gram: noSums.gram.map((_, at) => all.reduce((sum, { sums, factor }) => sum + (sums.gram[at] ?? 0) * factor, 0)),
    moment: noSums.moment.map((_, at) =>
      all.reduce((sum, { sums, factor }) => sum + (sums.moment[at] ?? 0) * factor, 0),
    ),
  }
}

/**
 * The rates that fit best, none below 0 and pulled towards the shape, so that one measured input says something of
 * every other: what was never varied keeps its proportion. `undefined` before anything was measured. Pure.
 */
export function fitRates(sums: WorkSums): WorkRates | undefined {
  const scale = scaleOf(sums, shape)
  if (scale === undefined) return undefined
  const prior = shape.map(unit => unit * scale)
  const pinned = new Set<number>()
  for (;;) {
    const rates = solve(sums, prior, pinned)
    const negative = rates.findIndex(rate => rate < 0)
    if (negative < 0) return rates
    pinned.add(negative)
  }
}

/** The factor by which rates fit these sums best; `undefined` of sums of nothing. */
export function scaleOf({ gram, moment }: WorkSums, rates: WorkRates): number | undefined {
  const up = moment.reduce((sum, value, at) => sum + value * (rates[at] ?? 0), 0)
  const down = pairs.reduce(
    (sum, [row, column], at) =>
      sum + (row === column ? 1 : 2) * (gram[at] ?? 0) * (rates[row] ?? 0) * (rates[column] ?? 0),
    0,
  )
  return up > 0 && down > 0 ? up / down : undefined
}

/** The time of an input by rates. */
export function timeBy(rates: WorkRates, vector: WorkVector): number {
  return rates.reduce((sum, rate, at) => sum + rate * (vector[at] ?? 0), 0)
}

/**
 * The part of an input's time that is for kinds of work of which nothing was measured: extrapolated by the shape
 * alone.
 */
export function unmeasuredTimeBy({ gram }: WorkSums, rates: WorkRates, vector: WorkVector): number {
  let sum = 0
  for (const [kind, at] of diagonal) {
    const isMeasured = gram[at]! > 0
    if (!isMeasured) sum += rates[kind]! * (vector[kind] ?? 0)
  }
  return sum
}

/**
 * The sums with all that they hold weighing `factor` as much, in measurements, and its expected times multiplied by
 * `expectedFactor`.
 */
export function scaleSums({ weight, gram, moment }: WorkSums, factor: number, expectedFactor = 1): WorkSums {
  const scale = factor / expectedFactor ** 2
  return { weight: weight * factor, gram: gram.map(value => value * scale), moment: moment.map(value => value * scale) }
}

const pairs = Array.from({ length: size }, (_, row) =>
  Array.from({ length: size - row }, (__, more) => [row, row + more] as const),
).flat()

/**
 * Kinds of work by the place of their own sum. How many tokens of output to expect is measured itself; none in any
 * answer is a measurement too.
 */
const diagonal = pairs.flatMap(([row, column], at) =>
  row === column && workShape[row]![0] !== 'outputTokens' ? [[row, at] as const] : [],
)

/** The equations that are solved now, row by row with their right sides: there is one fit for every leg that ends. */
const rows = new Float64Array(size * (size + 1))
const width = size + 1

/** Solves the normal equations with the pull of the prior; rates that are pinned are 0. */
function solve({ gram, moment }: WorkSums, prior: WorkRates, pinned: ReadonlySet<number>): number[] {
  for (let at = 0; at < pairs.length; at += 1) {
    const [row, column] = pairs[at]!
    rows[row * width + column] = gram[at] ?? 0
    rows[column * width + row] = gram[at] ?? 0
  }
  for (let at = 0; at < size; at += 1) {
    const from = at * width
    const pull = shapeWeight / prior[at]! ** 2
    rows[from + at]! += pull
    rows[from + size] = (moment[at] ?? 0) + pull * prior[at]!
    if (pinned.has(at)) rows.fill(0, from, from + width)
    for (const column of pinned) rows[from + column] = 0
    if (pinned.has(at)) rows[from + at] = 1
  }
  return eliminate()
}

/** Gauss's elimination; the rows are positive definite, so no pivot is looked for. */
function eliminate(): number[] {
  for (let at = 0; at < size; at += 1) {
    for (let below = at + 1; below < size; below += 1) {
      const factor = rows[below * width + at]! / rows[at * width + at]!
      if (factor === 0) continue
      for (let column = at; column <= size; column += 1) {
        rows[below * width + column]! -= factor * rows[at * width + column]!
      }
    }
  }
  const solved = Array.from({ length: size }, () => 0)
  for (let at = size - 1; at >= 0; at -= 1) {
    let rest = rows[at * width + size]!
    for (let column = at + 1; column < size; column += 1) rest -= rows[at * width + column]! * solved[column]!
    solved[at] = rest / rows[at * width + at]!
  }
  return solved
}
