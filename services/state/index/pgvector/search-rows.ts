import type { Locator } from '#services/contract/retrieval/evidence'
import { joinedDepth, joinRanks } from '../join-ranks.ts'
import type { IndexHit, IndexQuery, Metadata } from '../index-store.ts'
import { wordsOf } from '../words-of.ts'
import { conditionsSql } from './conditions-sql.ts'
import type { Postgres } from './open-postgres.ts'
import { rankWords, tellingWords, type WordShares } from './rank-words.ts'

interface Row {
  readonly document_id: string
  readonly chunk: number
  readonly title: string | null
  readonly locator: Locator | null
  readonly text: string
  readonly metadata: Metadata
  readonly similarity?: number
}

const columns = 'document_id, chunk, title, text, metadata, locator'
/** Chunks with the words that are ranked. */
const rankedChunks = 200

/** Finds chunks of one table, best first. */
export async function searchRows(
  table: string,
  query: IndexQuery,
  shares: () => Promise<WordShares>,
  postgres: Postgres,
): Promise<readonly IndexHit[]> {
  const [near, worded] = await Promise.all([
    query.vector === undefined ? [] : nearest(table, query, query.vector, postgres),
    query.text === undefined ? [] : withWords(table, query, query.text, { shares: await shares(), postgres }),
  ])
  const rows = new Map([...near, ...worded.map(({ row }) => row)].map(row => [keyOf(row), row]))
  const similarities = new Map(near.map(row => [keyOf(row), row.similarity]))
  const wordScores = new Map(worded.map(({ row, score }) => [keyOf(row), score]))
  const joined = joinRanks([near.map(keyOf), worded.map(({ row }) => keyOf(row))])
  return joined.slice(0, query.limit).flatMap(({ key, score }): readonly IndexHit[] => {
    const row = rows.get(key)
    if (row === undefined) return []
    const { document_id: documentId, chunk, title, locator, text, metadata } = row
    const [similarity, wordScore] = [similarities.get(key), wordScores.get(key)]
    return [
      {
        documentId,
        chunk,
        ...(title === null ? {} : { title }),
        ...(locator === null ? {} : { locator }),
        text,
        metadata,
        score,
        ...(similarity === undefined ? {} : { similarity }),
        ...(wordScore === undefined ? {} : { wordScore }),
      },
    ]
  })
}

async function nearest(
  table: string,
  { conditions, limit }: IndexQuery,
  vector: Float32Array,
  postgres: Postgres,
): Promise<readonly Row[]> {
  const values: unknown[] = [vectorText(vector), joinedDepth(limit)]
  const wanted = conditionsSql(conditions, values)
  const sql = `SELECT ${columns}, 1 - (embedding <=> $1::vector) AS similarity FROM ${table} WHERE ${wanted}
    ORDER BY embedding <=> $1::vector LIMIT $2`
  const rows = await postgres.query<Row>(sql, values)
  if (conditions.length === 0 || rows.length >= limit) return rows
  // An index that filters what it found may have found too few: every chunk is looked at.
  return postgres.inTransaction(async ask => {
    await ask('SET LOCAL enable_indexscan = off')
    return ask<Row>(sql, values)
  })
}

async function withWords(
  table: string,
  { conditions, limit }: IndexQuery,
  text: string,
  { shares, postgres }: { readonly shares: WordShares; readonly postgres: Postgres },
): Promise<readonly { readonly row: Row; readonly score: number }[]> {
  const words = tellingWords(text, shares)
  if (words.length === 0) return []
  const values: unknown[] = [words.map(word => `'${word}'`).join(' | '), rankedChunks]
  const wanted = conditionsSql(conditions, values)
  const rows = await postgres.query<Row>(
    `SELECT ${columns} FROM ${table} WHERE words @@ $1::tsquery AND ${wanted}
      ORDER BY ts_rank(words, $1::tsquery, 1) DESC LIMIT $2`,
    values,
  )
  const scores = rankWords(text, rows.map(wordsIn), shares)
  return rows
    .map((row, at) => ({ row, score: scores[at] ?? 0 }))
    .toSorted((one, other) => other.score - one.score)
    .slice(0, joinedDepth(limit))
}

function keyOf({ document_id: documentId, chunk }: Row): string {
  return `${chunk} ${documentId}`
}

function wordsIn({ title, text }: Row): string {
  return title === null ? text : `${title} ${text}`
}

/** A text as the column `words` takes it. */
export function wordsText(text: string): string {
  return wordsOf(text).join(' ')
}

/** A vector as pgvector reads it. */
export function vectorText(vector: Float32Array): string {
  return `[${vector.join(',')}]`
}
