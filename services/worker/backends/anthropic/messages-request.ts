import { isWords, type Tool } from '#services/contract/content'
import { Base64Text } from '../remote/wire/base64-text.ts'
import type { LoadedPart, Work } from '#services/worker/states'
import { promptOf, samplingOf } from '../remote/prompt.ts'
import { argumentsOf, turnsOf, type AnsweredCall, type SaidPart } from '../remote/turns.ts'

/** A message as Anthropic takes it. @source Anthropic API reference, "Create a Message" */
export interface MessagesRequest {
  readonly model: string
  readonly max_tokens: number
  readonly stream: true
  readonly messages: MessageTurn[]
  readonly system?: string
  readonly temperature?: number
  readonly top_p?: number
  readonly stop_sequences?: string[]
  readonly tools?: AnthropicTool[]
  readonly tool_choice?: { readonly type: 'auto' | 'any' | 'none' } | { readonly type: 'tool'; readonly name: string }
}

interface MessageTurn {
  readonly role: 'user' | 'assistant'
  readonly content: string | Block[]
}

interface AnthropicTool {
  readonly name: string
  readonly description?: string
  readonly input_schema: { readonly type: 'object'; readonly [field: string]: unknown }
}

type ImageType = 'image/jpeg' | 'image/png' | 'image/gif' | 'image/webp'

type Block =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'image'
      readonly source: { readonly type: 'base64'; readonly media_type: ImageType; readonly data: Base64Text }
    }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown }
  | { readonly type: 'tool_result'; readonly tool_use_id: string; readonly content: string; readonly is_error?: true }

/** What this protocol carries: audio and video it does not. */
export function messagesTake(part: LoadedPart): boolean {
  return isWords(part) || (part.kind === 'image' && imageTypes.has(part.mediaType))
}

const imageTypes: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])

/** Writes a leg as a message; always streamed, so that it can be stopped. Its temperature ends at 1. */
export function encodeMessages(work: Work, model: string): MessagesRequest {
  const { system, examples, parts } = promptOf(work)
  const { maxOutputTokens, temperature, topP, stop } = samplingOf(work)
  const { tools, toolChoice } = work.options
  const shown = examples.flatMap(({ input, output }): MessageTurn[] => [
    { role: 'user', content: input },
    { role: 'assistant', content: output },
  ])
  return {
    model,
    max_tokens: maxOutputTokens,
    stream: true,
    messages: [...shown, ...messagesOf(parts)],
    ...(system === undefined ? {} : { system }),
    ...(temperature === undefined ? {} : { temperature: Math.min(1, temperature) }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(stop === undefined ? {} : { stop_sequences: [...stop] }),
    ...(tools === undefined ? {} : { tools: tools.map(toolOf), tool_choice: choiceOf(toolChoice) }),
  }
}

/** Results belong to the user's next message, before what the user says himself. */
function messagesOf(parts: readonly LoadedPart[]): MessageTurn[] {
  const messages: MessageTurn[] = []
  let results: Block[] = []
  let calls = 0
  for (const turn of turnsOf(parts)) {
    if (turn.kind === 'said') {
      messages.push({ role: 'user', content: [...results, ...turn.parts.map(blockOf)] })
      results = []
      continue
    }
    if (results.length > 0) messages.push({ role: 'user', content: results })
    const blocks = turn.answered.map((answered, place) => blocksOf(answered, calls + place))
    messages.push({ role: 'assistant', content: blocks.map(([use]) => use) })
    results = blocks.map(([, result]) => result)
    calls += blocks.length
  }
  if (results.length > 0) messages.push({ role: 'user', content: results })
  return messages
}

/** Ids of other protocols may hold characters that this one refuses. @source Anthropic API reference, "Create a Message", `tool_use.id` */
const idShape = /^[A-Za-z0-9_-]+$/u

function blocksOf({ call, result }: AnsweredCall, place: number): readonly [Block, Block] {
  const id = idShape.test(call.id) ? call.id : `call_${place}`
  const failed = result.isError === true ? { is_error: true as const } : {}
  return [
    { type: 'tool_use', id, name: call.name, input: argumentsOf(call) },
    { type: 'tool_result', tool_use_id: id, content: result.content, ...failed },
  ]
}

function blockOf(part: SaidPart): Block {
  if (part.kind === 'text') return { type: 'text', text: part.text }
  const source = { type: 'base64', media_type: part.mediaType as ImageType, data: new Base64Text(part.bytes) } as const
  return { type: 'image', source }
}

function toolOf({ name, description, parametersJson }: Tool): AnthropicTool {
  const schema = JSON.parse(parametersJson) as Record<string, unknown>
  return { name, ...(description === undefined ? {} : { description }), input_schema: { ...schema, type: 'object' } }
}

function choiceOf(choice = 'auto'): NonNullable<MessagesRequest['tool_choice']> {
  if (choice === 'auto' || choice === 'none') return { type: choice }
  return choice === 'required' ? { type: 'any' } : { type: 'tool', name: choice }
}
