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

/** Gives the next text of a body; `undefined` at its end. */
type NextText = () => Promise<string | undefined>

/**
 * Reads the pieces of an answer out of a body: of a stream of events, or of one JSON where a server does not
 * stream. What came together is given together: each step of an asynchronous loop costs more than a piece.
 * @throws UpstreamError, behind the pieces that came before the fault
 */
export async function* readPieces(
  body: AsyncIterable<Uint8Array>,
  reader: EventReader,
  times: BodyTimes,
): AsyncGenerator<readonly ChatPiece[]> {
  const next = textsOf(body[Symbol.asyncIterator](), times)
  let head = ''
  while (head.trim() === '') {
    const text = await next()
    if (text === undefined) throw new UpstreamError('truncated', head === '' ? 'the answer has no body' : cut)
    head += text
  }
  // No line of a stream of events begins so.
  if (/^\s*[{[<]/u.test(head)) yield await readWhole(head, next, reader)
  else yield* readEvents(head, next, reader)
}

function textsOf(chunks: AsyncIterator<Uint8Array>, { leftMs, begun }: BodyTimes): NextText {
  const decoder = new TextDecoder()
  return async () => {
    const late = begun() ? 'the stream stalled' : 'the server did not answer in time'
    const { done, value } = await within(leftMs(), late, chunks.next())
    return done === true ? undefined : decoder.decode(value, { stream: true })
  }
}

interface ReadEvent {
  readonly data: string
  readonly event?: string | undefined
}

async function* readEvents(head: string, next: NextText, reader: EventReader): AsyncGenerator<readonly ChatPiece[]> {
  const waiting: ReadEvent[] = []
  const fault = { tooLong: false }
  const parser = createParser({
    onEvent: event => waiting.push(event),
    onError: error => {
      fault.tooLong ||= error.type === 'max-buffer-size-exceeded'
    },
    maxBufferSize: mostCharacters,
  })
  const toLineFeeds = lineFeeds()
  const nextLines = wholeLines(head, next)
  for (let text: string | undefined = head; text !== undefined; text = await nextLines()) {
    parser.feed(toLineFeeds(text))
    const { pieces, failure } = readAll(waiting.splice(0), reader)
    if (pieces.length > 0) yield pieces
    if (failure !== undefined) throw failure
    if (reader.ended) {
      await readEnd(next)
      return
    }
    if (fault.tooLong) throw new UpstreamError('malformed', 'an event of the stream has no end')
  }
  if (!reader.wholeAtClose) throw new UpstreamError('truncated', cut)
}

/** The pieces of events, up to the end of the answer or to an error event. */
function readAll(
  events: readonly ReadEvent[],
  reader: EventReader,
): { readonly pieces: readonly ChatPiece[]; readonly failure?: UpstreamError } {
  const pieces: ChatPiece[] = []
  try {
    for (const { data, event } of events) {
      pieces.push(...reader.read(data, event))
      if (reader.ended) break
    }
    return { pieces }
  } catch (error) {
    if (error instanceof UpstreamError) return { pieces, failure: error }
    throw error
  }
}

/** The texts behind the first. A last line that is whole ends its event, although no empty line follows. */
function wholeLines(head: string, next: NextText): NextText {
  let last = head
  return async () => {
    const text = await next()
    if (text !== undefined) {
      if (text !== '') last = text
      return text
    }
    const isWhole = /[\r\n]$/u.test(last)
    last = ''
    return isWhole ? '\n' : undefined
  }
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
async function readWhole(head: string, next: NextText, reader: EventReader): Promise<readonly ChatPiece[]> {
  let whole = head
  for (let text = await next(); text !== undefined; text = await next()) {
    whole += text
    if (whole.length > mostCharacters) throw new UpstreamError('malformed', 'the answer has no end')
  }
  const value = parseJson(whole)
  const pieces = (Array.isArray(value) ? value : [value]).flatMap(one => reader.read(JSON.stringify(one)))
  if (!reader.finished) throw new UpstreamError('truncated', cut)
  return pieces.map(piece => ({ ...piece, oddities: [...(piece.oddities ?? []), 'not-streamed' as const] }))
}

/**
 * What comes behind the last event is the end of the body, mostly in the same packet; a connection that was read to
 * its end is used again.
 */
const endWaitMs = 50

async function readEnd(next: NextText): Promise<void> {
  await within(endWaitMs, 'the body has no end', next()).catch(() => {
    // The answer is whole; only the connection is not used again.
  })
}
