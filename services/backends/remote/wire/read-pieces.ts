import { createParser } from 'eventsource-parser'
import type { ChatPiece, EventReader } from './chat-piece.ts'
import { parseJson } from './parse-event.ts'
import { UpstreamError } from './upstream-error.ts'
import { within } from './within.ts'

/** How long a body may take. */
export interface BodyTimes {
  /** How long the next bytes may take from now on. */
  readonly leftMs: () => number
  /** Whether the answer has begun. */
  readonly begun: () => boolean
}

/**
 * No event of a chat, and no answer in one piece, is near this long; a stream that never ends its line must not
 * fill the memory.
 */
const mostCharacters = 4 * 1024 * 1024

const cut = 'the stream ended before the answer did'

/**
 * Reads the pieces of an answer out of a body: of a stream of events, or of one JSON where a server does not
 * stream.
 * @throws UpstreamError
 */
export async function* readPieces(
  body: AsyncIterable<Uint8Array>,
  reader: EventReader,
  times: BodyTimes,
): AsyncGenerator<ChatPiece> {
  const texts = readTexts(body[Symbol.asyncIterator](), times)
  let head = ''
  while (head.trim() === '') {
    const { done, value } = await texts.next()
    if (done === true) throw new UpstreamError('truncated', head === '' ? 'the answer has no body' : cut)
    head += value
  }
  // No line of a stream of events begins so.
  if (/^\s*[{[<]/u.test(head)) yield* readWhole(head, texts, reader)
  else yield* readEvents(head, texts, reader)
}

async function* readTexts(chunks: AsyncIterator<Uint8Array>, { leftMs, begun }: BodyTimes): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for (;;) {
    const late = begun() ? 'the stream stalled' : 'the server did not answer in time'
    const { done, value } = await within(leftMs(), late, chunks.next())
    if (done === true) return
    yield decoder.decode(value, { stream: true })
  }
}

async function* readEvents(
  head: string,
  texts: AsyncGenerator<string>,
  reader: EventReader,
): AsyncGenerator<ChatPiece> {
  const waiting: { readonly data: string; readonly event?: string | undefined }[] = []
  const fault = { tooLong: false }
  const parser = createParser({
    onEvent: event => waiting.push(event),
    onError: error => {
      fault.tooLong ||= error.type === 'max-buffer-size-exceeded'
    },
    maxBufferSize: mostCharacters,
  })
  const toLineFeeds = lineFeeds()
  for await (const text of wholeLines(head, texts)) {
    parser.feed(toLineFeeds(text))
    for (const { data, event } of waiting.splice(0)) {
      yield* reader.read(data, event)
      if (reader.ended) {
        await readEnd(texts)
        return
      }
    }
    if (fault.tooLong) throw new UpstreamError('malformed', 'an event of the stream has no end')
  }
  if (!reader.wholeAtClose) throw new UpstreamError('truncated', cut)
}

/** The texts of a stream. A last line that is whole ends its event, although no empty line follows. */
async function* wholeLines(head: string, texts: AsyncGenerator<string>): AsyncGenerator<string> {
  yield head
  let last = head
  for (;;) {
    const { done, value } = await texts.next()
    if (done === true) break
    yield value
    if (value !== '') last = value
  }
  if (/[\r\n]$/u.test(last)) yield '\n'
}

/**
 * Makes a line feed of each line end, in pieces of a text. The parser gives an event that ends in a carriage return
 * only with the next byte, since a line feed might follow: the newest event would wait while the server is silent.
 */
export function lineFeeds(): (text: string) => string {
  let afterReturn = false
  return text => {
    const rest = afterReturn && text.startsWith('\n') ? text.slice(1) : text
    if (text !== '') afterReturn = text.endsWith('\r')
    return rest.replaceAll(/\r\n?/gu, '\n')
  }
}

/** An answer in one JSON, or a list of its events; also an error, or a page of something else than a model server. */
async function* readWhole(head: string, texts: AsyncGenerator<string>, reader: EventReader): AsyncGenerator<ChatPiece> {
  let whole = head
  for await (const text of texts) {
    whole += text
    if (whole.length > mostCharacters) throw new UpstreamError('malformed', 'the answer has no end')
  }
  const value = parseJson(whole)
  for (const one of Array.isArray(value) ? value : [value]) {
    for (const piece of reader.read(JSON.stringify(one)))
      yield { ...piece, oddities: [...(piece.oddities ?? []), 'not-streamed'] }
  }
  if (!reader.finished) throw new UpstreamError('truncated', cut)
}

/**
 * What comes behind the last event is the end of the body, mostly in the same packet; a connection that was read to
 * its end is used again.
 */
const endWaitMs = 50

async function readEnd(texts: AsyncGenerator<string>): Promise<void> {
  await within(endWaitMs, 'the body has no end', texts.next()).catch(() => {
    // The answer is whole; only the connection is not used again.
  })
}
