import { GatewayError } from '#services/contract/errors'
import { parseTraceparent, readTracestate } from '#services/platform/telemetry/tracer'
import type { Caller } from '#services/router/request/states'

/** What every call carries beside its message, whatever wire it came by. */
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

/** Aborted when a caller leaves or the router stops. */
export interface Leaving {
  readonly signal: AbortSignal
  /** The call is over, one way or the other. */
  leave(): void
  /** The call was answered: there is nothing left to be broken off. */
  end(): void
}

/**
 * What is to be called when a router stops, by its signal: a signal looks through all its listeners for each new one.
 */
const stopListeners = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls a listener when the router stops; gives what ends that. */
function onStop(stopping: AbortSignal, listener: () => void): () => void {
  const known = stopListeners.get(stopping)
  const listeners = known ?? new Set()
  if (known === undefined) {
    stopListeners.set(stopping, listeners)
    stopping.addEventListener('abort', () => listeners.forEach(stop => stop()), { once: true })
  }
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Makes what a call's work listens to. */
export function createLeaving(stopping?: AbortSignal): Leaving {
  const left = new AbortController()
  const stop = (): void => left.abort(routerStops)
  if (stopping?.aborted === true) stop()
  const end = stopping === undefined ? ignore : onStop(stopping, stop)
  return {
    signal: left.signal,
    leave() {
      end()
      left.abort(callerLeft)
    },
    end,
  }
}

function ignore(): void {}

/** Nobody reads it; an error made for each call would. */
const callerLeft = 'the caller left'
const routerStops = 'the router stops'

/**
 * The trace context of a call's work; `given` is what came with it.
 * @source W3C Trace Context, section 4.3: without a trace context that can be read, `tracestate` is not passed on
 * either
 */
export function traceOf(
  traceparent: string | undefined,
  given: { readonly traceparent: string | undefined; readonly tracestate: readonly string[] },
): Pick<CallContext, 'traceparent' | 'tracestate'> {
  if (traceparent === undefined) return {}
  const isReadable = parseTraceparent(given.traceparent) !== undefined
  const tracestate = isReadable ? readTracestate(given.tracestate) : undefined
  return { traceparent, ...(tracestate === undefined ? {} : { tracestate }) }
}

/**
 * What a call comes to, or word that the router stops: whatever the call waits for, its client is told to ask
 * again.
 */
export function orStopped<Response>(
  answering: Promise<Response>,
  stopping: AbortSignal | undefined,
): Promise<Response> {
  if (stopping === undefined) return answering
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(routerStopping())
    if (stopping.aborted) stop()
    const end = onStop(stopping, stop)
    answering.then(
      answer => {
        end()
        return resolve(answer)
      },
      (error: unknown) => {
        end()
        return reject(error)
      },
    )
  })
}

/** The error for a client of a stopping router. */
export function routerStopping(): GatewayError<'Overloaded'> {
  return new GatewayError('Overloaded', 'the router is stopping', { reason: 'ROUTER_STOPPING', retryAfterMs: 1000 })
}
