import type { GenerateOptions, ReasoningPart, ResponseFormat, Tool, ToolCallPart } from '#services/contract/content'
import { Base64Text } from '../remote/wire/base64-text.ts'
import type { LoadedPart, Work } from '#services/backends/work'
import { promptOf, samplingOf, systemText, type Prompt, type ShapeBy } from '../remote/prompt.ts'
import type { Turn } from '../remote/turns.ts'
import {
  breakMark,
  budgetIn,
  loraIn,
  type BreakMark,
  type BudgetField,
  type BudgetFields,
  type LoraFields,
} from './provider-fields.ts'
import { reasoningFields } from './reasoning-fields.ts'

/** A chat completion as OpenAI-compatible servers take it. @source OpenAI API reference, "Create chat completion" */
export interface ChatRequest extends BudgetFields, LoraFields {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream: true
  readonly stream_options: { readonly include_usage: true }
  readonly max_tokens?: number
  readonly max_completion_tokens?: number
  readonly temperature?: number
  readonly top_p?: number
  /** Of vLLM, SGLang and llama.cpp. */
  readonly top_k?: number
  readonly seed?: number
  readonly stop?: readonly string[]
  readonly presence_penalty?: number
  readonly frequency_penalty?: number
  readonly logprobs?: true
  /**
   * One: llama-cpp-python tells no log-probabilities without it, and llama.cpp's server tells of twenty tokens in each
   * one's place.
   */
  readonly top_logprobs?: 1
  readonly response_format?: object
  readonly reasoning_effort?: string
  readonly service_tier?: string
  readonly prompt_cache_key?: string
  readonly tools?: readonly object[]
  readonly tool_choice?: string | object
  readonly parallel_tool_calls?: boolean
}

/** One message of a chat. */
export type ChatMessage =
  | { readonly role: 'system'; readonly content: string | TextContent[] }
  | { readonly role: 'user'; readonly content: string | ContentPart[] }
  | {
      readonly role: 'assistant'
      readonly content: string | null
      readonly tool_calls?: CalledTool[]
      readonly reasoning_content?: string
      readonly reasoning?: string
      readonly reasoning_details?: unknown
    }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string }

interface CalledTool {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

type ContentPart = BreakMark & Content

type TextContent = BreakMark & { readonly type: 'text'; readonly text: string }

type Content =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: Base64Text } }
  | { readonly type: 'video_url'; readonly video_url: { readonly url: Base64Text } }
  | { readonly type: 'input_audio'; readonly input_audio: { readonly data: Base64Text; readonly format: string } }
  | { readonly type: 'file'; readonly file: { readonly filename: string; readonly file_data: Base64Text } }

/** How a server wants its chats. */
export interface ChatStyle {
  readonly model: string
  readonly logprobs: boolean
  /** `max_tokens`, which every server but OpenAI's newest models takes, or `max_completion_tokens`. */
  readonly capField: 'max_tokens' | 'max_completion_tokens'
  /** `server` when absent. */
  readonly shapeBy?: ShapeBy
  /** Field of a reasoning budget, where the server has one. */
  readonly budgetField?: BudgetField
  /** Numbers of adapters by our names, where the server numbers them. */
  readonly loraNumbers?: Readonly<Record<string, string>>
  /** Whether cache points are sent; false when absent. */
  readonly cachePoints?: boolean
}

/**
 * Writes a leg as a chat: media as base64, which this wire demands and no other; always streamed, so that it can be
 * stopped.
 */
export function encodeChat(work: Work, style: ChatStyle): ChatRequest {
  const { model, logprobs, capField, shapeBy = 'server', budgetField, loraNumbers, cachePoints = false } = style
  const { maxOutputTokens, ...sampling } = samplingOf(work)
  return {
    model,
    messages: messagesOf(promptOf(work, wordsFor(work, shapeBy)), cachePoints),
    stream: true,
    stream_options: { include_usage: true },
    [capField]: maxOutputTokens,
    ...named(sampling),
    ...(logprobs ? { logprobs, top_logprobs: 1 } : {}),
    ...(shapeBy === 'server' ? shapeOf(work.options) : {}),
    ...asked(work.options, budgetField),
    ...(loraNumbers === undefined ? {} : loraIn(work.recipe.adapter, loraNumbers)),
    ...toolsOf(work.options),
  }
}

const samplingNames = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  seed: 'seed',
  stop: 'stop',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
} as const

function named(sampling: Readonly<Partial<Record<keyof typeof samplingNames, unknown>>>): Partial<ChatRequest> {
  return Object.fromEntries(
    Object.entries(sampling).map(([name, value]) => [samplingNames[name as keyof typeof samplingNames], value]),
  )
}

/**
 * Servers of this protocol refuse JSON mode where no message speaks of JSON.
 * @source OpenAI API documentation, "JSON mode"
 */
function wordsFor({ options, parts }: Work, shapeBy: ShapeBy): ShapeBy {
  if (options.responseFormat?.kind !== 'json-object') return shapeBy
  const texts = [options.instruction ?? '', ...parts.flatMap(part => (part.kind === 'text' ? [part.text] : []))]
  return texts.some(text => /json/iu.test(text)) ? shapeBy : 'words'
}

function shapeOf({ responseFormat }: GenerateOptions): Partial<ChatRequest> {
  return responseFormat === undefined ? {} : { response_format: formatOf(responseFormat) }
}

