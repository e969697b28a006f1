import { z } from 'zod'
import type { PartDescription } from '#services/decision/policy/policy'

const numbers = z.record(z.string(), z.unknown())

const outcome = z.object({
  score: z.number().min(0).max(1).optional(),
  costUsd: z.number().min(0).optional(),
  latencyMs: z.number().min(0).optional(),
  confidence: z.number().optional(),
  answer: z.union([z.string(), z.number()], 'text or a number').transform(String).optional(),
  outputChars: z.number().min(0).optional(),
  signals: z.record(z.string(), z.number()).optional(),
})

const part = z.union(
  [
    z.object({ text: z.string() }),
    z.object({ image: numbers }),
    z.object({ audio: numbers }),
    z.object({ video: numbers }),
  ],
  'a part: {"text": …}, {"image": {…}}, {"audio": {…}} or {"video": {…}}',
)

/** What every record has of itself is no name of a model. */
const modelName = z
  .string()
  .refine(name => !(name in Object.prototype), 'another name for the model: this one is reserved')

/** One row of an outcome table; fields that are not known are let through and not used. */
export const outcomeRowSchema = z.looseObject({
  id: z.union([z.string(), z.number()], 'text or a number').transform(String),
  dataset: z.string().default(''),
  group: z.string().optional(),
  content: z.array(part).default([]),
  outcomes: z.record(modelName, outcome),
})

/** Fields that have a meaning of their own, and are no columns. */
const meant = new Set(['id', 'dataset', 'group', 'content', 'outcomes'])

/** What else a row says of itself, such as its speaker or its font: by these columns tables are sliced. */
export function columnsOf(row: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const columns = Object.entries(row).flatMap(([name, value]): [string, string][] =>
    !meant.has(name) && ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)]] : [],
  )
  return Object.fromEntries(columns)
}

/**
 * Turns a row's content into what estimators see: numbers of media become features, words beside them (captions,
 * text in the image) text.
 */
export function partsOf(content: z.output<typeof outcomeRowSchema>['content']): readonly PartDescription[] {
  return content.map((one): PartDescription => {
    if ('text' in one) return { kind: 'text', text: one.text }
    if ('image' in one) {
      const text = Object.values(one.image).filter(value => typeof value === 'string')
      return { kind: 'image', features: numbersOf(one.image), ...(text.length > 0 && { text: text.join('\n') }) }
    }
    return 'audio' in one
      ? { kind: 'audio', features: numbersOf(one.audio) }
      : { kind: 'video', features: numbersOf(one.video) }
  })
}

function numbersOf(record: Readonly<Record<string, unknown>>): Readonly<Record<string, number>> {
  const numeric = Object.entries(record).flatMap(([name, value]): [string, number][] =>
    typeof value === 'number' && Number.isFinite(value) ? [[name, value]] : [],
  )
  return Object.fromEntries(numeric)
}
