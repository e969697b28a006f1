import type { GenerateOptions, ReasoningPart, Tool, ToolCallPart } from '#services/contract/content'
import type { LoadedPart, Work } from '#services/backends/work'
import { Base64Text } from '../remote/wire/base64-text.ts'
import { promptOf, samplingOf, systemText } from '../remote/prompt.ts'
import type { Turn } from '../remote/turns.ts'
import { breakMark } from './provider-fields.ts'
import { responsesMark } from './responses-dialect.ts'

/** A request of OpenAI's Responses. @source OpenAI API reference, "Create a model response" */
export interface ResponsesRequest {
  readonly model: string
  readonly input: readonly object[]
  readonly stream: true
  /** Nothing is kept there: a conversation comes whole each time. */
  readonly store: false
  readonly include: readonly string[]
  readonly instructions?: string
  readonly max_output_tokens: number
  readonly temperature?: number
  readonly top_p?: number
  readonly reasoning?: object
  readonly text?: object
  readonly tools?: readonly object[]
  readonly tool_choice?: string | object
  readonly parallel_tool_calls?: boolean
  readonly service_tier?: string
  readonly prompt_cache_key?: string
}

/** How a server is asked. */
export interface ResponsesStyle {
  readonly logprobs: boolean
  /** Whether cache points are sent; false when absent. */
  readonly cachePoints?: boolean
}

/** Writes a leg for Responses. Instructions are plain text: a system prompt with cache points is a message. */
export function encodeResponses(
  work: Work,
  model: string,
  { logprobs, cachePoints = false }: ResponsesStyle,
): ResponsesRequest {
  const prompt = promptOf(work)
  const isMarked = cachePoints && prompt.system.some(({ cachePoint }) => cachePoint === true)
  const instructions = isMarked ? undefined : systemText(prompt)
  const system = isMarked ? [{ role: 'system', content: prompt.system.flatMap(part => contentOf(part, true)) }] : []
  const { maxOutputTokens, temperature, topP } = samplingOf(work)
  const shown = prompt.examples.flatMap(({ input, output }) => [
    { role: 'user', content: input },
    { role: 'assistant', content: output },
  ])
  return {
    model,
    input: [...system, ...shown, ...prompt.turns.flatMap(turn => itemsOf(turn, cachePoints))],
    stream: true,
    store: false,
    include: ['reasoning.encrypted_content', ...(logprobs ? ['message.output_text.logprobs'] : [])],
    max_output_tokens: maxOutputTokens,
    ...(instructions === undefined ? {} : { instructions }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...asked(work.options),
    ...toolsOf(work.options),
  }
}

function asked({ reasoning, responseFormat, serviceTier, promptCacheKey }: GenerateOptions): Partial<ResponsesRequest> {
  const { effort } = reasoning ?? {}
  return {
    ...(effort === undefined ? {} : { reasoning: { effort, ...(effort === 'none' ? {} : { summary: 'auto' }) } }),
    ...(responseFormat === undefined ? {} : { text: { format: formatOf(responseFormat) } }),
    ...(serviceTier === undefined ? {} : { service_tier: serviceTier }),
    ...(promptCacheKey === undefined ? {} : { prompt_cache_key: promptCacheKey }),
  }
}

function formatOf(format: NonNullable<GenerateOptions['responseFormat']>): object {
  if (format.kind === 'json-object') return { type: 'json_object' }
  const { name = 'answer', description, schemaJson, strict } = format
  const schema: unknown = JSON.parse(schemaJson)
  return {
    type: 'json_schema',
    name,
    schema,
    ...(description === undefined ? {} : { description }),
    ...(strict === undefined ? {} : { strict }),
  }
}

function toolsOf({ tools, toolChoice = 'auto', parallelToolCalls }: GenerateOptions): Partial<ResponsesRequest> {
  if (tools === undefined) return {}
  const isWord = ['auto', 'none', 'required'].includes(toolChoice)
  return {
    tools: tools.map(toolOf),
    tool_choice: isWord ? toolChoice : { type: 'function', name: toolChoice },
    ...(parallelToolCalls === undefined ? {} : { parallel_tool_calls: parallelToolCalls }),
  }
}

/** This protocol is strict by default. */
function toolOf({ name, description, parametersJson, strict = false }: Tool): object {
  const parameters: unknown = JSON.parse(parametersJson)
  return { type: 'function', name, ...(description === undefined ? {} : { description }), parameters, strict }
}

/** Thoughts and calls are items of their own, in their order between the texts. */
function itemsOf({ role, parts }: Turn, cachePoints: boolean): readonly object[] {
  if (role === 'assistant') return parts.flatMap(answerItem)
  if (role !== 'tool') return [{ role, content: parts.flatMap(part => contentOf(part, cachePoints)) }]
  return parts.flatMap(part =>
    part.kind === 'tool-result' ? [{ type: 'function_call_output', call_id: part.callId, output: part.content }] : [],
  )
}

function answerItem(part: LoadedPart): readonly object[] {
  if (part.kind === 'text') {
    if (part.text === '') return []
    // llama.cpp's server takes no answer of before whose kind is not named.
    return [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: part.text }] }]
  }
  if (part.kind === 'tool-call') return [callItem(part)]
  return part.kind === 'reasoning' ? reasoningItem(part) : []
}

function callItem({ id, name, argumentsJson }: ToolCallPart): object {
  return { type: 'function_call', call_id: id, name, arguments: argumentsJson === '' ? '{}' : argumentsJson }
}

/** Without its signature a thought cannot go back. */
function reasoningItem({ text, signature = '' }: ReasoningPart): readonly object[] {
  if (!signature.startsWith(responsesMark)) return []
  const [id = '', proof = ''] = signature.slice(responsesMark.length).split(' ')
  const summary = text === '' ? [] : [{ type: 'summary_text', text }]
  return [{ type: 'reasoning', id, summary, encrypted_content: proof }]
}

function contentOf(part: LoadedPart, cachePoints: boolean): readonly object[] {
  return mediaOf(part).map(content => ({ ...content, ...breakMark(part, cachePoints) }))
}

function mediaOf(part: LoadedPart): readonly object[] {
  if (part.kind === 'text') return [{ type: 'input_text', text: part.text }]
  if (!('bytes' in part)) return []
  const url = new Base64Text(part.bytes, `data:${part.mediaType};base64,`)
  if (part.kind === 'document') return [{ type: 'input_file', filename: 'document.pdf', file_data: url }]
  return part.kind === 'image' ? [{ type: 'input_image', image_url: url }] : []
}
