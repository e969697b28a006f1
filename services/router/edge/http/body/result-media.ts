import type { Part, ToolResultPart } from '#services/contract/content'
import type { Message } from '#services/contract/conversation'

/** A message with the name that its wire has for it, and the media of the results of tools in it. */
export interface ReadMessage {
  readonly name: string
  readonly message: Message
  readonly media?: readonly Part[]
}

const unworded = 'The media of this result follow.'

/** A result of a tool out of what its wire has of it: its words, and its media with a word of whose they are. */
export function readResult(
  of: Pick<ToolResultPart, 'callId' | 'isError' | 'cachePoint'>,
  parts: readonly Part[],
  separator: string,
): { readonly result: ToolResultPart; readonly media: readonly Part[] } {
  const words = parts.flatMap(part => (part.kind === 'text' ? [part.text] : [])).join(separator)
  const media = parts.filter(part => part.kind !== 'text')
  const content = words === '' && media.length > 0 ? unworded : words
  return {
    result: { kind: 'tool-result', ...of, content },
    media: media.length === 0 ? [] : [{ kind: 'text', text: `Media in the result of ${of.callId}:` }, ...media],
  }
}

/**
 * Puts media of results where every provider takes them: behind all results that belong together, into the user's next
 * message or one of its own.
 */
export function placeMedia(messages: readonly ReadMessage[]): readonly ReadMessage[] {
  const placed: ReadMessage[] = []
  let waiting: ReadMessage | undefined
  for (const { name, message, media = [] } of messages) {
    if (message.role === 'user' && waiting !== undefined) {
      placed.push({ name, message: { role: 'user', parts: [...message.parts, ...waiting.message.parts] } })
      waiting = undefined
      continue
    }
    if (message.role !== 'tool' && waiting !== undefined) {
      placed.push(waiting)
      waiting = undefined
    }
    placed.push({ name, message })
    if (media.length === 0) continue
    waiting = { name, message: { role: 'user', parts: [...(waiting?.message.parts ?? []), ...media] } }
  }
  return waiting === undefined ? placed : [...placed, waiting]
}
