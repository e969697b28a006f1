import { randomBytes } from 'node:crypto'
import type { Clock } from '#services/contract/clock'
import { isGatewayError } from '#services/contract/errors'
import {
  indexExists,
  indexFull,
  noSuchIndex,
  tooManyIndexes,
  type IndexDocument,
  type IndexHit,
  type IndexSpec,
  type IndexState,
  type IndexStore,
} from '../index-store.ts'
import { openPostgres, type Ask, type PostgresOptions } from './open-postgres.ts'
import { createTables, tableOf } from './tables.ts'
import { searchRows, vectorText, wordsText } from './search-rows.ts'
import { createWordShares } from './word-shares.ts'

/** What the store is told. */
export interface PgvectorOptions extends PostgresOptions {
  /** Indexes of one tenant. */
  readonly mostIndexes: number
  /** Chunks of one index. */
  readonly mostChunks: number
  /** How long a document that is on its way may take: removals are remembered so long. */
  readonly orderMs: number
}

interface IndexRow {
  readonly index_id: string
  readonly spec: IndexSpec
  readonly made: string
  readonly version: string
  readonly documents: string
  readonly chunks: string
}

/** Indexes in Postgres with pgvector: one table an index, with a graph over its vectors. */
export async function createPgvectorIndexStore(options: PgvectorOptions, clock: Clock): Promise<IndexStore> {
  const { mostIndexes, mostChunks, orderMs } = options
  const postgres = await openPostgres(options)
  const ready = createTables(postgres)
  const shares = createWordShares(postgres)
  const known = new Map<string, IndexState>()

  const find = async (tenant: string, name: string): Promise<IndexState | undefined> => {
    await ready()
    const found = 'SELECT * FROM sluice_indexes WHERE tenant = $1 AND name = $2'
    const [row] = await postgres.query<IndexRow>(found, [tenant, name])
    return row === undefined ? undefined : stateOf(row)
  }
  /** Changes of one index come one after the other. */
  const change = async <Result>(
    tenant: string,
    name: string,
    work: (ask: Ask, index: IndexState) => Promise<Result>,
  ): Promise<Result> => {
    await ready()
    return postgres.inTransaction(async ask => {
      const found = 'SELECT * FROM sluice_indexes WHERE tenant = $1 AND name = $2 FOR UPDATE'
      const [row] = await ask<IndexRow>(found, [tenant, name])
      if (row === undefined) throw noSuchIndex()
      return work(ask, stateOf(row))
    })
  }

  return {
    find,
    async create(spec) {
      await ready()
      const indexId = randomBytes(8).toString('hex')
      return postgres.inTransaction(async ask => {
        await ask('SELECT pg_advisory_xact_lock(hashtext($1))', [spec.tenant])
        const names = await ask<{ name: string }>('SELECT name FROM sluice_indexes WHERE tenant = $1', [spec.tenant])
        if (names.some(({ name }) => name === spec.name)) throw indexExists()
        if (names.length >= mostIndexes) throw tooManyIndexes(mostIndexes)
        const [row] = await ask<IndexRow>(
          'INSERT INTO sluice_indexes (tenant, name, index_id, spec, made) VALUES ($1, $2, $3, $4, $5) RETURNING *',
          [spec.tenant, spec.name, indexId, JSON.stringify(spec), Math.floor(clock.now())],
        )
        const table = tableOf(indexId)
        await ask(
          `CREATE TABLE ${table} (document_id text, chunk int, title text, text text NOT NULL, metadata jsonb NOT NULL, locator jsonb,
            ordered_at double precision NOT NULL, words tsvector NOT NULL, embedding vector(${spec.dimensions}) NOT NULL, PRIMARY KEY (document_id, chunk))`,
        )
        await ask(
          `CREATE INDEX ON ${table} USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 128)`,
        )
        await ask(`CREATE INDEX ON ${table} USING gin (words)`)
        if (row === undefined) throw new Error('Postgres did not give back what it took')
        return stateOf(row)
      })
    },
    async list(tenant) {
      await ready()
      const found = 'SELECT * FROM sluice_indexes WHERE tenant = $1 ORDER BY name COLLATE "C"'
      return (await postgres.query<IndexRow>(found, [tenant])).map(stateOf)
    },
    async drop(tenant, name) {
      await ready()
      return postgres.inTransaction(async ask => {
        const dropped = 'DELETE FROM sluice_indexes WHERE tenant = $1 AND name = $2 RETURNING *'
        const [row] = await ask<IndexRow>(dropped, [tenant, name])
        if (row === undefined) return false
        await ask(`DROP TABLE ${tableOf(row.index_id)}`)
        await ask('DELETE FROM sluice_removed WHERE index_id = $1', [row.index_id])
        return true
      })
    },
    put: (tenant, name, document) =>
      change(tenant, name, async (ask, index) => {
        const { documentId, orderedAt, chunks } = document
        const [removed] = await ask<{ at: string }>(
          'SELECT at FROM sluice_removed WHERE index_id = $1 AND document_id = $2',
          [index.indexId, documentId],
        )
        if (orderedAt < index.createdAt || (removed !== undefined && orderedAt <= Number(removed.at))) return false
        const [newer] = await ask(
          `SELECT 1 FROM ${tableOf(index.indexId)} WHERE document_id = $1 AND ordered_at > $2 LIMIT 1`,
          [documentId, orderedAt],
        )
        if (newer !== undefined) return false
        const before = await clear(ask, index.indexId, [documentId])
        const more = chunks.length - before.chunks
        if (more > 0 && index.chunks + more > mostChunks) throw indexFull(mostChunks)
        await insert(ask, index.indexId, document)
        await count(ask, index.indexId, { chunks: more, documents: 1 - before.documents })
        return true
      }),
    remove: (tenant, name, documentIds) =>
      change(tenant, name, async (ask, { indexId }) => {
        const now = clock.now()
        const before = await clear(ask, indexId, documentIds)
        await ask(
          `INSERT INTO sluice_removed (index_id, document_id, at) SELECT $1, unnest($2::text[]), $3
            ON CONFLICT (index_id, document_id) DO UPDATE SET at = excluded.at`,
          [indexId, [...new Set(documentIds)], now],
        )
        await ask('DELETE FROM sluice_removed WHERE index_id = $1 AND at <= $2', [indexId, now - orderMs])
        await count(ask, indexId, { chunks: -before.chunks, documents: -before.documents })
        return before.documents
      }),
    async search(tenant, name, query) {
      const key = JSON.stringify([tenant, name])
      const kept = known.get(key)
      const found = async ({ indexId, chunks }: IndexState): Promise<readonly IndexHit[]> => {
        const table = tableOf(indexId)
        return searchRows(table, query, () => shares(table, chunks), postgres)
      }
      // Its table is gone where it was dropped since, whether there is another of the name or not.
      const hits = kept === undefined ? undefined : await found(kept).catch(unlessGone)
      if (hits !== undefined) return hits
      known.delete(key)
      const index = await find(tenant, name)
      if (index === undefined) throw noSuchIndex()
      if (known.size >= mostKnown) known.clear()
      known.set(key, index)
      return found(index)
    },
    close: () => postgres.close(),
  }
}

