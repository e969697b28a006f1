/**
 * How often times of each length came, in buckets that grow by a fixed ratio: pairs of bucket and count, shortest
 * first.
 */
export type TimeSketch = readonly (readonly [bucket: number, count: number])[]

/** Each bucket is 8 % longer than the one before, so a quantile is off by 4 % at most. */
const growth = Math.log(1.08)
const shortestMs = 0.1

/** The bucket of a time. */
function bucketOf(ms: number): number {
  return Math.max(0, Math.round(Math.log(Math.max(shortestMs, ms) / shortestMs) / growth))
}

function timeOf(bucket: number): number {
  return shortestMs * Math.exp(bucket * growth)
}

/** Times as they come: old ones weigh less, so that a change is followed. */
export interface TimeRecorder {
  /** `nowMs`: by whatever clock, as long as it is the same. */
  add(ms: number, nowMs: number): void
  /** As it is at that time. */
  sketch(nowMs: number): TimeSketch
}

/**
 * Weight at which all that was counted so far is halved: enough for a 99th percentile, few enough to follow a
 * change.
 */
const halveAt = 600
/** A bucket lighter than this is forgotten. */
const lightest = 0.05

/** What was measured weighs half as much after this time. */
const halfLifeMs = 15 * 60_000

/** What is left of a weight after some time. */
export function fadeOver(ms: number): number {
  return 2 ** (-Math.max(0, ms) / halfLifeMs)
}

/** Makes a recorder. */
export function createTimeRecorder(): TimeRecorder {
  let counts = new Map<number, number>()
  let total = 0
  let at = 0
  const weaken = (factor: number): void => {
    if (factor > weakenFrom) return
    counts = new Map(
      [...counts].map(([bucket, count]) => [bucket, count * factor] as const).filter(([, count]) => count > lightest),
    )
    total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  }
  return {
    add(ms, nowMs) {
      const factor = fadeOver(nowMs - at)
      if (factor <= weakenFrom) {
        weaken(factor)
        at = nowMs
      }
      const bucket = bucketOf(ms)
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
      total += 1
      if (total >= halveAt) weaken(0.5)
    },
    sketch(nowMs) {
      const factor = fadeOver(nowMs - at)
      return [...counts]
        .toSorted(([a], [b]) => a - b)
        .map(([bucket, count]) => [bucket, Math.round(count * factor * 100) / 100] as const)
        .filter(([, count]) => count > 0)
    },
  }
}

/** Fading is done in steps of this. */
const weakenFrom = 0.98

/** The sketch of all its times multiplied, with weights multiplied too. */
export function scaleSketch(sketch: TimeSketch, factor: number, weightFactor = 1): TimeSketch {
  const shift = Math.round(Math.log(factor) / growth)
  return sketch.map(([bucket, count]) => [Math.max(0, bucket + shift), count * weightFactor] as const)
}

/** Adds sketches up. */
export function mergeSketches(sketches: readonly TimeSketch[]): TimeSketch {
  const counts = new Map<number, number>()
  for (const [bucket, count] of sketches.flat()) counts.set(bucket, (counts.get(bucket) ?? 0) + count)
  return [...counts].toSorted(([a], [b]) => a - b)
}

/** Number of times in a sketch. */
export function weightOf(sketch: TimeSketch): number {
  return sketch.reduce((sum, [, count]) => sum + count, 0)
}

/** The time in ms that a share `ratio` in [0,1] of all does not pass; 0 for an empty sketch. */
export function quantileOf(sketch: TimeSketch, ratio: number): number {
  let left = ratio * weightOf(sketch)
  for (const [bucket, count] of sketch) {
    left -= count
    if (left <= 1e-9) return timeOf(bucket)
  }
  return timeOf(sketch.at(-1)?.[0] ?? 0)
}

/** Mean and standard deviation in ms. */
export function momentsOf(sketch: TimeSketch): { readonly meanMs: number; readonly deviationMs: number } {
  const weight = weightOf(sketch)
  if (weight === 0) return { meanMs: 0, deviationMs: 0 }
  const meanMs = sketch.reduce((sum, [bucket, count]) => sum + timeOf(bucket) * count, 0) / weight
  const variance = sketch.reduce((sum, [bucket, count]) => sum + (timeOf(bucket) - meanMs) ** 2 * count, 0) / weight
  return { meanMs, deviationMs: Math.sqrt(variance) }
}
