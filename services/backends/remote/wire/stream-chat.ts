import { encodeBody } from './encode-body.ts'
import { isReal, type ChatDialect, type ChatPiece } from './chat-piece.ts'
import { codeOf, named, post, type Line } from './post.ts'
import { readPieces } from './read-pieces.ts'
import { readRefusal } from '../errors/read-refusal.ts'
import { UpstreamError } from './upstream-error.ts'
import { within } from './within.ts'

/** How long a server may keep us waiting. */
export interface StreamTimes {
  /** From the request to the first piece that holds a part of the answer, whatever came before. */
  readonly firstByteTimeoutMs: number
  /** Of silence within an answer that has begun. */
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
 * Sends a chat and gives its pieces as they come, those that came together at once; more is read when they were
 * taken. Ending the loop, or the
 * signal, closes the connection at once.
 * @throws UpstreamError for refusals, time-outs, chunks that cannot be read, and a stream that ends before the
 * answer does
 */
export async function* streamChat(order: ChatOrder): AsyncGenerator<readonly ChatPiece[]> {
  const { line, dialect, model, request, times, signal } = order
  // One controller and a listener cost less than a signal made of two others.
  const stop = new AbortController()
  const leave = (): void => stop.abort(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  const startedAt = performance.now()
  /** When the last piece that holds a part of the answer was taken; a role, a comment or a ping is none. */
  let lastAt: number | undefined
  const leftMs = (): number => {
    const nowMs = performance.now()
    const nextMs =
      lastAt === undefined ? times.firstByteTimeoutMs - (nowMs - startedAt) : stallMs(nowMs - lastAt, times)
    return Math.min(nextMs, times.totalTimeoutMs - (nowMs - startedAt))
  }
  try {
    const path = dialect.path(model)
    const body = encodeBody(request)
    const posting = post(line, { path, body, signal: stop.signal })
    const response = await within(leftMs(), tooLate, posting)
    if (response.status !== 200) throw await within(leftMs(), tooLate, readRefusal(response, line.redact))
    const begun = (): boolean => lastAt !== undefined
    for await (const pieces of readPieces(response.body, dialect.reader(line.redact), { leftMs, begun })) {
      const isPart = pieces.some(isReal)
      if (isPart) lastAt = performance.now()
      yield pieces
      // A caller that takes its time is not the server's silence.
      if (isPart) lastAt = performance.now()
    }
  } catch (error) {
    if (signal.aborted) throw error
    throw toUpstreamError(error, lastAt !== undefined)
  } finally {
    signal.removeEventListener('abort', leave)
    stop.abort(over)
  }
}

/**
 * How long the next bytes may take. Pings keep an answer alive that has begun, but no longer than its first piece
 * might have taken.
 */
function stallMs(sinceMs: number, { firstByteTimeoutMs, betweenChunksTimeoutMs }: StreamTimes): number {
  return Math.min(betweenChunksTimeoutMs, Math.max(firstByteTimeoutMs, betweenChunksTimeoutMs) - sinceMs)
}

/** Shared by all calls: it is never read, and each new one would capture a stack. */
const over = new Error('the call is over')

const tooLate = 'the server did not answer in time'

/** What was begun is not asked for again: its first part may have gone to the caller, and has been computed. */
function toUpstreamError(error: unknown, begun: boolean): UpstreamError {
  if (!(error instanceof UpstreamError)) {
    return new UpstreamError('reset', `the connection to the server broke${named(codeOf(error))}`, { begun })
  }
  return begun ? new UpstreamError(error.fault, error.message, { begun }) : error
}
