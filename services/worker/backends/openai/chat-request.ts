import type { Tool } from '#services/contract/content'
import { Base64Text } from '../remote/wire/base64-text.ts'
import type { Work } from '#services/worker/states'
import { promptOf, samplingOf, type Prompt } from '../remote/prompt.ts'
import { turnsOf, type AnsweredCall, type SaidPart } from '../remote/turns.ts'

/** A chat completion as OpenAI-compatible servers take it. @source OpenAI API reference, "Create chat completion" */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream: true
  readonly stream_options: { readonly include_usage: true }
  readonly max_tokens?: number
  readonly max_completion_tokens?: number
  readonly temperature?: number
  readonly top_p?: number
  readonly seed?: number
  readonly stop?: readonly string[]
  readonly logprobs?: true
  readonly tools?: readonly object[]
  readonly tool_choice?: string | object
}

/** One message of a chat. */
export type ChatMessage =
  | { readonly role: 'system' | 'assistant'; readonly content: string }
  | { readonly role: 'user'; readonly content: string | ContentPart[] }
  | { readonly role: 'assistant'; readonly content: null; readonly tool_calls: CalledTool[] }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string }

interface CalledTool {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: Base64Text } }
  | { readonly type: 'video_url'; readonly video_url: { readonly url: Base64Text } }
  | { readonly type: 'input_audio'; readonly input_audio: { readonly data: Base64Text; readonly format: string } }

/** How a server wants its chats. */
export interface ChatStyle {
  readonly model: string
  readonly logprobs: boolean
  /** `max_tokens`, which every server but OpenAI's newest models takes, or `max_completion_tokens`. */
  readonly capField: 'max_tokens' | 'max_completion_tokens'
}

/** Writes a leg as a chat: media as base64, which this wire demands and no other; always streamed, so that it can be stopped. */
export function encodeChat(work: Work, { model, logprobs, capField }: ChatStyle): ChatRequest {
  const { maxOutputTokens, temperature, topP, seed, stop } = samplingOf(work)
  const { tools, toolChoice } = work.options
  return {
    model,
    messages: messagesOf(promptOf(work)),
    stream: true,
    stream_options: { include_usage: true },
    [capField]: maxOutputTokens,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
    ...(logprobs ? { logprobs } : {}),
    ...(tools === undefined ? {} : { tools: tools.map(toolOf), tool_choice: choiceOf(toolChoice) }),
  }
}

function messagesOf({ system, examples, parts }: Prompt): readonly ChatMessage[] {
  const shown = examples.flatMap(({ input, output }) => [
    { role: 'user', content: input } as const,
    { role: 'assistant', content: output } as const,
  ])
  const turns = turnsOf(parts).flatMap(turn => (turn.kind === 'said' ? [saidOf(turn.parts)] : calledOf(turn.answered)))
  return [...(system === undefined ? [] : [{ role: 'system', content: system } as const]), ...shown, ...turns]
}

function saidOf(parts: readonly SaidPart[]): ChatMessage {
  const content = parts.map(contentOf)
  const [only] = content
  return { role: 'user', content: content.length === 1 && only?.type === 'text' ? only.text : content }
}

/** This protocol has no mark for a call that failed: the words of its result say so. */
function calledOf(answered: readonly AnsweredCall[]): ChatMessage[] {
  const calls = answered.map(({ call: { id, name, argumentsJson } }): CalledTool => {
    // Templates of open models read the arguments as JSON, and a call without any is written as nothing by some.
    return { id, type: 'function', function: { name, arguments: argumentsJson === '' ? '{}' : argumentsJson } }
  })
  const results = answered.map(({ call, result }): ChatMessage => ({
    role: 'tool',
    tool_call_id: call.id,
    content: result.content,
  }))
  return [{ role: 'assistant', content: null, tool_calls: calls }, ...results]
}

function contentOf(part: SaidPart): ContentPart {
  if (part.kind === 'text') return { type: 'text', text: part.text }
  const { kind, bytes, mediaType } = part
  if (kind === 'audio') {
    return { type: 'input_audio', input_audio: { data: new Base64Text(bytes), format: formatOf(mediaType) } }
  }
  const url = new Base64Text(bytes, `data:${mediaType};base64,`)
  // Only vLLM and SGLang take videos, by this name of theirs.
  if (kind === 'video') return { type: 'video_url', video_url: { url } }
  return { type: 'image_url', image_url: { url } }
}

/** The protocol names formats, not media types. */
function formatOf(mediaType: string): string {
  return mediaType === 'audio/mpeg' ? 'mp3' : (mediaType.split('/')[1] ?? 'wav')
}

function toolOf({ name, description, parametersJson }: Tool): object {
  const parameters: unknown = JSON.parse(parametersJson)
  return { type: 'function', function: { name, ...(description === undefined ? {} : { description }), parameters } }
}

const plainChoices: ReadonlySet<string> = new Set(['auto', 'none', 'required'])

function choiceOf(choice = 'auto'): string | object {
  return plainChoices.has(choice) ? choice : { type: 'function', function: { name: choice } }
}
