import { letterWidth } from './letter-width.ts'

/** Places of a text's grams in a vector of `gramBuckets`, each once, and how much of each there is. */
export interface HashedGrams {
  readonly places: Int32Array
  /** Square roots of counts: the tenth occurrence adds less than the first. */
  readonly values: Float32Array
}

/** Length of the vector: grams of a short text seldom fall together. */
export const gramBuckets = 8192
const space = 0x20
/** What is beyond this says little more of a request, and costs time. */
const longestRead = 2048

/**
 * A text as a sparse vector: its words, pairs of words, and their runs of three to five characters, hashed. Of the
 * text only letters and digits count, in lower case, so case, space and punctuation change nothing. Pure.
 * @source Weinberger et al., Feature Hashing for Large Scale Multitask Learning (2009)
 */
export function hashGrams(text: string): HashedGrams {
  const places = countGrams(text).slice()
  const values = new Float32Array(places.length)
  for (let at = 0; at < places.length; at += 1) values[at] = takeRoot(places[at]!)
  return { places, values }
}

/** The same with the places in ascending order, as fits go through them. */
export function sortedGrams(text: string): HashedGrams {
  const places = countGrams(text).toSorted()
  return { places, values: Float32Array.from(places, takeRoot) }
}

/**
 * Counts of the text that is read now, and the places where there are any: kept from text to text, since filling
 * 8,192 places costs more than a short text. One more place than there are buckets: a place is written before it is
 * known whether it is new.
 */
const counts = new Uint16Array(gramBuckets)
const touched = new Int32Array(gramBuckets + 1)

/** The square root of a count, which is then 0 for the next text. */
function takeRoot(place: number): number {
  const root = Math.sqrt(counts[place]!)
  counts[place] = 0
  return root
}

/**
 * The units of one word between two spaces: read from a string that is put together, they cost four times as much.
 * Lower case of a text is at most three times as long.
 */
const units = new Uint16Array(3 * longestRead + 2)
units[0] = space

/** Counts the grams of a text; gives the places that are to be taken out, each once. */
function countGrams(text: string): Int32Array {
  let size = 0
  const lower = text.slice(0, longestRead).toLowerCase()
  let before = 0
  let length = 0
  // One place beyond the end, so that the last word ends too.
  for (let at = 0; at <= lower.length; at += 1) {
    const width = letterWidth(lower, at)
    if (width > 0) {
      units[(length += 1)] = lower.charCodeAt(at)
      if (width > 1) units[(length += 1)] = lower.charCodeAt((at += 1))
    } else if (length > 0) {
      units[length + 1] = space
      const hash = hashOf(length)
      size = count(hash, size)
      size = count(Math.imul(before, 31) ^ hash, size)
      before = hash
      size = countRuns(length + 2, size)
      length = 0
    }
  }
  return touched.subarray(0, size)
}

/** Runs of three, four and five units: written out, since this loop is most of what a text costs. */
function countRuns(length: number, sizeBefore: number): number {
  let size = sizeBefore
  let from = 0
  for (; from + 5 <= length; from += 1) {
    let hash = Math.imul(runSeed ^ units[from]!, prime)
    hash = Math.imul(hash ^ units[from + 1]!, prime)
    hash = Math.imul(hash ^ units[from + 2]!, prime)
    size = count(hash, size)
    hash = Math.imul(hash ^ units[from + 3]!, prime)
    size = count(hash, size)
    size = count(Math.imul(hash ^ units[from + 4]!, prime), size)
  }
  for (; from + 3 <= length; from += 1) {
    let hash = Math.imul(runSeed ^ units[from]!, prime)
    hash = Math.imul(hash ^ units[from + 1]!, prime)
    hash = Math.imul(hash ^ units[from + 2]!, prime)
    size = count(hash, size)
    if (from + 4 <= length) size = count(Math.imul(hash ^ units[from + 3]!, prime), size)
  }
  return size
}

/** Counts a gram; gives how many places are touched now. Without a branch: whether a gram is new is hard to foresee. */
function count(hash: number, size: number): number {
  // The upper bits of FNV are the better mixed ones.
  const place = (hash ^ (hash >>> 15)) & (gramBuckets - 1)
  const known = counts[place]!
  counts[place] = known + 1
  touched[size] = place
  return size + ((known - 1) >>> 31)
}

const prime = 0x01_00_01_93
const wordSeed = 0x81_1c_9d_c5
/** Runs of characters and words that are spelt alike are different grams. */
const runSeed = 0x2f_0b_44_69

/** FNV-1a over the UTF-16 units of a word: short, and the same everywhere. */
function hashOf(length: number): number {
  let hash = wordSeed
  for (let at = 1; at <= length; at += 1) hash = Math.imul(hash ^ units[at]!, prime)
  return hash
}
