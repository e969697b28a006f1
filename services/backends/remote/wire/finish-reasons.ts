/** How an answer ended, in the words of all dialects. */
export type Ending =
  /** It is whole. */
  | 'stop'
  /** The cap on its length ended it. */
  | 'length'
  | 'tool_calls'
  /** A filter stopped it. */
  | 'content_filter'
  /** The model gave up: the text before is no answer. */
  | 'aborted'
  /** The server gave it up. */
  | 'broken'
  /** The server's own word, which is not known here. */
  | 'unknown'

/**
 * The words of all servers, in lower case and without what stands between their parts.
 * @source OpenAI, Azure, Anthropic, Gemini, Amazon Bedrock ("StopReason"), Cohere ("FinishReason"), Mistral,
 * DeepSeek, Zhipu and Ollama API references; vLLM, SGLang, text-generation-inference
 */
const words: Readonly<Record<Exclude<Ending, 'unknown'>, readonly string[]>> = {
  stop: ['stop', 'end_turn', 'stop_sequence', 'eos', 'eos_token', 'end', 'complete', 'completed', 'finished', 'done'],
  length: [
    'length',
    'max_tokens',
    'max_output_tokens',
    'model_length',
    'model_context_window_exceeded',
    'max_length',
    'max_new_tokens',
    'error_limit',
    'incomplete',
  ],
  tool_calls: ['tool_calls', 'tool_call', 'tool_use', 'function_call'],
  content_filter: [
    'content_filter',
    'content_filtered',
    'safety',
    'blocklist',
    'prohibited_content',
    'spii',
    'image_safety',
    'image_prohibited_content',
    'model_armor',
    'jailbreak',
    'refusal',
    'sensitive',
    'guardrail_intervened',
    'error_toxic',
    'flagged',
  ],
  aborted: [
    'other',
    'recitation',
    'image_recitation',
    'image_other',
    'no_image',
    'language',
    'malformed_function_call',
    'malformed_response',
    'malformed_model_output',
    'malformed_tool_use',
    'unexpected_tool_call',
    'too_many_tool_calls',
    'missing_thought_signature',
    'pause_turn',
    'compaction',
    'user_cancel',
    'cancelled',
    'canceled',
    'repetition',
  ],
  broken: [
    'abort',
    'error',
    'insufficient_system_resource',
    'network_error',
    'server_error',
    'internal_error',
    'time_limit',
    'timeout',
    'unload',
  ],
}

const endings: ReadonlyMap<string, Ending> = new Map(
  Object.entries(words).flatMap(([ending, all]) => all.map(word => [word, ending as Ending] as const)),
)

/** What a server's word for the end of an answer means; `undefined` for none. Some leave it empty until the end. */
export function endingOf(reason: unknown): Ending | undefined {
  if (reason === undefined || reason === null || reason === '') return undefined
  if (typeof reason !== 'string') return 'unknown'
  const word = reason.toLowerCase().replaceAll(/[\s-]+/gu, '_')
  if (word === 'finish_reason_unspecified' || word === 'null' || word === 'none' || word === 'not_finished') {
    return undefined
  }
  return endings.get(word) ?? 'unknown'
}

/** The word itself, as it may be shown: it is a name of the protocol and no text. */
export function shownReason(reason: unknown): string {
  return typeof reason === 'string' && /^[\w-]{1,40}$/u.test(reason) ? reason : 'unknown'
}
