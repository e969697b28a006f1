import { isWords, type GenerateOptions, type TextPart, type Tool } from '#services/contract/content'
import type { LoadedPart, Work } from '#services/backends/work'
import { promptOf, samplingOf, systemText, type Prompt } from '../remote/prompt.ts'
import type { Turn } from '../remote/turns.ts'
import { blocksOf, cacheMark, createIds, type Block, type CacheMark } from './blocks.ts'
import { thinkingOf, type Thinking, type ThinkingMode } from './thinking.ts'

/** A message as Anthropic takes it. @source Anthropic API reference, "Create a Message" */
export interface MessagesRequest extends Thinking {
  readonly model: string
  readonly max_tokens: number
  readonly stream: true
  readonly messages: MessageTurn[]
  readonly system?: string | SystemBlock[]
  readonly temperature?: number
  readonly top_p?: number
  readonly top_k?: number
  readonly stop_sequences?: string[]
  readonly service_tier?: 'auto' | 'standard_only'
  readonly tools?: AnthropicTool[]
  readonly tool_choice?: ToolChoice
}

interface SystemBlock extends CacheMark {
  readonly type: 'text'
  readonly text: string
}

interface MessageTurn {
  readonly role: 'user' | 'assistant'
  readonly content: string | Block[]
}

interface AnthropicTool extends CacheMark {
  readonly name: string
  readonly description?: string
  readonly strict?: boolean
  readonly input_schema: { readonly type: 'object'; readonly [field: string]: unknown }
}

type ToolChoice =
  | { readonly type: 'none' }
  | { readonly type: 'auto' | 'any'; readonly disable_parallel_tool_use?: boolean }
  | { readonly type: 'tool'; readonly name: string; readonly disable_parallel_tool_use?: boolean }

/** What this protocol carries: audio and video it does not. */
export function messagesTake(part: LoadedPart): boolean {
  return isWords(part) || part.kind === 'document' || (part.kind === 'image' && imageTypes.has(part.mediaType))
}

const imageTypes: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])

/** How a server is asked. */
export interface MessagesStyle {
  /** `budget` when absent. */
  readonly thinking?: ThinkingMode
  /** Whether the server holds answers to a schema; it is put in words where not, as when absent. */
  readonly structured?: boolean
}

/** Writes a leg as a message; always streamed, so that it can be stopped. A recipe's temperature ends at 1. */
export function encodeMessages(work: Work, model: string, style: MessagesStyle = {}): MessagesRequest {
  const { thinking: mode = 'budget', structured = false } = style
  const schema = structured ? schemaOf(work.options) : undefined
  const prompt = promptOf(work, schema === undefined ? 'words' : 'server')
  const { maxOutputTokens } = samplingOf(work)
  const shown = prompt.examples.flatMap(({ input, output }): MessageTurn[] => [
    { role: 'user', content: input },
    { role: 'assistant', content: output },
  ])
  return {
    model,
    max_tokens: maxOutputTokens,
    stream: true,
    messages: [...shown, ...messagesOf(prompt.turns)],
    ...systemOf(prompt),
    ...sampledAs(work),
    ...withFormat(thinkingOf({ options: work.options, maxOutputTokens, turns: prompt.turns, mode }), schema),
    ...toolsOf(work.options),
  }
}

function sampledAs(work: Work): Partial<MessagesRequest> {
  const { temperature, topP, topK, stop } = samplingOf(work)
  const { serviceTier } = work.options
  return {
    ...(temperature === undefined ? {} : { temperature: Math.min(1, temperature) }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
    ...(stop === undefined ? {} : { stop_sequences: [...stop] }),
    ...(serviceTier === undefined ? {} : { service_tier: serviceTier === 'auto' ? 'auto' : 'standard_only' }),
  }
}

function schemaOf({ responseFormat }: GenerateOptions): Record<string, unknown> | undefined {
  return responseFormat?.kind === 'json-schema'
    ? (JSON.parse(responseFormat.schemaJson) as Record<string, unknown>)
    : undefined
}

/** @source Anthropic API documentation, "Structured outputs" */
function withFormat(thinking: Thinking, schema: Record<string, unknown> | undefined): Thinking {
  if (schema === undefined) return thinking
  return { ...thinking, output_config: { ...thinking.output_config, format: { type: 'json_schema', schema } } }
}

function systemOf(prompt: Prompt): Pick<MessagesRequest, 'system'> {
  const text = systemText(prompt)
  if (text === undefined) return {}
  const marked = prompt.system.some(({ cachePoint }) => cachePoint === true)
  return { system: marked ? prompt.system.map(systemBlock) : text }
}

function systemBlock(part: TextPart): SystemBlock {
  return { type: 'text', text: part.text, ...cacheMark(part) }
}

/**
 * Results belong to the user's next message, before what the user says himself; messages of one role that follow each
 * other are one.
 */
function messagesOf(turns: readonly Turn[]): MessageTurn[] {
  const ids = createIds()
  const messages: { role: 'user' | 'assistant'; content: Block[] }[] = []
  for (const { role: speaker, parts } of turns) {
    const role = speaker === 'assistant' ? 'assistant' : 'user'
    const content = parts.flatMap(part => blocksOf(part, ids))
    const last = messages.at(-1)
    if (last?.role === role) last.content.push(...content)
    else if (content.length > 0) messages.push({ role, content })
  }
  return messages
}

function toolsOf({
  tools,
  toolChoice,
  parallelToolCalls,
}: GenerateOptions): Pick<MessagesRequest, 'tools' | 'tool_choice'> {
  if (tools === undefined) return {}
  const one = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {}
  return { tools: tools.map(toolOf), tool_choice: choiceOf(toolChoice, one) }
}

function toolOf(tool: Tool): AnthropicTool {
  const { name, description, parametersJson, strict } = tool
  const schema = JSON.parse(parametersJson) as Record<string, unknown>
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(strict === undefined ? {} : { strict }),
    input_schema: { ...schema, type: 'object' },
    ...cacheMark(tool),
  }
}

function choiceOf(choice = 'auto', one: { readonly disable_parallel_tool_use?: boolean }): ToolChoice {
  if (choice === 'none') return { type: choice }
  if (choice === 'auto') return { type: choice, ...one }
  return choice === 'required' ? { type: 'any', ...one } : { type: 'tool', name: choice, ...one }
}
