import type { Tool } from '../../shared/contract/content.ts'
import type { LoadedPart, Work } from '../states.ts'
import { base64Of, promptOf, samplingOf } from './prompt.ts'

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
      readonly source: { readonly type: 'base64'; readonly media_type: ImageType; readonly data: string }
    }

/** What this protocol carries: audio and video it does not. */
export function messagesTake(part: LoadedPart): boolean {
  return part.kind === 'text' || (part.kind === 'image' && imageTypes.has(part.mediaType))
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
    messages: [...shown, { role: 'user', content: parts.map(blockOf) }],
    ...(system === undefined ? {} : { system }),
    ...(temperature === undefined ? {} : { temperature: Math.min(1, temperature) }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(stop === undefined ? {} : { stop_sequences: [...stop] }),
    ...(tools === undefined ? {} : { tools: tools.map(toolOf), tool_choice: choiceOf(toolChoice) }),
  }
}

function blockOf(part: LoadedPart): Block {
  if (part.kind === 'text') return { type: 'text', text: part.text }
  const source = { type: 'base64', media_type: part.mediaType as ImageType, data: base64Of(part.bytes) } as const
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
