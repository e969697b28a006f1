import type { Postgres } from './open-postgres.ts'

/** Any number, the same for all: routers that start together make the tables one after the other. */
const lock = 7_583_921

const statements = [
  'CREATE EXTENSION IF NOT EXISTS vector',
  `CREATE TABLE IF NOT EXISTS sluice_indexes (tenant text, name text, index_id text UNIQUE NOT NULL, spec jsonb NOT NULL,
    made bigint NOT NULL, version bigint NOT NULL DEFAULT 0, documents bigint NOT NULL DEFAULT 0,
    chunks bigint NOT NULL DEFAULT 0, PRIMARY KEY (tenant, name))`,
  `CREATE TABLE IF NOT EXISTS sluice_removed (index_id text, document_id text, at double precision NOT NULL,
    PRIMARY KEY (index_id, document_id))`,
] as const

/** Makes the tables of the store where they are not there, before the first use. Failures are tried again. */
export function createTables(postgres: Postgres): () => Promise<void> {
  let made: Promise<void> | undefined
  return () => {
    made ??= postgres
      .inTransaction(async ask => {
        await ask('SELECT pg_advisory_xact_lock($1)', [lock])
        for (const statement of statements) await ask(statement)
      })
      .catch((error: unknown) => {
        made = undefined
        throw error
      })
    return made
  }
}

/** The table of an index; ids are hex digits of our own. */
export function tableOf(indexId: string): string {
  return `sluice_chunks_${indexId}`
}
