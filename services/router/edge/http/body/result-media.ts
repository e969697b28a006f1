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
  for (const read of messages) {
    const { name, message, media = [] } = read
    if (message.role === 'tool') {
      placed.push(read)
      waiting = media.length === 0 ? waiting : { name, message: userSays(waiting, media) }
      continue
    }
    if (waiting === undefined) placed.push(read)
    else if (message.role === 'user') placed.push({ name, message: userSays(read, waiting.message.parts) })
    else placed.push(waiting, read)
    waiting = undefined
  }
  return waiting === undefined ? placed : [...placed, waiting]
}

function userSays(before: ReadMessage | undefined, more: readonly Part[]): Message {
  return { role: 'user', parts: [...(before?.message.parts ?? []), ...more] }
}
