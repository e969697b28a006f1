import type { Part } from './content.ts'

/** Who says a message. */
export type Role = 'system' | 'user' | 'assistant' | 'tool'

/** One message of a conversation. */
export interface Message<P = Part> {
  readonly role: Role
  readonly parts: readonly P[]
}

/**
 * One message as a stretch of a request's parts. Parts travel in one list, whatever message they are of: most that
 * look at content (sizes, media, payloads) need not know of messages.
 */
export interface MessageSpan {
  readonly role: Role
  /** How many parts it has; they follow those of the message before it. */
  readonly parts: number
}

/** A conversation as one list of parts with the messages that they make. */
export interface Conversation<P = Part> {
  readonly parts: readonly P[]
  /** Absent where the parts are one message of the user. */
  readonly messages?: readonly MessageSpan[]
}

/** Lays the parts of messages end to end. */
export function conversationOf<P>(messages: readonly Message<P>[]): Required<Conversation<P>> {
  return {
    parts: messages.flatMap(({ parts }) => parts),
    messages: messages.map(({ role, parts }) => ({ role, parts: parts.length })),
  }
}

/** The messages of a conversation; content without messages is one message of the user. */
export function messagesOf<P>({ parts, messages }: Conversation<P>): readonly Message<P>[] {
  if (messages === undefined) return [{ role: 'user', parts }]
  let from = 0
  return messages.map(({ role, parts: count }) => {
    from += count
    return { role, parts: parts.slice(from - count, from) }
  })
}

/** Path of a part in the request as its caller wrote it, such as `messages[2].parts[0]` or `content[1]`. */
export function partPath(messages: readonly MessageSpan[] | undefined, index: number): string {
  if (messages === undefined) return `content[${index}]`
  let from = 0
  for (const [at, { parts }] of messages.entries()) {
    if (index < from + parts) return `messages[${at}].parts[${index - from}]`
    from += parts
  }
  return 'messages'
}
