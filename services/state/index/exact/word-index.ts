import { wordsOf } from '../words-of.ts'
import { createTopRows, type ScoredRow } from './top-rows.ts'

/** Finds rows by their words. */
export interface WordIndex {
  add(row: number, text: string): void
  /** A row with this text is gone. */
  remove(text: string): void
  /** Rows with any of the words, best first, among those that are wanted. */
  search(text: string, limit: number, isWanted: (row: number) => boolean): readonly ScoredRow[]
}

interface Posting {
  readonly rows: number[]
  readonly counts: number[]
  /** Rows of these that are still there. */
  alive: number
}

/** @source Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", section 3.5 */
const saturation = 1.2
const lengthWeight = 0.75

/**
 * Makes an inverted list with BM25 ranks. Rows that are removed are passed over; a row's number is never used again.
 */
export function createWordIndex(): WordIndex {
  const postings = new Map<string, Posting>()
  const lengths: number[] = []
  let totalLength = 0
  let alive = 0
  return {
    add(row, text) {
      const words = wordsOf(text)
      for (const [word, count] of countsOf(words)) {
        const posting = postings.get(word) ?? { rows: [], counts: [], alive: 0 }
        posting.rows.push(row)
        posting.counts.push(count)
        posting.alive += 1
        postings.set(word, posting)
      }
      lengths[row] = words.length
      totalLength += words.length
      alive += 1
    },
    remove(text) {
      const words = wordsOf(text)
      for (const word of new Set(words)) {
        const posting = postings.get(word)
        if (posting === undefined) continue
        posting.alive -= 1
        if (posting.alive === 0) postings.delete(word)
      }
      totalLength -= words.length
      alive -= 1
    },
    search(text, limit, isWanted) {
      const scores = new Map<number, number>()
      const meanLength = totalLength / Math.max(1, alive)
      for (const word of new Set(wordsOf(text))) {
        const posting = postings.get(word)
        if (posting === undefined) continue
        const rarity = Math.log(1 + (alive - posting.alive + 0.5) / (posting.alive + 0.5))
        for (const [at, row] of posting.rows.entries()) {
          const count = posting.counts[at] ?? 0
          const length = (lengths[row] ?? 0) / meanLength
          const weight = (count * (saturation + 1)) / (count + saturation * (1 - lengthWeight + lengthWeight * length))
          scores.set(row, (scores.get(row) ?? 0) + rarity * weight)
        }
      }
      const top = createTopRows(limit)
      for (const [row, score] of scores) if (score > top.least && isWanted(row)) top.add(row, score)
      return top.sorted()
    },
  }
}

function countsOf(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}
