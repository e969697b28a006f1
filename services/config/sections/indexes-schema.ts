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

/** Indexes of documents. */
export const indexesSchema = z.strictObject({
  perTenant: count.default(32).describe('Indexes of one tenant.'),
  engine: z
    .discriminatedUnion('kind', [exact], 'expected exact')
    .prefault({ kind: 'exact' })
    .describe('What keeps and searches them.'),
})
