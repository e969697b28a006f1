import type { Cacheable, MediaSource, MediumKind, Part, WordPart } from '#services/contract/content'
import { conversationOf, type Conversation, type Role } from '#services/contract/conversation'
import { invalidField } from '#services/contract/errors'
import type { InferRequest__Output } from '../generated/sluice/v1/InferRequest.ts'
import type { Media__Output } from '../generated/sluice/v1/Media.ts'
import type { Message__Output } from '../generated/sluice/v1/Message.ts'
import type { Part__Output } from '../generated/sluice/v1/Part.ts'

const roles: Readonly<Record<string, Role>> = {
  ROLE_SYSTEM: 'system',
  ROLE_USER: 'user',
  ROLE_ASSISTANT: 'assistant',
  ROLE_TOOL: 'tool',
}

/** Reads content or messages. @throws GatewayError InvalidRequest for what cannot even be read */
export function contentFromWire({ content, messages }: InferRequest__Output): Conversation {
  if (messages.length === 0) return { parts: content.map((part, index) => partFromWire(part, `content[${index}]`)) }
  if (content.length > 0) throw invalidField('content', 'expected either content or messages')
  return conversationOf(messages.map(messageFromWire))
}

function messageFromWire({ role, parts }: Message__Output, index: number) {
  const field = `messages[${index}]`
  const known = roles[role]
  if (known === undefined) throw invalidField(`${field}.role`, `expected one of ${Object.keys(roles).join(', ')}`)
  return { role: known, parts: parts.map((part, at) => partFromWire(part, `${field}.parts[${at}]`)) }
}

function partFromWire(wire: Part__Output, field: string): Part {
  const cached: Cacheable = wire.cachePoint ? { cachePoint: true } : {}
  const words = wordsFromWire(wire)
  if (words !== undefined) return { ...words, ...cached }
  const kind = mediumOf(wire)
  const media = kind === undefined ? undefined : wire[kind]
  if (kind === undefined || media === undefined || media === null) {
    throw invalidField(
      field,
      'expected text, image, audio, video, document, tool_call, tool_result or reasoning; of each what is in it',
    )
  }
  return {
    kind,
    source: sourceFromWire(media, `${field}.${kind}`),
    ...(media.mediaType === '' ? {} : { mediaType: media.mediaType }),
    ...cached,
  }
}

function mediumOf({ part }: Part__Output): MediumKind | undefined {
  return part === 'image' || part === 'audio' || part === 'video' || part === 'document' ? part : undefined
}

function wordsFromWire({ part, text, toolCall, toolResult, reasoning }: Part__Output): WordPart | undefined {
  if (part === 'text') return { kind: 'text', text: text ?? '' }
  if (toolCall) return { kind: 'tool-call', ...toolCall }
  if (toolResult) {
    const { callId, content, isError } = toolResult
    return { kind: 'tool-result', callId, content, ...(isError ? { isError } : {}) }
  }
  if (!reasoning) return undefined
  const { signature, model } = reasoning
  return {
    kind: 'reasoning',
    text: reasoning.text,
    ...(signature === '' ? {} : { signature }),
    ...(model === '' ? {} : { model }),
  }
}

function sourceFromWire(media: Media__Output, field: string): MediaSource {
  if (media.source === 'bytes') return { kind: 'bytes', bytes: media.bytes ?? new Uint8Array() }
  if (media.source === 'uri') return { kind: 'uri', uri: media.uri ?? '' }
  throw invalidField(field, 'expected bytes or uri')
}
