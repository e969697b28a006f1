import type { Locator } from '#services/contract/retrieval/evidence'
import { joinedDepth, joinRanks } from '../join-ranks.ts'
import { matches } from '../matches.ts'
import type { IndexDocument, IndexHit, IndexQuery, Metadata } from '../index-store.ts'
import { createTopRows, type ScoredRow } from './top-rows.ts'
import { createWordIndex, type WordIndex } from './word-index.ts'

/** An index in the memory of one process, searched by looking at every chunk. */
export interface ExactIndex {
  readonly chunks: number
  readonly bytes: number
  /** In the place of the document with its id. */
  put(document: IndexDocument): void
  remove(documentId: string): void
  search(query: IndexQuery): Promise<readonly IndexHit[]>
}

interface Row {
  readonly documentId: string
  readonly chunk: number
  readonly title?: string
  readonly locator?: Locator
  readonly text: string
  readonly metadata: Metadata
}

/** Rows that are looked at before others have their turn: about two milliseconds. */
const rowsAtOnce = 8192
const firstRows = 256

/** Makes an empty one. Vectors are held at length 1, so that a product is a cosine. */
export function createExactIndex(dimensions: number): ExactIndex {
  let vectors = new Float32Array(firstRows * dimensions)
  let rows: (Row | undefined)[] = []
  let words: WordIndex = createWordIndex()
  let alive = 0
  let textBytes = 0
  const rowsOf = new Map<string, readonly number[]>()

  const append = (row: Row, vector: Float32Array): number => {
    const at = rows.length
    if ((at + 1) * dimensions > vectors.length) {
      const larger = new Float32Array(vectors.length * 2)
      larger.set(vectors)
      vectors = larger
    }
    vectors.set(vector, at * dimensions)
    rows.push(row)
    words.add(at, wordsIn(row))
    alive += 1
    textBytes += row.text.length * 2
    return at
  }
  const clear = (documentId: string): void => {
    for (const at of rowsOf.get(documentId) ?? []) {
      const row = rows[at]
      if (row === undefined) continue
      rows[at] = undefined
      vectors.fill(0, at * dimensions, (at + 1) * dimensions)
      words.remove(wordsIn(row))
      alive -= 1
      textBytes -= row.text.length * 2
    }
    rowsOf.delete(documentId)
  }
  /** Renumbers the rows without those that are gone. */
  const compact = (): void => {
    const [before, old] = [rows, vectors]
    rows = []
    words = createWordIndex()
    vectors = new Float32Array(Math.max(firstRows, alive * 2) * dimensions)
    alive = 0
    textBytes = 0
    rowsOf.clear()
    for (const [at, row] of before.entries()) {
      if (row === undefined) continue
      const place = append(row, old.subarray(at * dimensions, (at + 1) * dimensions))
      rowsOf.set(row.documentId, [...(rowsOf.get(row.documentId) ?? []), place])
    }
  }

  const nearest = async (
    vector: Float32Array,
    limit: number,
    isWanted: (at: number) => boolean,
  ): Promise<readonly ScoredRow[]> => {
    const query = unitOf(vector)
    const top = createTopRows(limit)
    // Changes meanwhile make new arrays or put zeros into these.
    const [held, count] = [vectors, rows.length]
    for (let from = 0; from < count; from += rowsAtOnce) {
      if (from > 0) await new Promise(resolve => setImmediate(resolve))
      scan({ vectors: held, query, from, to: Math.min(count, from + rowsAtOnce) }, (at, score) => {
        if (score > top.least && isWanted(at)) top.add(at, score)
      })
    }
    return top.sorted()
  }

  return {
    get chunks() {
      return alive
    },
    get bytes() {
      return vectors.byteLength + textBytes
    },
    put(document) {
      clear(document.documentId)
      const { documentId, title, metadata, chunks } = document
      const places = chunks.map(({ vector, ...rest }, chunk) =>
        append({ documentId, chunk, ...(title === undefined ? {} : { title }), ...rest, metadata }, unitOf(vector)),
      )
      rowsOf.set(documentId, places)
      if (rows.length > 2 * alive + firstRows) compact()
    },
    remove(documentId) {
      clear(documentId)
      if (rows.length > 2 * alive + firstRows) compact()
    },
    async search({ vector, text, conditions, limit }) {
      const seen = rows
      const isWanted = (at: number): boolean => {
        const row = seen[at]
        return row !== undefined && matches(row.metadata, conditions)
      }
      const depth = joinedDepth(limit)
      const near = vector === undefined ? [] : await nearest(vector, depth, isWanted)
      const worded = text === undefined || seen !== rows ? [] : words.search(text, depth, isWanted)
      const similarities = new Map(near.map(({ row, score }) => [row, score]))
      const wordScores = new Map(worded.map(({ row, score }) => [row, score]))
      const joined = joinRanks([near, worded].map(list => list.map(({ row }) => row)))
      return joined.slice(0, limit).flatMap(({ key, score }): readonly IndexHit[] => {
        const row = seen[key]
        if (row === undefined) return []
        const [similarity, wordScore] = [similarities.get(key), wordScores.get(key)]
        return [
          {
            ...row,
            score,
            ...(similarity === undefined ? {} : { similarity }),
            ...(wordScore === undefined ? {} : { wordScore }),
          },
        ]
      })
    },
  }
}

interface Scan {
  readonly vectors: Float32Array
  readonly query: Float32Array
  readonly from: number
  readonly to: number
}

/** Products of the query with rows. */
function scan({ vectors, query, from, to }: Scan, take: (row: number, score: number) => void): void {
  for (let row = from; row < to; row += 1) take(row, productAt(vectors, query, row * query.length))
}

/**
 * Four numbers at a time: sums that do not wait for each other are twice as fast. Both arrays are long enough; asking
 * for each number whether it is there takes four times as long.
 */
function productAt(vectors: Float32Array, query: Float32Array, start: number): number {
  const length = query.length
  let one = 0
  let two = 0
  let three = 0
  let four = 0
  let at = 0
  for (; at + 3 < length; at += 4) {
    one += query[at]! * vectors[start + at]!
    two += query[at + 1]! * vectors[start + at + 1]!
    three += query[at + 2]! * vectors[start + at + 2]!
    four += query[at + 3]! * vectors[start + at + 3]!
  }
  for (; at < length; at += 1) one += query[at]! * vectors[start + at]!
  return one + two + three + four
}

function wordsIn({ title, text }: Row): string {
  return title === undefined ? text : `${title} ${text}`
}

/** The vector at length 1; zeros stay. */
function unitOf(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return length > 0 ? vector.map(value => value / length) : vector
}
