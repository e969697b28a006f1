import type { ReasoningPart } from '#services/contract/content'
import type { ReasoningPiece } from '../remote/wire/chat-piece.ts'
import { fieldsOf } from '../remote/wire/read-usage.ts'

/**
 * Fields of this protocol's servers for reasoning, in answers and in requests.
 * @source DeepSeek, vLLM (`reasoning_content`, since 0.12 `reasoning`), OpenRouter ("Preserving reasoning blocks")
 */
export interface ReasoningFields {
  readonly reasoning_content?: string
  readonly reasoning?: string
  readonly reasoning_details?: unknown
}

/** Marks plain text that is sent back in the field `reasoning`. */
const inReasoning = 'field:reasoning'
const details = 'detail:'

/**
 * Reads what a model thinks in one event; `isFirst` until it has begun to think. Details say the same as the plain
 * field beside them, with the provider's signatures.
 */
export function readReasoning(
  received: { readonly [Field in keyof ReasoningFields]?: unknown },
  isFirst: boolean,
): readonly ReasoningPiece[] {
  const given = received.reasoning_details
  if (Array.isArray(given) && given.length > 0) return given.flatMap(readDetail)
  for (const field of ['reasoning_content', 'reasoning'] as const) {
    const text = received[field]
    if (typeof text !== 'string' || text === '') continue
    return [{ block: field, text, ...(isFirst && field === 'reasoning' ? { signature: inReasoning } : {}) }]
  }
  return []
}

/** A detail may come in pieces: those of one place are one. Its fields are kept for the way back. */
function readDetail(value: unknown, place: number): readonly ReasoningPiece[] {
  const fields = fieldsOf(value)
  if (fields === undefined) return []
  const { text, summary, index } = fields
  const shown = [text, summary].find(one => typeof one === 'string')
  return [
    {
      block: `${details}${typeof index === 'number' ? index : place}`,
      ...(typeof shown === 'string' ? { text: shown } : {}),
      signature: `${details}${JSON.stringify(fields)}\n`,
    },
  ]
}

/**
 * The fields of a message of the assistant. Details go back always, since they hold the provider's own signatures.
 * Plain text goes back within the answer that is worked on: some demand it there, and refuse it in what was answered
 * before.
 * @source DeepSeek API documentation, "Thinking mode", "Tool calls"
 */
export function reasoningFields(thoughts: readonly ReasoningPart[], isOpen: boolean): ReasoningFields {
  const signatures = thoughts.flatMap(({ signature = '' }) => detailsIn(signature))
  if (signatures.length > 0) return { reasoning_details: signatures }
  const text = thoughts.map(thought => thought.text).join('\n')
  if (!isOpen || text === '') return {}
  return thoughts.some(({ signature }) => signature === inReasoning) ? { reasoning: text } : { reasoning_content: text }
}

/** Puts the pieces of a detail together: texts grow, the rest is as it came last. */
function detailsIn(signature: string): readonly unknown[] {
  if (!signature.startsWith(details)) return []
  const whole: Record<string, unknown> = {}
  for (const line of signature.split('\n').filter(Boolean)) {
    for (const [name, value] of Object.entries(fieldsOf(parse(line.slice(details.length))) ?? {})) {
      const before = whole[name]
      const grows = growing.has(name) && typeof before === 'string' && typeof value === 'string'
      if (value !== null || before === undefined) whole[name] = grows ? before + value : value
    }
  }
  return [whole]
}

const growing: ReadonlySet<string> = new Set(['text', 'summary', 'data'])

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // Its caller did not give it back as it was.
    return undefined
  }
}
