/** Frames of 20 ms at 16 kHz. */
const frameSamples = 320
const frameMs = 20
/** Softer than this share of the loud frames of a window is a pause. */
const quietShare = 0.1
const loudQuantile = 0.9
/** No word is spoken this long: attention that lasts longer lay on a pause too. */
const longestWordMs = 1000

/** Start and end of a word, from the beginning of its window. */
export interface Span {
  readonly startMs: number
  readonly endMs: number
}

/** Makes the cut of pauses off words that are too long for one, by the loudness of the window (16 kHz). */
export function createTrim(samples: Float32Array): (span: Span) => Span {
  const levels = Float64Array.from({ length: Math.ceil(samples.length / frameSamples) }, (_, frame) => {
    const piece = samples.subarray(frame * frameSamples, (frame + 1) * frameSamples)
    return Math.sqrt(piece.reduce((sum, sample) => sum + sample * sample, 0) / piece.length)
  })
  const threshold = quietShare * (levels.toSorted()[Math.floor(loudQuantile * (levels.length - 1))] ?? 0)
  const isLoud = (level: number): boolean => level > threshold
  return span => {
    if (span.endMs - span.startMs <= longestWordMs) return span
    const from = Math.floor(span.startMs / frameMs)
    const within = levels.subarray(from, Math.ceil(span.endMs / frameMs))
    // The sound that ends it: what the attention waited for.
    const last = within.findLastIndex(isLoud)
    if (last < 0) return span
    let first = last
    while (
      first > 0 &&
      (last - first) * frameMs < longestWordMs &&
      within.subarray(Math.max(0, first - 10), first).some(isLoud)
    )
      first--
    return {
      startMs: Math.max(span.startMs, (from + first) * frameMs),
      endMs: Math.min(span.endMs, (from + last + 1) * frameMs),
    }
  }
}
