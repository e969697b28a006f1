import { createHash, type Hash } from 'node:crypto'
import { isWords } from '#services/contract/content'
import type { LadderCache } from '#services/contract/model'
import { messagesOf } from '#services/contract/conversation'
import { withoutEvidence, type Admitted, type CheckedPart, type GuidedLadder } from '#services/router/request/states'

/** Where the answer to a request is kept. */
export interface CacheScope {
  /** Names all that decides the answer. */
  readonly key: string
  /** The same but for what is asked now: questions of one scope may have one answer. */
  readonly scope: string
  /** What is asked now; absent where likeness says nothing: media, and turns of a conversation. */
  readonly question?: string
}

/**
 * What decides the answer: task, options, constraints, content, ladder, policy and the version of the index. Loops of
 * tools are kept where the ladder says so; what guardrails rewrite, and what an idempotency key names, is not kept.
 */
export function cacheScopeOf(given: Admitted, { ladder, policy }: GuidedLadder): CacheScope | undefined {
  const { request, parts } = withoutEvidence(given)
  if (!isKept(given, ladder.cache)) return undefined
  const { priority: _urgency, deadlineMs: _time, ...constraints } = request.constraints
  const shared = createHash('sha256')
  const { evidence } = given
  const found = evidence === undefined ? null : [evidence.index, evidence.indexVersion, evidence.passages.length]
  const decides = [request.task, request.options, constraints, ladder.name, policy?.version ?? 'none', found]
  shared.update(JSON.stringify(decides))
  const whole = shared.copy().update(JSON.stringify(request.messages ?? null))
  for (const part of parts) addPart(whole, part)
  const key = whole.digest('hex')
  const question = questionOf({ request, parts })
  if (question === undefined) return { key, scope: '' }
  return { key, scope: addOthers(shared, { request, parts }).digest('hex').slice(0, 32), question }
}

function isKept(admitted: Admitted, cache: LadderCache | undefined): boolean {
  if (cache === undefined || admitted.guard !== undefined || admitted.request.idempotencyKey !== undefined) return false
  return cache.tools || !usesTools(admitted)
}

function usesTools({ request: { options }, parts }: Admitted): boolean {
  return options.tools !== undefined || parts.some(({ kind }) => kind === 'tool-call' || kind === 'tool-result')
}

type Conversation = Pick<Admitted, 'request' | 'parts'>

/** The one message of the user, where it is all text and there are only instructions besides. */
function questionOf({ request, parts }: Conversation): string | undefined {
  if (request.task !== 'generate') return undefined
  const messages = messagesIn({ request, parts })
  const asked = messages.filter(({ role }) => role === 'user')
  const [only] = asked
  if (only === undefined || asked.length > 1) return undefined
  if (messages.some(({ role, parts: all }) => (role !== 'user' && role !== 'system') || !all.every(isText))) {
    return undefined
  }
  return only.parts.map(part => (part.kind === 'text' ? part.text : '')).join('\n')
}

function addOthers(hash: Hash, conversation: Conversation): Hash {
  for (const { role, parts } of messagesIn(conversation))
    if (role !== 'user') for (const part of parts) addPart(hash, part)
  return hash
}

function messagesIn({ request: { messages }, parts }: Conversation) {
  return messagesOf({ parts, ...(messages === undefined ? {} : { messages }) })
}

function isText({ kind }: CheckedPart): boolean {
  return kind === 'text'
}

function addPart(hash: Hash, part: CheckedPart): void {
  hash.update(`\0${part.kind}\0`).update(isWords(part) ? JSON.stringify(part) : part.bytes)
}
