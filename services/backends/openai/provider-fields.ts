import type { Cacheable } from '#services/contract/content'

/** The field that a server of this protocol takes a reasoning budget in; the protocol itself has none. */
export type BudgetField =
  | 'thinking_token_budget'
  | 'thinking_budget'
  | 'thinking_budget_tokens'
  | 'reasoning'
  | 'thinking'

/**
 * A reasoning budget as servers spell it.
 * @source vLLM, `entrypoints/openai/chat_completion/protocol.py` (`thinking_token_budget`); Alibaba Model Studio and
 * SiliconFlow, "Create chat completion" (`enable_thinking`, `thinking_budget`); llama.cpp,
 * `tools/server/server-common.cpp` (`thinking_budget_tokens`); OpenRouter, "Reasoning tokens" (`reasoning`, which takes
 * an effort or a budget, not both); Anthropic, "OpenAI SDK compatibility" (`thinking`), which LiteLLM takes for others
 * too
 */
export interface BudgetFields {
  readonly thinking_token_budget?: number
  readonly thinking_budget_tokens?: number
  readonly enable_thinking?: true
  readonly thinking_budget?: number
  readonly reasoning?: { readonly max_tokens: number }
  readonly thinking?: { readonly type: 'enabled'; readonly budget_tokens: number }
}

/** Writes a reasoning budget for a server. */
export function budgetIn(field: BudgetField, tokens: number): BudgetFields {
  if (field === 'reasoning') return { reasoning: { max_tokens: tokens } }
  if (field === 'thinking') return { thinking: { type: 'enabled', budget_tokens: tokens } }
  return field === 'thinking_budget' ? { enable_thinking: true, thinking_budget: tokens } : { [field]: tokens }
}

/** How much of each adapter llama.cpp applies to a request. @source llama.cpp, `tools/server/README.md`, `lora` */
export interface LoraFields {
  readonly lora?: readonly { readonly id: number; readonly scale: 0 | 1 }[]
}

/**
 * Writes the adapter of a leg by its number, and the others as not wanted: with an empty list the server applies what
 * it was started with.
 */
export function loraIn(adapter: string | undefined, numbers: Readonly<Record<string, string>>): LoraFields {
  const lora = Object.entries(numbers).map(([name, number]) => {
    return { id: Number(number), scale: name === adapter ? 1 : 0 } as const
  })
  return { lora }
}

/** The end of a prefix that may be cached. @source OpenAI API reference, "Create chat completion" */
export interface BreakMark {
  readonly prompt_cache_breakpoint?: { readonly mode: 'explicit' }
}

/** The mark of a part that the server may cache the prompt up to, where it takes such marks. */
export function breakMark({ cachePoint }: Cacheable, cachePoints: boolean): BreakMark {
  return cachePoints && cachePoint === true ? { prompt_cache_breakpoint: { mode: 'explicit' } } : {}
}
