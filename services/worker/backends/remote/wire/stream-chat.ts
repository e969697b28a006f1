import { createParser } from 'eventsource-parser'
import { encodeBody } from './encode-body.ts'
import type { ChatDialect, ChatPiece, EventReader } from './chat-piece.ts'
import { post, type Line } from './post.ts'
import { readRefusal } from './read-refusal.ts'
import { UpstreamError } from './upstream-error.ts'
import { within } from './within.ts'

/** How long a server may keep us waiting. */
export interface StreamTimes {
  /** From the request to the first piece of the answer, whenever its head came. */
  readonly firstByteTimeoutMs: number
  readonly betweenChunksTimeoutMs: number
  /** From the request to the end of the answer. */
  readonly totalTimeoutMs: number
}

/** One chat to be sent. */
export interface ChatOrder {
  readonly line: Line
  readonly dialect: ChatDialect
  readonly model: string
  readonly request: object
  readonly times: StreamTimes
  readonly signal: AbortSignal
}

/**
 * Sends a chat and gives its pieces as they come; the next is read when the last was taken. Ending the loop, or the signal, closes
 * the connection at once.
 * @throws UpstreamError for refusals, time-outs, chunks that cannot be read, and a stream that ends before the answer does
 */
export async function* streamChat(order: ChatOrder): AsyncGenerator<ChatPiece> {
  const { line, dialect, model, request, times, signal } = order
  // One controller and a listener cost less than a signal made of two others.
  const stop = new AbortController()
  const leave = (): void => stop.abort(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  const startedAt = performance.now()
  let begun = false
  const leftMs = (): number => {
    const elapsedMs = performance.now() - startedAt
    const nextMs = begun ? times.betweenChunksTimeoutMs : times.firstByteTimeoutMs - elapsedMs
    return Math.min(nextMs, times.totalTimeoutMs - elapsedMs)
  }
  try {
    const path = dialect.path(model)
    const body = encodeBody(request)
    const posting = post(line, { path, body, signal: stop.signal })
    const response = await within(leftMs(), tooLate, posting)
    if (response.status !== 200) throw await within(leftMs(), tooLate, readRefusal(response))
    for await (const piece of readPieces(response.body, dialect.reader(), leftMs)) {
      begun = true
      yield piece
    }
  } catch (error) {
    if (signal.aborted) throw error
    throw toUpstreamError(error, begun)
  } finally {
    signal.removeEventListener('abort', leave)
    stop.abort(over)
  }
}

/** One for all calls, since nobody reads it and each would cost its stack. */
const over = new Error('the call is over')

const tooLate = 'the server did not answer in time'

/** What was begun is not asked for again: its first part may have gone to the caller, and has been computed. */
function toUpstreamError(error: unknown, begun: boolean): UpstreamError {
  if (!(error instanceof UpstreamError)) {
    return new UpstreamError('reset', 'the connection to the server broke', { begun })
  }
  return begun ? new UpstreamError(error.fault, error.message, { begun }) : error
}

/** No event of a chat is near this long; a stream that never ends its line must not fill the memory. */
const maxEventCharacters = 4 * 1024 * 1024

async function* readPieces(
  body: AsyncIterable<Uint8Array>,
  reader: EventReader,
  leftMs: () => number,
): AsyncGenerator<ChatPiece> {
  const waiting: string[] = []
  const fault = { tooLong: false }
  const parser = createParser({
    onEvent: event => waiting.push(event.data),
    onError: error => {
      fault.tooLong ||= error.type === 'max-buffer-size-exceeded'
    },
    maxBufferSize: maxEventCharacters,
  })
  const decoder = new TextDecoder()
  const chunks = body[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await within(leftMs(), 'the stream stalled', chunks.next())
    if (done === true) break
    parser.feed(decoder.decode(value, { stream: true }))
    for (const data of waiting.splice(0)) {
      yield* reader.read(data)
      if (reader.ended) {
        await readEnd(chunks)
        return
      }
    }
    if (fault.tooLong) throw new UpstreamError('malformed', 'an event of the stream has no end')
  }
  if (!reader.wholeAtClose) throw new UpstreamError('truncated', 'the stream ended before the answer did')
}

/** What comes behind the last event is the end of the body, mostly in the same packet; a connection that was read to its end is used again. */
const endWaitMs = 50

async function readEnd(chunks: AsyncIterator<Uint8Array>): Promise<void> {
  await within(endWaitMs, 'the body has no end', chunks.next()).catch(() => {
    // The answer is whole; only the connection is not used again.
  })
}
