import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { freePort } from '#services/cli/system/private-redis'

/** A real Postgres with pgvector, in WebAssembly, on a port of its own. */
export interface EmbeddedPostgres {
  readonly url: string
  /** Removes every table. */
  clear(): Promise<void>
  stop(): Promise<void>
}

/** Starts it, empty. */
export async function startEmbeddedPostgres(): Promise<EmbeddedPostgres> {
  const database = await PGlite.create({ extensions: { vector } })
  const port = await freePort()
  const server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port, maxConnections: 20 })
  await server.start()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async clear() {
      await database.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    },
    async stop() {
      await server.stop()
      await database.close()
    },
  }
}