/** Indexes whose tables a router remembers. */
const mostKnown = 1000

function unlessGone(error: unknown): undefined {
  if (isGatewayError(error) && error.code === 'NotFound') return undefined
  throw error
}

interface Counts {
  readonly documents: number
  readonly chunks: number
}

async function clear(ask: Ask, indexId: string, documentIds: readonly string[]): Promise<Counts> {
  const rows = await ask<{ document_id: string }>(
    `DELETE FROM ${tableOf(indexId)} WHERE document_id = ANY($1::text[]) RETURNING document_id`,
    [documentIds],
  )
  return { documents: new Set(rows.map(row => row.document_id)).size, chunks: rows.length }
}

async function insert(
  ask: Ask,
  indexId: string,
  { documentId, title, metadata, chunks, orderedAt }: IndexDocument,
): Promise<void> {
  await ask(
    `INSERT INTO ${tableOf(indexId)} (document_id, chunk, title, text, metadata, words, embedding, locator, ordered_at)
      SELECT $1, at - 1, $2, piece, $3, to_tsvector('simple', words), embedding::vector, locator::jsonb, $8
      FROM unnest($4::text[], $5::text[], $6::text[], $7::text[])
        WITH ORDINALITY AS rows (piece, words, embedding, locator, at)`,
    [
      documentId,
      title ?? null,
      JSON.stringify(metadata),
      chunks.map(({ text }) => text),
      chunks.map(({ text }) => wordsText(title === undefined ? text : `${title} ${text}`)),
      chunks.map(({ vector }) => vectorText(vector)),
      chunks.map(({ locator }) => (locator === undefined ? null : JSON.stringify(locator))),
      orderedAt,
    ],
  )
}

async function count(ask: Ask, indexId: string, { chunks, documents }: Counts): Promise<void> {
  await ask(
    `UPDATE sluice_indexes SET version = version + 1, chunks = chunks + $2, documents = documents + $3
      WHERE index_id = $1`,
    [indexId, chunks, documents],
  )
}

function stateOf({ index_id: indexId, spec, made, version, documents, chunks }: IndexRow): IndexState {
  return {
    ...spec,
    indexId,
    createdAt: Number(made),
    version: Number(version),
    documents: Number(documents),
    chunks: Number(chunks),
  }
}
