import type { LoadedPart, Work } from '../states.ts'

/** A chat completion as OpenAI-compatible servers take it. @source OpenAI API reference, "Create chat completion" */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly { readonly role: 'system' | 'user'; readonly content: string | readonly ContentPart[] }[]
  readonly stream: true
  readonly stream_options: { readonly include_usage: true }
  readonly max_tokens: number
  readonly temperature?: number
  readonly logprobs?: true
}

type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }
  | { readonly type: 'input_audio'; readonly input_audio: { readonly data: string; readonly format: 'wav' } }

/** The same cap that money was reserved for. */
const defaultMaxOutputTokens = 1024

/** Writes a leg as a chat: media as base64, which this wire demands and no other; always streamed, so that it can be stopped. */
export function encodeChat(work: Work, model: string, logprobs: boolean): ChatRequest {
  const { options, recipe, parts } = work
  const temperature = options.temperature ?? recipe.temperature
  return {
    model: recipe.adapter ?? model,
    messages: messagesOf(parts, options.instruction, recipe.promptTemplate),
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: options.maxOutputTokens ?? recipe.maxOutputTokens ?? defaultMaxOutputTokens,
    ...(temperature === undefined ? {} : { temperature }),
    ...(logprobs ? { logprobs } : {}),
  }
}

function messagesOf(
  parts: readonly LoadedPart[],
  instruction: string | undefined,
  template: string | undefined,
): ChatRequest['messages'] {
  const content = parts.map(part => contentOf(part, template))
  const [only] = content
  const user = content.length === 1 && only?.type === 'text' ? only.text : content
  const asked = { role: 'user', content: user } as const
  return instruction === undefined ? [asked] : [{ role: 'system', content: instruction }, asked]
}

function contentOf(part: LoadedPart, template: string | undefined): ContentPart {
  if (part.kind === 'text') {
    return { type: 'text', text: template === undefined ? part.text : template.replaceAll('{input}', () => part.text) }
  }
  const data = Buffer.from(part.bytes.buffer, part.bytes.byteOffset, part.bytes.byteLength).toString('base64')
  if (part.kind === 'audio') return { type: 'input_audio', input_audio: { data, format: 'wav' } }
  return { type: 'image_url', image_url: { url: `data:${part.mediaType};base64,${data}` } }
}
