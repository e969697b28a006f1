import type { Cacheable } from '#services/contract/content'

/** The field that a server of this protocol takes a reasoning budget in; the protocol itself has none. */
export type BudgetField = 'thinking_token_budget' | 'thinking_budget' | 'reasoning'

/**
 * A reasoning budget as servers spell it.
 * @source vLLM (`thinking_token_budget`); Alibaba Model Studio and SiliconFlow (`thinking_budget`); OpenRouter,
 * "Reasoning tokens" (`reasoning`)
 */
export interface BudgetFields {
  readonly thinking_token_budget?: number
  readonly enable_thinking?: true
  readonly thinking_budget?: number
  readonly reasoning?: { readonly max_tokens: number }
}

/** Writes a reasoning budget for a server. */
export function budgetIn(field: BudgetField, tokens: number): BudgetFields {
  if (field === 'reasoning') return { reasoning: { max_tokens: tokens } }
  return field === 'thinking_budget'
    ? { enable_thinking: true, thinking_budget: tokens }
    : { thinking_token_budget: tokens }
}

/** The end of a prefix that may be cached. @source OpenAI API reference, "Create chat completion" */
export interface BreakMark {
  readonly prompt_cache_breakpoint?: { readonly mode: 'explicit' }
}

/** The mark of a part that the server may cache the prompt up to, where it takes such marks. */
export function breakMark({ cachePoint }: Cacheable, cachePoints: boolean): BreakMark {
  return cachePoints && cachePoint === true ? { prompt_cache_breakpoint: { mode: 'explicit' } } : {}
}
