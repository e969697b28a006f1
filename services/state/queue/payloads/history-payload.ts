import { isWords, type WordPart } from '#services/contract/content'
import type { Conversation, MessageSpan } from '#services/contract/conversation'

/** A conversation's words in the payload store, by one reference; its media follow it, in their order. */
export interface HistoryReference {
  readonly kind: 'history-payload'
  readonly payloadId: string
  readonly payloadBytes: number
}

/** What is stored: `null` stands where a medium is. */
interface History {
  readonly parts: readonly (WordPart | null)[]
  readonly messages?: readonly MessageSpan[]
}

/** The words of a conversation and the messages that they make, as they are put away. */
export function historyBytes({ parts, messages }: Conversation<{ readonly kind: string }>): Uint8Array {
  const words = parts.map(part => (isWords(part) ? (part as WordPart) : null))
  return Buffer.from(
    JSON.stringify({ parts: words, ...(messages === undefined ? {} : { messages }) } satisfies History),
  )
}

/** Reads what `historyBytes` wrote, with the media in their places; `undefined` where one is missing. */
export function historyOf<Medium>(
  bytes: Uint8Array,
  media: readonly Medium[],
): Conversation<WordPart | Medium> | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const { parts, messages } = JSON.parse(text) as History
  const left = [...media]
  const whole = parts.map(part => part ?? left.shift()).filter(part => part !== undefined)
  if (whole.length < parts.length) return undefined
  return { parts: whole, ...(messages === undefined ? {} : { messages }) }
}
