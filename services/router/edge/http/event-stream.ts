import type { ServerResponse } from 'node:http'
import { setTimeout as setTimer } from 'node:timers'

/**
 * Server-sent events to one client, no faster than it takes them. Nothing is sent before the first event, so that a
 * failure until then has a status of its own.
 */
export interface EventStream {
  /** Whether the status has gone out: a failure from then on is an event. */
  readonly isOpen: boolean
  /** Headers to send with the status; later ones are lost. */
  setHeaders(headers: Readonly<Record<string, string>>): void
  /** Sends an event; resolves when the client has room for more. */
  send(data: object | string, event?: string): Promise<void>
  end(): void
  /** Nothing is sent by this stream any more; the response is another's to answer. */
  abandon(): void
}

/** How a stream behaves. */
export interface EventStreamOptions {
  /** Sent after a pause, so that proxies keep the connection open. */
  readonly beat: string
  readonly beatMs: number
  /** Aborted when the client has left. */
  readonly signal: AbortSignal
}

/** Characters that are gathered in a tick of the loop before they are written. */
const mostGathered = 16_384

/** A client that has taken nothing for so long is gone. */
const stalledMs = 660_000

/** Makes a stream of a response that nothing was written to yet. */
export function openEventStream(response: ServerResponse, { beat, beatMs, signal }: EventStreamOptions): EventStream {
  const headers: Record<string, string> = {}
  let quietSince = Date.now()
  let ended = false
  let waiting = ''
  let isFlushing = false
  const open = (): void => {
    if (response.headersSent) return
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // nginx holds a stream back otherwise.
      'x-accel-buffering': 'no',
      ...headers,
    })
  }
  /** Sends what was gathered in one piece: events that come together cost one write. */
  const flush = (): void => {
    isFlushing = false
    const text = waiting
    waiting = ''
    if (text === '' || response.destroyed) return
    open()
    response.write(text)
  }
  const write = async (text: string): Promise<void> => {
    if (ended || response.destroyed) return
    quietSince = Date.now()
    waiting += text
    if (waiting.length > mostGathered) flush()
    else if (!isFlushing) {
      isFlushing = true
      process.nextTick(flush)
    }
    if (response.writableNeedDrain) await roomIn(response, signal)
  }
  const beating = setInterval(() => {
    if (Date.now() - quietSince >= beatMs && response.writableLength === 0) void write(beat)
  }, beatMs / 3)
  beating.unref()
  const stop = (): void => clearInterval(beating)
  response.once('close', stop)
  return {
    get isOpen() {
      return response.headersSent || waiting !== ''
    },
    setHeaders(more) {
      Object.assign(headers, more)
    },
    send(data, event) {
      const text = typeof data === 'string' ? data : JSON.stringify(data)
      return write(event === undefined ? `data: ${text}\n\n` : `event: ${event}\ndata: ${text}\n\n`)
    },
    abandon() {
      stop()
      ended = true
      waiting = ''
    },
    end() {
      stop()
      if (ended) return
      open()
      ended = true
      response.end(waiting)
      waiting = ''
    },
  }
}

/** Resolves when the client has taken enough, or there is no client any more. */
function roomIn(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const stalled = setTimer(() => response.destroy(), stalledMs)
    const done = (): void => {
      clearTimeout(stalled)
      response.off('drain', done).off('close', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done).once('close', done)
    signal.addEventListener('abort', done, { once: true })
  })
}
