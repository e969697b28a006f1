import { z } from 'zod'
import { invalidField } from '#services/contract/errors'

/** Names that every engine can keep. */
const nul = /^[^\0]*$/u
const noNul = 'expected no NUL in it'
const value = z.union(
  [z.string().max(1024).regex(nul, noNul), z.number(), z.boolean()],
  'expected a text without NUL, a number, true or false',
)
/** NUL tells nothing, and not every engine can keep it: text of a PDF may have some. */
const plainText = z.string().transform(given => given.replaceAll('\0', ' '))

const locator = z
  .strictObject({
    page: z.int('expected a whole number').min(1, 'expected a number from 1').optional(),
    startMs: z.number().min(0, 'expected a time from 0').optional(),
    endMs: z.number().min(0, 'expected a time from 0').optional(),
  })
  .refine(({ startMs = 0, endMs = startMs }) => endMs >= startMs, 'expected an end that is not before the start')

const mostSections = 10_000

/** A document as its caller gives it, and as a row of an ingest keeps it. */
export const documentSchema = z.strictObject({
  id: z.string().min(1, 'expected a text').max(512, 'expected at most 512 characters').regex(nul, noNul),
  title: z.string().max(1024, 'expected at most 1024 characters').regex(nul, noNul).optional(),
  text: plainText.pipe(z.string().min(1, 'expected a text')).optional(),
  sections: z
    .array(z.strictObject({ text: plainText, locator: locator.optional() }))
    .min(1)
    .max(mostSections, `expected at most ${mostSections}`)
    .optional(),
  metadata: z
    .record(z.string().min(1).max(64).regex(nul, noNul), value)
    .refine(pairs => Object.keys(pairs).length <= 32, 'expected at most 32 fields')
    .default({}),
})

/** The same, read. */
export type Document = Readonly<z.output<typeof documentSchema>>

/** Reads one. @throws GatewayError InvalidRequest that names the field */
export function readDocument(given: unknown, path: string): Document {
  const read = documentSchema.safeParse(given)
  if (read.success) {
    const { text, sections } = read.data
    if (text === undefined && sections === undefined) throw invalidField(`${path}.text`, 'expected a text')
    if (text !== undefined && sections !== undefined) {
      throw invalidField(`${path}.sections`, 'expected no text beside them')
    }
    return read.data
  }
  const [issue] = read.error.issues
  throw invalidField([path, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'expected a document')
}

/** Characters of all of its text. */
export function charactersOf({ text: whole = '', sections = [] }: Document): number {
  return sections.reduce((sum, section) => sum + section.text.length, whole.length)
}
