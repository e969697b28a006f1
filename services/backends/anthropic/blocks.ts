import type { Cacheable, ReasoningPart } from '#services/contract/content'
import type { LoadedPart } from '#services/backends/work'
import { Base64Text } from '../remote/wire/base64-text.ts'
import { argumentsOf } from '../remote/turns.ts'

/** What ends a prefix that may be cached. @source Anthropic API documentation, "Prompt caching" */
export interface CacheMark {
  readonly cache_control?: { readonly type: 'ephemeral' }
}

type ImageType = 'image/jpeg' | 'image/png' | 'image/gif' | 'image/webp'

/** A block of content. @source Anthropic API reference, "Create a Message" */
export type Block = CacheMark &
  (
    | { readonly type: 'text'; readonly text: string }
    | {
        readonly type: 'image'
        readonly source: { readonly type: 'base64'; readonly media_type: ImageType; readonly data: Base64Text }
      }
    | {
        readonly type: 'document'
        readonly source: { readonly type: 'base64'; readonly media_type: 'application/pdf'; readonly data: Base64Text }
      }
    | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
    | { readonly type: 'redacted_thinking'; readonly data: string }
    | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown }
    | { readonly type: 'tool_result'; readonly tool_use_id: string; readonly content: string; readonly is_error?: true }
  )

/** The mark of a part that a provider may cache the prompt up to. */
export function cacheMark({ cachePoint }: Cacheable): CacheMark {
  return cachePoint === true ? { cache_control: { type: 'ephemeral' } } : {}
}

/** Stands before the data of thinking that the provider keeps to itself. */
export const redacted = 'redacted:'

/** Ids of calls as this protocol takes them. */
export interface Ids {
  /** That of a call. */
  called(id: string): string
  /** That of the nearest call before with this id. */
  answered(id: string): string
}

/**
 * Ids of other protocols may hold characters that this one refuses, and come again in a later turn, which this one
 * refuses too: such are numbered.
 * @source Anthropic API reference, "Create a Message", `tool_use.id`
 */
export function createIds(): Ids {
  const used = new Set<string>()
  const renamed = new Map<string, string>()
  const newId = (): string => {
    let number = 0
    while (used.has(`call_${number}`)) number += 1
    return `call_${number}`
  }
  return {
    called(id) {
      const own = /^[A-Za-z0-9_-]+$/u.test(id) && !used.has(id) ? id : newId()
      used.add(own)
      renamed.set(id, own)
      return own
    },
    answered: id => renamed.get(id) ?? id,
  }
}

/** A part as blocks; none of what this protocol does not carry, and of thinking without a signature. */
export function blocksOf(part: LoadedPart, ids: Ids): readonly Block[] {
  const mark = cacheMark(part)
  if (part.kind === 'text') return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text, ...mark }]
  if (part.kind === 'reasoning') return thinkingBlocks(part)
  if (part.kind === 'tool-call') {
    return [{ type: 'tool_use', id: ids.called(part.id), name: part.name, input: argumentsOf(part), ...mark }]
  }
  if (part.kind === 'tool-result') {
    const failed = part.isError === true ? { is_error: true as const } : {}
    return [{ type: 'tool_result', tool_use_id: ids.answered(part.callId), content: part.content, ...failed, ...mark }]
  }
  const data = new Base64Text(part.bytes)
  if (part.kind === 'document') {
    return [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data }, ...mark }]
  }
  const source = { type: 'base64', media_type: part.mediaType as ImageType, data } as const
  return part.kind === 'image' ? [{ type: 'image', source, ...mark }] : []
}

function thinkingBlocks({ text, signature }: ReasoningPart): readonly Block[] {
  if (signature === undefined) return []
  if (signature.startsWith(redacted)) return [{ type: 'redacted_thinking', data: signature.slice(redacted.length) }]
  return [{ type: 'thinking', thinking: text, signature }]
}
