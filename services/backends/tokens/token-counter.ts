import type { BackendDependencies } from '../backend-dependencies.ts'
import type { BackendSpec } from '../create-backend.ts'
import type { Work } from '../work.ts'

/** Counts the input tokens of requests as one model reads them. */
export interface TokenCounter {
  /**
   * Tokens of the prompt that a leg would send, its chat template, tools and recipe included.
   * @throws UpstreamError, GatewayError where it cannot be counted; the signal's own error when it is aborted
   */
  count(work: Work, signal: AbortSignal): Promise<number>
  close(): Promise<void>
}

/**
 * Makes the counter of a model: the tokenizer of its own weights, or the count of its provider. `undefined` for those
 * whose protocol has none: OpenAI's Chat Completions, tensors, and models that read no text.
 * @throws GatewayError Config where a local model is not there
 */
export async function createTokenCounter(
  spec: BackendSpec,
  dependencies: BackendDependencies,
): Promise<TokenCounter | undefined> {
  if (spec.kind === 'llama') return (await import('../llama/count-llama.ts')).createLlamaCounter(spec, dependencies)
  if (spec.kind === 'anthropic') return (await import('./count-anthropic.ts')).countByAnthropic(spec, dependencies)
  if (spec.kind === 'gemini') return (await import('./count-gemini.ts')).countByGemini(spec, dependencies)
  if (spec.kind === 'openai' && spec.api === 'responses') {
    return (await import('./count-responses.ts')).countByResponses(spec, dependencies)
  }
  return undefined
}
