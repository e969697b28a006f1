import type { Figure } from '#services/calibrate/report'

const resamples = 300

/** Draws rows with replacement, from a seed, as counts by row. */
export function drawResamples(rows: number, seed: number): readonly Uint16Array[] {
  const random = createRandom(seed)
  return Array.from({ length: resamples }, () => {
    const counts = new Uint16Array(rows)
    for (let drawn = 0; drawn < rows; drawn += 1) counts[Math.floor(random() * rows)]! += 1
    return counts
  })
}

/**
 * A statistic on all rows, with the interval between the 2.5th and the 97.5th percentile of resamples.
 * @source Efron, Tibshirani, An Introduction to the Bootstrap (1993), section 13.3
 */
export function figureOf(resampled: readonly Uint16Array[], statistic: (counts?: Uint16Array) => number): Figure {
  const values = resampled
    .map(counts => statistic(counts))
    .filter(value => !Number.isNaN(value))
    .toSorted((a, b) => a - b)
  const at = (share: number): number => values[Math.round(share * (values.length - 1))] ?? Number.NaN
  return { value: statistic(), low: at(0.025), high: at(0.975) }
}

/**
 * Uniform numbers in [0,1) from a seed.
 * @source Steele, Vigna, mulberry32 as a 32-bit SplitMix variant (public domain)
 */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
