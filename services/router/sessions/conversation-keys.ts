import { createHash } from 'node:crypto'
import { isWords } from '#services/contract/content'
import { messagesOf, type Message } from '#services/contract/conversation'
import type { Admitted, CheckedPart } from '#services/router/request/states'

/** Where the choice for a conversation is kept, and where that for its turns before may be: newest first. */
export interface ConversationKeys {
  readonly own: string
  readonly earlier: readonly string[]
}

/** Turns back that are looked for: a client may have put in some of its own since. */
const mostEarlier = 4

/**
 * The keys of a conversation on a ladder: its session key, or hashes of its beginnings. What was asked before an
 * answer is the beginning by which that answer's rung was kept. `undefined` of a request that is no conversation.
 * Reasoning is left out: clients may drop it.
 */
export function conversationKeysOf({ request, parts }: Admitted, ladder: string): ConversationKeys | undefined {
  const { sessionKey, messages } = request
  if (sessionKey !== undefined) {
    const key = `k:${ladder}:${createHash('sha256').update(sessionKey).digest('base64url')}`
    return { own: key, earlier: [key] }
  }
  if (messages === undefined) return undefined
  const hash = createHash('sha256').update(ladder)
  const earlier: string[] = []
  for (const message of messagesOf({ parts, messages })) {
    if (message.role === 'assistant') earlier.push(`h:${hash.copy().digest('base64url')}`)
    addMessage(hash, message)
  }
  return { own: `h:${hash.digest('base64url')}`, earlier: earlier.toReversed().slice(0, mostEarlier) }
}

function addMessage(hash: ReturnType<typeof createHash>, { role, parts }: Message<CheckedPart>): void {
  hash.update(`\0${role}`)
  for (const part of parts) {
    if (part.kind === 'reasoning') continue
    hash.update(`\0${part.kind}\0`)
    if (!isWords(part)) hash.update(part.bytes)
    else if (part.kind === 'text') hash.update(part.text)
    else hash.update(part.kind === 'tool-call' ? part.id : part.content)
  }
}

const beginningMark = 'beginning:'

/** Whether a key is one that {@link beginningOf} made and no caller's own. */
export function isBeginning(key: string): boolean {
  return key.startsWith(beginningMark)
}

/**
 * What requests of one conversation have in common from its first turn on: its messages up to the user's first,
 * hashed. They prefer one server.
 */
export function beginningOf({ request: { messages }, parts }: Pick<Admitted, 'request' | 'parts'>): string | undefined {
  if (messages === undefined) return undefined
  const hash = createHash('sha256')
  for (const message of messagesOf({ parts, messages })) {
    addMessage(hash, message)
    if (message.role === 'user') break
  }
  return `${beginningMark}${hash.digest('base64url')}`
}
