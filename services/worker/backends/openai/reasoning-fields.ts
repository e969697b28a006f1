import type { ReasoningPart } from '#services/contract/content'

/** Fields in which servers of this protocol tell what a model thinks, and take it back. @source DeepSeek, vLLM (`reasoning_content`, since 0.12 `reasoning`), OpenRouter ("Preserving reasoning blocks") */
export interface ReasoningFields {
  readonly reasoning_content?: string
  readonly reasoning?: string
  readonly reasoning_details?: unknown
}

const plain = { reasoning_content: 'field:reasoning_content', reasoning: 'field:reasoning' } as const
const details = 'details:'

/**
 * The fields of a message of the assistant. Details go back always, since they hold the provider's own proofs. Plain text goes back
 * within the answer that is worked on: some demand it there, and refuse it in what was answered before.
 * @source DeepSeek API documentation, "Thinking mode", "Tool calls"
 */
export function reasoningFields(thoughts: readonly ReasoningPart[], isOpen: boolean): ReasoningFields {
  const proofs = thoughts.flatMap(({ signature = '' }) =>
    signature.startsWith(details) ? parse(signature.slice(details.length)) : [],
  )
  if (proofs.length > 0) return { reasoning_details: proofs }
  const text = thoughts.map(thought => thought.text).join('\n')
  if (!isOpen || text === '') return {}
  return thoughts.some(({ signature }) => signature === plain.reasoning)
    ? { reasoning: text }
    : { reasoning_content: text }
}

function parse(json: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(json)
    return Array.isArray(value) ? value : []
  } catch {
    // Its caller did not give it back as it was.
    return []
  }
}
