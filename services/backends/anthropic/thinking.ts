import type { GenerateOptions, ReasoningEffort } from '#services/contract/content'
import type { Turn } from '../remote/turns.ts'

/** How a model is asked to reason: with a token budget, or with an effort level, as the newest models do. */
export type ThinkingMode = 'budget' | 'adaptive'

/** The fields of a request. @source Anthropic API documentation, "Extended thinking", "Adaptive thinking", "Effort" */
export interface Thinking {
  readonly thinking?:
    | { readonly type: 'enabled'; readonly budget_tokens: number }
    | { readonly type: 'adaptive'; readonly display: 'summarized' }
    | { readonly type: 'disabled' }
  readonly output_config?: {
    readonly effort?: 'low' | 'medium' | 'high' | 'xhigh' | 'max'
    readonly format?: { readonly type: 'json_schema'; readonly schema: Record<string, unknown> }
  }
}

/** Fewest tokens that this protocol lets a model think with. */
const leastThinking = 1024

const budgets: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
  max: 65_536,
}

const efforts = { minimal: 'low', low: 'low', medium: 'medium', high: 'high', xhigh: 'xhigh', max: 'max' } as const

interface ThinkingInput {
  readonly options: GenerateOptions
  readonly maxOutputTokens: number
  readonly turns: readonly Turn[]
  readonly mode: ThinkingMode
}

/**
 * How much a model may think. The newest models keep their thoughts to themselves unless a summary is asked for. Within
 * a tool loop that began without its own thinking (another model's turn, or none) it may not be asked to think: the
 * protocol demands the thinking of that turn back. An effort leaves a fifth of the cap for the answer.
 */
export function thinkingOf({ options, maxOutputTokens, turns, mode }: ThinkingInput): Thinking {
  const { effort, maxTokens } = options.reasoning ?? {}
  if ((effort ?? maxTokens) === undefined) return {}
  if (effort === 'none' || lacksThinking(turns)) return { thinking: { type: 'disabled' } }
  if (effort === undefined || maxTokens !== undefined) {
    return { thinking: { type: 'enabled', budget_tokens: Math.max(leastThinking, Number(maxTokens)) } }
  }
  const { [effort]: usual } = budgets
  if (mode === 'adaptive') {
    return { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: efforts[effort] } }
  }
  const wanted = Math.min(usual, Math.floor(maxOutputTokens * 0.8))
  return { thinking: { type: 'enabled', budget_tokens: Math.max(leastThinking, wanted) } }
}

/** Whether the answer that is worked on has calls of tools without thinking before them. */
function lacksThinking(turns: readonly Turn[]): boolean {
  const open = turns.slice(turns.findLastIndex(({ role }) => role === 'user') + 1)
  const first = open.find(({ role }) => role === 'assistant')
  if (first === undefined) return false
  const calls = first.parts.some(part => part.kind === 'tool-call')
  return calls && !first.parts.some(part => part.kind === 'reasoning' && part.signature !== undefined)
}