function asked(
  { reasoning, serviceTier, promptCacheKey }: GenerateOptions,
  budgetField: BudgetField | undefined,
): Partial<ChatRequest> {
  const { effort, maxTokens } = reasoning ?? {}
  const budget = maxTokens === undefined || budgetField === undefined ? {} : budgetIn(budgetField, maxTokens)
  return {
    // Some take a budget or an effort; the budget says more.
    ...(effort === undefined || 'reasoning' in budget || 'thinking' in budget ? {} : { reasoning_effort: effort }),
    ...budget,
    ...(serviceTier === undefined ? {} : { service_tier: serviceTier }),
    ...(promptCacheKey === undefined ? {} : { prompt_cache_key: promptCacheKey }),
  }
}

function formatOf(format: ResponseFormat): object {
  if (format.kind === 'json-object') return { type: 'json_object' }
  const { name = 'answer', description, schemaJson, strict } = format
  const schema: unknown = JSON.parse(schemaJson)
  return {
    type: 'json_schema',
    json_schema: {
      name,
      ...(description === undefined ? {} : { description }),
      schema,
      ...(strict === undefined ? {} : { strict }),
    },
  }
}

function toolsOf({ tools, toolChoice, parallelToolCalls }: GenerateOptions): Partial<ChatRequest> {
  if (tools === undefined) return {}
  return {
    tools: tools.map(toolOf),
    tool_choice: choiceOf(toolChoice),
    ...(parallelToolCalls === undefined ? {} : { parallel_tool_calls: parallelToolCalls }),
  }
}

function messagesOf(prompt: Prompt, cachePoints: boolean): readonly ChatMessage[] {
  const system = systemOf(prompt, cachePoints)
  const shown = prompt.examples.flatMap(({ input, output }): ChatMessage[] => [
    { role: 'user', content: input },
    { role: 'assistant', content: output },
  ])
  const asks = prompt.turns.findLastIndex(({ role }) => role === 'user')
  return [
    ...(system === undefined ? [] : [{ role: 'system', content: system } as const]),
    ...shown,
    ...prompt.turns.flatMap((turn, at) => messageOf(turn, at > asks, cachePoints)),
  ]
}

/** `isOpen`: the turn is of the answer that is still being worked on, behind the user's last message. */
function systemOf(prompt: Prompt, cachePoints: boolean): string | TextContent[] | undefined {
  const isMarked = cachePoints && prompt.system.some(({ cachePoint }) => cachePoint === true)
  if (!isMarked) return systemText(prompt)
  return prompt.system.map(part => ({ type: 'text', text: part.text, ...breakMark(part, true) }))
}

function messageOf({ role, parts }: Turn, isOpen: boolean, cachePoints: boolean): readonly ChatMessage[] {
  if (role === 'system') return [{ role, content: textOf(parts) }]
  if (role === 'tool') return parts.flatMap(resultOf)
  if (role === 'assistant') return [answerOf(parts, isOpen)]
  const content = parts.flatMap(part => contentOf(part, cachePoints))
  const [only] = content
  const isPlain = content.length === 1 && only?.type === 'text' && only.prompt_cache_breakpoint === undefined
  return [{ role, content: isPlain ? only.text : content }]
}

function textOf(parts: readonly LoadedPart[]): string {
  return parts.flatMap(part => (part.kind === 'text' ? [part.text] : [])).join('')
}

/** This protocol has no mark for a call that failed: its result says so in words. */
function resultOf(part: LoadedPart): ChatMessage[] {
  return part.kind === 'tool-result' ? [{ role: 'tool', tool_call_id: part.callId, content: part.content }] : []
}

function answerOf(parts: readonly LoadedPart[], isOpen: boolean): ChatMessage {
  const calls = parts.filter((part): part is ToolCallPart => part.kind === 'tool-call')
  const thoughts = parts.filter((part): part is ReasoningPart => part.kind === 'reasoning')
  const text = textOf(parts)
  return {
    role: 'assistant',
    // A turn without a word keeps its place: templates of open models refuse two turns of one role in a row.
    content: text === '' && calls.length > 0 ? null : text,
    ...reasoningFields(thoughts, isOpen),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(calledOf) }),
  }
}

/** Templates of open models read the arguments as JSON, and a call without any is written as nothing by some. */
function calledOf({ id, name, argumentsJson }: ToolCallPart): CalledTool {
  return { id, type: 'function', function: { name, arguments: argumentsJson === '' ? '{}' : argumentsJson } }
}

function contentOf(part: LoadedPart, cachePoints: boolean): ContentPart[] {
  return mediaOf(part).map(content => ({ ...content, ...breakMark(part, cachePoints) }))
}

function mediaOf(part: LoadedPart): Content[] {
  if (part.kind === 'text') return [{ type: 'text', text: part.text }]
  if (!('bytes' in part)) return []
  const { kind, bytes, mediaType } = part
  if (kind === 'audio') {
    return [{ type: 'input_audio', input_audio: { data: new Base64Text(bytes), format: soundFormat(mediaType) } }]
  }
  const url = new Base64Text(bytes, `data:${mediaType};base64,`)
  if (kind === 'document') return [{ type: 'file', file: { filename: 'document.pdf', file_data: url } }]
  // Only vLLM and SGLang take videos, by this name of theirs.
  if (kind === 'video') return [{ type: 'video_url', video_url: { url } }]
  return [{ type: 'image_url', image_url: { url } }]
}

/** The protocol names formats, not media types. */
function soundFormat(mediaType: string): string {
  return mediaType === 'audio/mpeg' ? 'mp3' : (mediaType.split('/')[1] ?? 'wav')
}

function toolOf({ name, description, parametersJson, strict }: Tool): object {
  const parameters: unknown = JSON.parse(parametersJson)
  return {
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      parameters,
      ...(strict === undefined ? {} : { strict }),
    },
  }
}

const plainChoices: ReadonlySet<string> = new Set(['auto', 'none', 'required'])

function choiceOf(choice = 'auto'): string | object {
  return plainChoices.has(choice) ? choice : { type: 'function', function: { name: choice } }
}
