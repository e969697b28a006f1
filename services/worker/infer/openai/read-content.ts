import type { Oddity } from '../../oddity.ts'
import { fieldsOf } from '../upstream/read-usage.ts'

/** What a model said, and what it said instead of an answer. */
export interface ReadContent {
  readonly text: string
  readonly refusal: string
  readonly oddities: readonly Oddity[]
}

const nothing: ReadContent = { text: '', refusal: '', oddities: [] }
const unknown: ReadContent = { ...nothing, oddities: ['content-unknown'] }

/** Kinds of parts that hold what a model thinks or cites, which is not what it says. */
const unsaid: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking', 'reasoning', 'reference'])

/**
 * Reads content that is a text or a list of parts: texts, refusals, and what the model thinks. A part of another kind is passed over:
 * the rest is still the answer.
 * @source OpenAI API reference, "The chat completion object"; Mistral AI API, "ContentChunk"
 */
export function readContent(content: unknown): ReadContent {
  if (content === undefined || content === null) return nothing
  if (typeof content === 'string') return { ...nothing, text: content }
  if (!Array.isArray(content)) return readPart(content)
  const parts = content.map(readPart)
  return {
    text: parts.map(part => part.text).join(''),
    refusal: parts.map(part => part.refusal).join(''),
    oddities: parts.flatMap(part => part.oddities),
  }
}

function readPart(part: unknown): ReadContent {
  if (typeof part === 'string') return { ...nothing, text: part }
  const fields = fieldsOf(part)
  if (fields === undefined) return part === null ? nothing : unknown
  const { type, text, refusal } = fields
  if (unsaid.has(type)) return nothing
  if (type === 'refusal' && typeof refusal === 'string') return { ...nothing, refusal }
  const isText = type === undefined || type === 'text' || type === 'output_text'
  if (isText && typeof text === 'string') return { ...nothing, text }
  // Some wrap a text once more, as OpenAI's assistants do.
  const wrapped = isText ? fieldsOf(text)?.['value'] : undefined
  if (typeof wrapped === 'string') return { ...nothing, text: wrapped }
  return isText && (text === undefined || text === null) ? nothing : unknown
}
