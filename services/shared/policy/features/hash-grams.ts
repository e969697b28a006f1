/** Places of a text's grams in a vector, ascending, and how much of each there is. */
export interface HashedGrams {
  readonly places: Int32Array
  /** Square roots of counts: the tenth time says less than the first. */
  readonly values: Float32Array
}

/** Length of the vector: grams of a short text seldom fall together. */
export const gramBuckets = 8192
/** What is beyond this says little more of a request, and costs time. */
const longestRead = 2048
const [shortest, longest] = [3, 5]

/**
 * A text as a sparse vector: its words, pairs of words, and their runs of three to five characters, hashed. Of the text only letters
 * and digits count, in lower case, so case, space and punctuation change nothing. Pure.
 * @source Weinberger et al., Feature Hashing for Large Scale Multitask Learning (2009)
 */
export function hashGrams(text: string): HashedGrams {
  const words =
    text
      .slice(0, longestRead)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  const counts = new Float32Array(gramBuckets)
  let before = 0
  for (const word of words) {
    const hash = hashOf(word, 0, word.length)
    add(counts, hash)
    add(counts, Math.imul(before, 31) ^ hash)
    before = hash
    addRuns(counts, ` ${word} `)
  }
  return sparse(counts)
}

function addRuns(counts: Float32Array, word: string): void {
  for (let from = 0; from + shortest <= word.length; from += 1) {
    let hash = runSeed
    const to = Math.min(word.length, from + longest)
    for (let at = from; at < to; at += 1) {
      hash = Math.imul(hash ^ word.charCodeAt(at), prime)
      if (at - from + 1 >= shortest) add(counts, hash)
    }
  }
}

function add(counts: Float32Array, hash: number): void {
  // The upper bits of FNV are the better mixed ones.
  counts[(hash ^ (hash >>> 15)) & (gramBuckets - 1)]! += 1
}

function sparse(counts: Float32Array): HashedGrams {
  let size = 0
  for (let place = 0; place < gramBuckets; place += 1) if (counts[place]! > 0) size += 1
  const places = new Int32Array(size)
  const values = new Float32Array(size)
  let at = 0
  for (let place = 0; place < gramBuckets; place += 1) {
    const count = counts[place] ?? 0
    if (count === 0) continue
    places[at] = place
    values[at] = Math.sqrt(count)
    at += 1
  }
  return { places, values }
}

const prime = 0x01_00_01_93
const wordSeed = 0x81_1c_9d_c5
/** Runs of characters and words that are spelt alike are different grams. */
const runSeed = 0x2f_0b_44_69

/** FNV-1a over UTF-16 units: short, and the same everywhere. */
function hashOf(word: string, from: number, to: number): number {
  let hash = wordSeed
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), prime)
  return hash
}
