/** Places of a text's words in a vector, and their values; of unit length altogether. */
export interface HashedWords {
  readonly places: Int32Array
  readonly values: Float32Array
}

/** Words beyond these say little more of a request, and cost time. */
const longestRead = 4096
const mostWords = 400

/**
 * A text as a short sparse vector: its words and pairs of words, hashed. Pure.
 * @source Weinberger et al., Feature Hashing for Large Scale Multitask Learning (2009)
 */
export function hashWords(text: string, buckets: number): HashedWords {
  const words =
    text
      .slice(0, longestRead)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.slice(0, mostWords) ?? []
  const counts = new Map<number, number>()
  let before = 0
  for (const word of words) {
    const hash = hashOf(word)
    for (const place of [hash % buckets, (Math.imul(before, 31) ^ hash) >>> 0]) {
      const at = place % buckets
      counts.set(at, (counts.get(at) ?? 0) + 1)
    }
    before = hash
  }
  const places = Int32Array.from(counts.keys()).toSorted()
  const values = Float32Array.from(places, place => Math.sqrt(counts.get(place) ?? 0))
  const length = Math.hypot(...values) || 1
  return { places, values: values.map(value => value / length) }
}

/** FNV-1a over UTF-16 units: short, and the same everywhere. */
function hashOf(word: string): number {
  let hash = 0x81_1c_9d_c5
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01_00_01_93)
  return hash >>> 0
}
