import { wordsIn, isWords } from '#services/contract/content'
import { messagesOf, conversationOf, type Message } from '#services/contract/conversation'
import { locatorText } from '#services/contract/retrieval/locator-text'
import type { Evidence, Passage } from '#services/contract/retrieval/evidence'
import type { Admitted, CheckedPart } from '#services/router/request/states'

const instruction = [
  'Answer the question in a sentence, from the numbered sources below and from nothing else.',
  'End each sentence with the number of its source in brackets, such as [1].',
  'If the sources do not have the answer, say only: not in the sources.',
].join(' ')

/** What is asked now: the words of the last message of the user. */
export function questionOf({ parts, request: { messages } }: Pick<Admitted, 'parts' | 'request'>): string {
  const last = messagesOf({ parts, ...(messages === undefined ? {} : { messages }) }).findLast(isAsked)
  return (last?.parts ?? []).flatMap(part => (isWords(part) ? wordsIn(part) : [])).join('\n')
}

/** Puts the passages as models may see them before what is asked now, as a part of the same message. */
export function addEvidence(
  admitted: Admitted,
  found: Omit<Evidence, 'place'>,
  passages: readonly Passage[] = found.passages,
): Admitted {
  const { messages } = admitted.request
  const shown: CheckedPart = { kind: 'text', text: textOf(passages) }
  if (messages === undefined) {
    return { ...admitted, parts: [shown, ...admitted.parts], evidence: { ...found, place: 0 } }
  }
  const all = messagesOf({ parts: admitted.parts, messages })
  const last = all.findLastIndex(isAsked)
  const more = all.map((message, at) => (at === last ? { ...message, parts: [shown, ...message.parts] } : message))
  const { parts, messages: spans } = conversationOf(more)
  const evidence = { ...found, place: parts.indexOf(shown) }
  return { ...admitted, parts, request: { ...admitted.request, messages: spans }, evidence }
}

function isAsked({ role }: Message<CheckedPart>): boolean {
  return role === 'user'
}

function headOf({ title, locator }: Omit<Passage, 'text'>): string {
  const head = [title, locator === undefined ? undefined : locatorText(locator)].filter(one => one !== undefined)
  return head.length === 0 ? '' : `${head.join(', ')}\n`
}

function textOf(passages: readonly Passage[]): string {
  const sources = passages.map(({ text, ...passage }, at) => `[${at + 1}] ${headOf(passage)}${text}`)
  return [instruction, ...(sources.length === 0 ? ['There are no sources.'] : sources), 'Question:'].join('\n\n')
}
