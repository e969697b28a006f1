import type { GenerateOptions, TaskOptions } from './content.ts'
import { messagesOf, type MessageSpan } from './conversation.ts'

/**
 * What a request may ask of a model beside its modalities: a model without it is no candidate, so that nothing is
 * dropped without a word.
 */
export const capabilities = [
  'conversation',
  'late-system',
  'assistant-first',
  'empty-message',
  'tools',
  'serial-tool-calls',
  'sampling',
  'high-temperature',
  'top-k',
  'seed',
  'stop',
  'penalties',
  'reasoning-effort',
  'reasoning-budget',
  'short-reasoning',
  'flex-tier',
  'priority-tier',
  'timestamps',
  'word-timestamps',
] as const

/** One of them. */
export type Capability = (typeof capabilities)[number]

/** What a model lacks that a request asks for, in words for its caller. */
export const lackOf: Readonly<Record<Capability, string>> = {
  conversation: 'it takes one message of the user, and no messages of the assistant',
  'late-system': 'it takes messages of role system at the beginning alone',
  'assistant-first': 'it takes no message of the assistant before the first of the user',
  'empty-message': 'it takes no message of the user without a word',
  tools: 'it takes no tools and no results of tools',
  'serial-tool-calls': 'it cannot be kept from calling several tools at once (options.parallel_tool_calls)',
  sampling: 'it takes no options.temperature and no options.top_p',
  'high-temperature': 'it takes no options.temperature above 1',
  'top-k': 'it takes no options.top_k',
  seed: 'it takes no options.seed',
  stop: 'it takes no options.stop',
  penalties: 'it takes no options.presence_penalty and no options.frequency_penalty',
  'reasoning-effort': 'it takes no options.reasoning.effort',
  'reasoning-budget': 'it takes no options.reasoning.max_tokens',
  'short-reasoning': 'it thinks with at least 1,024 tokens, and options.max_output_tokens has to leave room for more',
  'flex-tier': 'it has no service tier flex',
  'priority-tier': 'it has no service tier priority',
  timestamps: 'it does not tell the times of segments (options.timestamps)',
  'word-timestamps': 'it does not tell the times of words (options.timestamps)',
}

/** Options by the capability that they ask for, as the wire has them. */
const fieldOf: Readonly<Record<Exclude<Capability, TurnNeed>, string>> = {
  'serial-tool-calls': 'options.parallel_tool_calls',
  sampling: 'options.temperature',
  'high-temperature': 'options.temperature',
  'top-k': 'options.top_k',
  seed: 'options.seed',
  stop: 'options.stop',
  penalties: 'options.presence_penalty',
  'reasoning-effort': 'options.reasoning.effort',
  'reasoning-budget': 'options.reasoning.max_tokens',
  'short-reasoning': 'options.max_output_tokens',
  'flex-tier': 'options.service_tier',
  'priority-tier': 'options.service_tier',
  timestamps: 'options.timestamps',
  'word-timestamps': 'options.timestamps',
}

/** The field of a request that asks for a capability. Pure. */
export function fieldOfNeed(need: Capability, { messages = [], options }: Asked): string {
  if (isTurnNeed(need)) return fieldOfTurns[need](messages, options)
  if (need === 'sampling' && options.temperature === undefined) return 'options.top_p'
  if (need === 'penalties' && options.presencePenalty === undefined) return 'options.frequency_penalty'
  return fieldOf[need]
}

function isTurnNeed(need: Capability): need is TurnNeed {
  return need in fieldOfTurns
}

const fieldOfTurns: Readonly<Record<TurnNeed, (messages: readonly MessageSpan[], options: GenerateOptions) => string>> =
  {
    'late-system': messages =>
      `messages[${messages.findIndex(({ role }, at) => at > opening(messages) && role === 'system')}]`,
    'assistant-first': messages => `messages[${opening(messages)}]`,
    conversation: () => 'messages',
    'empty-message': () => 'messages',
    tools: (_messages, { tools }) => (tools === undefined ? 'messages' : 'options.tools'),
  }

/** The place of the first message that is not of the system. */
function opening(messages: readonly MessageSpan[]): number {
  return messages.findIndex(({ role }) => role !== 'system')
}

/** What of a request decides it. */
export interface Asked {
  readonly parts: readonly { readonly kind: string; readonly text?: string }[]
  readonly messages?: readonly MessageSpan[]
  readonly options: TaskOptions
}

/** What a request asks of a model. Pure. */
export function needsOf(asked: Asked): readonly Capability[] {
  const ofTurns = needsOfTurns(asked)
  const ofOptions = needsOfOptions(asked.options)
  return capabilities.filter(one => (isTurnNeed(one) ? ofTurns[one] : ofOptions[one]))
}

type TurnNeed = 'conversation' | 'late-system' | 'assistant-first' | 'empty-message' | 'tools'
type Needs<Need extends Capability> = Readonly<Record<Need, boolean>>

function needsOfTurns(asked: Asked): Needs<TurnNeed> {
  const { parts, messages = [], options } = asked
  const spoken = messages.filter(({ role }) => role !== 'system')
  const first = opening(messages)
  return {
    conversation: spoken.length > 1,
    'late-system': first >= 0 && messages.slice(first).some(({ role }) => role === 'system'),
    'assistant-first': spoken[0]?.role === 'assistant',
    'empty-message':
      parts.some(isEmpty) && messagesOf(asked).some(one => one.role === 'user' && one.parts.every(isEmpty)),
    tools: options.tools !== undefined || parts.some(({ kind }) => kind.startsWith('tool-')),
  }
}

function isEmpty({ kind, text }: Asked['parts'][number]): boolean {
  return kind === 'text' && text?.trim() === ''
}

function needsOfOptions(options: TaskOptions): Needs<Exclude<Capability, TurnNeed>> {
  const { temperature, topP, reasoning, serviceTier } = options
  return {
    'serial-tool-calls': options.parallelToolCalls === false,
    sampling: (temperature ?? topP) !== undefined,
    'high-temperature': (temperature ?? 0) > 1,
    'top-k': options.topK !== undefined,
    seed: options.seed !== undefined,
    stop: options.stop !== undefined,
    penalties: (options.presencePenalty ?? options.frequencyPenalty) !== undefined,
    'reasoning-effort': reasoning?.effort !== undefined,
    'reasoning-budget': reasoning?.maxTokens !== undefined,
    'short-reasoning': isShort(options),
    'flex-tier': serviceTier === 'flex',
    'priority-tier': serviceTier === 'priority',
    timestamps: options.timestamps !== undefined,
    'word-timestamps': options.timestamps === 'word',
  }
}

/**
 * What is thought with at least where a protocol has such a bound.
 * @source Anthropic API documentation, "Extended thinking"
 */
const leastThinking = 1024
const usualOutputTokens = 1024

/** Whether a model that thinks with at least 1,024 tokens would have no room for the answer. */
export function isShort({ reasoning = {}, maxOutputTokens = usualOutputTokens }: GenerateOptions): boolean {
  const { effort = 'none', maxTokens } = reasoning
  if (maxTokens !== undefined) return maxTokens < leastThinking
  return effort !== 'none' && maxOutputTokens <= leastThinking
}
