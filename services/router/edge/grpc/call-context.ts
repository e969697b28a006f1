import type { Metadata } from '@grpc/grpc-js'
import { setMaxListeners } from 'node:events'
import { parseTraceparent, readTracestate } from '#services/platform/telemetry/tracer'
import type { Caller } from '#services/router/request/states'

/** What every call carries beside its message. */
export interface CallContext {
  readonly caller: Caller
  readonly arrivedAt: number
  /** Address and port of the client. */
  readonly connection: string
  /** Epoch ms, when the client set a deadline. */
  readonly callDeadlineAt?: number
  /** Aborted when the client has left, or the router waits no longer. */
  readonly signal: AbortSignal
  /** W3C trace context of whatever is done for the call. */
  readonly traceparent?: string
  /** Other tracing systems' own, to be passed on with it. */
  readonly tracestate?: string
}

/** The parts of a server call that a context is read from. */
export interface ReadableCall {
  readonly metadata: Metadata
  readonly cancelled: boolean
  getDeadline(): Date | number
  getPeer(): string
  once(event: 'cancelled', listener: () => void): unknown
}

/** Makes what is aborted when a router waits for its calls no longer; every call under way listens to it. */
export function createStopping(): AbortController {
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)
  return stopping
}

/** Reads a call's context once its caller is known. */
export function contextOf(
  call: ReadableCall,
  caller: Caller,
  arrivedAt: number,
  traceparent: string | undefined,
  stopping?: AbortSignal,
): CallContext {
  const left = new AbortController()
  const stop = (): void => left.abort(routerStops)
  if (call.cancelled) left.abort(callerLeft)
  if (stopping?.aborted === true) stop()
  stopping?.addEventListener('abort', stop, { once: true })
  // The event comes at every end of a call, a good one too.
  call.once('cancelled', () => {
    stopping?.removeEventListener('abort', stop)
    left.abort(callerLeft)
  })
  // The library tells it by the machine's clock, which may be another than the one that deadlines are kept in.
  const leftMs = Number(call.getDeadline()) - Date.now()
  return {
    caller,
    arrivedAt,
    connection: call.getPeer(),
    signal: left.signal,
    ...(Number.isFinite(leftMs) ? { callDeadlineAt: arrivedAt + leftMs } : {}),
    ...traceOf(call.metadata, traceparent),
  }
}

/** @source W3C Trace Context, section 4.3: without a trace context that can be read, `tracestate` is not passed on either */
function traceOf(metadata: Metadata, traceparent: string | undefined): Pick<CallContext, 'traceparent' | 'tracestate'> {
  if (traceparent === undefined) return {}
  const given = parseTraceparent(headerOf(metadata, 'traceparent'))
  const values = metadata.get('tracestate').filter(value => typeof value === 'string')
  const tracestate = given === undefined ? undefined : readTracestate(values)
  return { traceparent, ...(tracestate === undefined ? {} : { tracestate }) }
}

/** Nobody reads it; an error made for each call would. */
const callerLeft = 'the caller left'
const routerStops = 'the router stops'

/** The first value of a text header. */
export function headerOf(metadata: Metadata, name: string): string | undefined {
  return headersOf(metadata, name)[0]
}

/** All values of a text header. */
export function headersOf(metadata: Metadata, name: string): readonly string[] {
  return metadata.get(name).filter(value => typeof value === 'string')
}
