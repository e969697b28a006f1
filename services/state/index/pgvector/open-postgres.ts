import type { Pool, PoolClient, QueryResultRow } from 'pg'
import { GatewayError, isGatewayError } from '#services/contract/errors'
import { noSuchIndex } from '../index-store.ts'

/** A Postgres as the index store asks it. */
export interface Postgres {
  /** @throws GatewayError Overloaded when it is away */
  query<Row extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<readonly Row[]>
  /** Runs the work in one transaction. @throws GatewayError Overloaded when it is away */
  inTransaction<Result>(work: (ask: Ask) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** Asks within a transaction. */
export type Ask = <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/** Where it is. */
export interface PostgresOptions {
  /** postgres://user:password@host/database */
  readonly url: string
  readonly connections: number
  readonly timeoutMs: number
}

/** More candidates than are joined, so that few of the nearest are missed; filters look on until enough are found. */
const searchSettings = '-c hnsw.ef_search=200 -c hnsw.iterative_scan=relaxed_order'

/** Opens it; connections are made when they are needed. @throws GatewayError Config without the package `pg` */
export async function openPostgres(options: PostgresOptions): Promise<Postgres> {
  const { url, connections, timeoutMs } = options
  const pool: Pool = new (await loadDriver()).Pool({
    connectionString: url,
    max: connections,
    options: searchSettings,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    application_name: 'sluice',
  })
  // A connection that idles and breaks is replaced.
  pool.on('error', () => {})
  return {
    query: (text, values) => toldPlainly(async () => (await pool.query(text, [...values])).rows),
    inTransaction: work =>
      toldPlainly(async () => {
        const client = await pool.connect()
        try {
          return await transact(client, work)
        } finally {
          client.release()
        }
      }),
    close: () => pool.end(),
  }
}

async function loadDriver(): Promise<{ readonly Pool: typeof Pool }> {
  try {
    const { default: driver } = await import('pg')
    return driver
  } catch (error) {
    throw new GatewayError(
      'Config',
      'indexes.engine: pgvector needs the package `pg`: run `npm install pg`',
      {},
      {
        cause: error,
      },
    )
  }
}

async function transact<Result>(client: PoolClient, work: (ask: Ask) => Promise<Result>): Promise<Result> {
  await client.query('BEGIN')
  try {
    const result = await work(async (text, values = []) => (await client.query(text, [...values])).rows)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      // The connection is broken; the error that follows reports it.
    })
    throw error
  }
}

/** Errors of Postgres omit its message, which may contain the query. */
async function toldPlainly<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isGatewayError(error)) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'none'
    // The table of an index that was dropped meanwhile.
    if (code === '42P01') throw noSuchIndex()
    // A sign that its texts cannot have, such as NUL; trying again does not help.
    if (code === '22021' || code === '22P05') {
      throw new GatewayError('InvalidRequest', 'the engine of the indexes cannot keep a sign of this text', {
        reason: 'INDEX_TEXT',
      })
    }
    throw new GatewayError('Overloaded', `the engine of the indexes does not serve now (code ${code})`, {
      reason: 'INDEX_ENGINE_AWAY',
      retryAfterMs: 1000,
    })
  }
}
