import type { Agent, Dispatcher } from 'undici'

/** The head of an answer, with its body to be read once. */
export interface ExchangeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Ending the loop before its end breaks the connection off. */
  readonly body: AsyncIterable<Uint8Array>
}

/** Bytes that may wait for their reader before the server is held back. */
const mostWaitingBytes = 65_536

/**
 * Sends a request and gives its answer's head. The body is read as it comes and is no stream of Node's: a stream, its
 * iterator and what they remember cost more than all else of a short answer.
 * @throws the signal's reason when it is aborted, and what undici says of a connection that broke
 */
export function exchange(
  dispatcher: Agent,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<ExchangeAnswer> {
  const body = createBody()
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined
    const abort = (): void => {
      controller?.abort(reasonOf(signal))
      fail(reasonOf(signal))
    }
    const end = (): void => signal.removeEventListener('abort', abort)
    const fail = (error: Error): void => {
      end()
      reject(error)
      body.fail(error)
    }
    if (signal.aborted) {
      fail(reasonOf(signal))
      return
    }
    signal.addEventListener('abort', abort, { once: true })
    dispatcher.dispatch(options, {
      onRequestStart(started) {
        controller = started
        if (signal.aborted) started.abort(reasonOf(signal))
      },
      onResponseStart(answering, status, headers) {
        // What comes before the answer says nothing of it.
        if (status < 200) return
        resolve({ status, headers, body: body.open(answering) })
      },
      onResponseData: (_controller, chunk) => body.push(chunk),
      onResponseEnd() {
        end()
        body.end()
      },
      onResponseError: (_controller, error) => fail(error),
    })
  })
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('the call was broken off', { cause: reason })
}

type Read = IteratorResult<Uint8Array, undefined>

const over: Read = { done: true, value: undefined }

/** The bytes of one body on their way from the connection to their reader. */
function createBody() {
  const chunks: Uint8Array[] = []
  let waitingBytes = 0
  let controller: Dispatcher.DispatchController | undefined
  let state: 'open' | 'ended' | { readonly error: Error } = 'open'
  let reader: { readonly resolve: (read: Read) => void; readonly reject: (error: Error) => void } | undefined

  const next = (): Promise<Read> => {
    const chunk = chunks.shift()
    if (chunk !== undefined) {
      waitingBytes -= chunk.byteLength
      if (controller?.paused === true && chunks.length === 0) controller.resume()
      return Promise.resolve({ done: false, value: chunk })
    }
    if (state === 'ended') return Promise.resolve(over)
    if (state !== 'open') return Promise.reject(state.error)
    return new Promise((resolve, reject) => (reader = { resolve, reject }))
  }
  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next,
    return() {
      if (state === 'open') controller?.abort(new Error('the rest of the answer is not wanted'))
      state = 'ended'
      chunks.length = 0
      return Promise.resolve(over)
    },
  }
  return {
    open(answering: Dispatcher.DispatchController): AsyncIterable<Uint8Array> {
      controller = answering
      return { [Symbol.asyncIterator]: () => iterator }
    },
    push(chunk: Uint8Array): void {
      if (state !== 'open') return
      if (reader !== undefined) {
        reader.resolve({ done: false, value: chunk })
        reader = undefined
        return
      }
      chunks.push(chunk)
      waitingBytes += chunk.byteLength
      if (waitingBytes > mostWaitingBytes) controller?.pause()
    },
    end(): void {
      if (state === 'open') state = 'ended'
      reader?.resolve(over)
      reader = undefined
    },
    /** What had come before is read first. */
    fail(error: Error): void {
      if (state === 'open') state = { error }
      reader?.reject(error)
      reader = undefined
    },
  }
}
