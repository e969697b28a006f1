import { z } from 'zod'
import { count } from '../field-schemas.ts'

const exact = z.strictObject({
  kind: z.literal('exact').describe('Kept in Redis; each router looks at every chunk in its memory.'),
  chunks: count.max(1_000_000).default(50_000).describe('Most chunks of one index; each search looks at all of them.'),
  memoryMegabytes: z
    .number()
    .positive()
    .default(512)
    .describe('Indexes that one router holds in its memory. Those that are asked least are read again when needed.'),
})

const pgvector = z.strictObject({
  kind: z.literal('pgvector').describe('Kept in Postgres with pgvector; needs `npm install pg`.'),
  url: z.string().min(1).describe('`postgres://user:password@host/database`; take the password from the environment.'),
  chunks: count.default(10_000_000).describe('Most chunks of one index.'),
  connections: count.max(100).default(8).describe('Connections of one router.'),
  timeoutMs: count.default(5000).describe('Most time of one query.'),
})

/** Indexes of documents. */
export const indexesSchema = z.strictObject({
  perTenant: count.default(32).describe('Indexes of one tenant.'),
  engine: z
    .discriminatedUnion('kind', [exact, pgvector], 'one of exact, pgvector')
    .prefault({ kind: 'exact' })
    .describe('What keeps and searches them.'),
})
