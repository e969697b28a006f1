import { z } from 'zod'
import { invalidField } from '#services/contract/errors'

const value = z.union([z.string().max(1024), z.number(), z.boolean()], 'expected a text, a number, true or false')

/** A document as its caller gives it, and as a row of an ingest keeps it. */
export const documentSchema = z.strictObject({
  id: z.string().min(1, 'expected a text').max(512, 'expected at most 512 characters'),
  title: z.string().max(1024, 'expected at most 1024 characters').optional(),
  text: z.string().min(1, 'expected a text'),
  metadata: z
    .record(z.string().min(1).max(64), value)
    .refine(pairs => Object.keys(pairs).length <= 32, 'expected at most 32 fields')
    .default({}),
})

/** The same, read. */
export type Document = Readonly<z.output<typeof documentSchema>>

/** Reads one. @throws GatewayError InvalidRequest that names the field */
export function readDocument(given: unknown, path: string): Document {
  const read = documentSchema.safeParse(given)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw invalidField([path, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'expected a document')
}
