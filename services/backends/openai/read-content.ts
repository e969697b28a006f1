import type { Oddity } from '#services/backends/oddity'
import { fieldsOf } from '../remote/wire/read-usage.ts'

/** What a model said, and what it said instead of an answer. */
export interface ReadContent {
  readonly text: string
  readonly refusal: string
  /** Whether the model thinks in it, and what, where it shows. */
  readonly thinks: boolean
  readonly thought: string
  readonly oddities: readonly Oddity[]
}

const nothing: ReadContent = { text: '', refusal: '', thinks: false, thought: '', oddities: [] }
const unknown: ReadContent = { ...nothing, oddities: ['content-unknown'] }

/** Kinds of parts that hold what a model thinks, which is not what it says. */
const reasoningTypes: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking', 'reasoning'])

/**
 * Reads content that is a text or a list of parts: texts, refusals, and what the model thinks. A part of another kind
 * is passed over: the rest is still the answer.
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
    thinks: parts.some(part => part.thinks),
    thought: parts.map(part => part.thought).join(''),
    oddities: parts.flatMap(part => part.oddities),
  }
}

function readPart(part: unknown): ReadContent {
  if (part === null) return nothing
  if (typeof part === 'string') return { ...nothing, text: part }
  const { type, text, refusal, thinking } = fieldsOf(part) ?? { type: 'none' }
  if (type === 'reference') return nothing
  if (reasoningTypes.has(type)) return { ...nothing, thinks: true, thought: wordsOf(thinking ?? text) }
  if (type === 'refusal' && typeof refusal === 'string') return { ...nothing, refusal }
  return saying.has(type) ? readText(text) : unknown
}

/** Kinds of parts that hold what it says; some name no kind. */
const saying: ReadonlySet<unknown> = new Set([undefined, 'text', 'output_text'])

/** Some wrap a text once more, as OpenAI's assistants do. */
function readText(text: unknown): ReadContent {
  const written = fieldsOf(text)?.['value'] ?? text ?? ''
  return typeof written === 'string' ? { ...nothing, text: written } : unknown
}

/** Thinking is a text, or a list of parts of text. */
function wordsOf(thinking: unknown): string {
  if (typeof thinking === 'string') return thinking
  const parts: readonly unknown[] = Array.isArray(thinking) ? thinking : []
  return parts.map(part => wordsOf(fieldsOf(part)?.['text'])).join('')
}
