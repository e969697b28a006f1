import type { Metadata } from '@grpc/grpc-js'
import type { Caller } from '#services/router/request/states'
import { createLeaving, traceOf, type CallContext } from '../call/call-context.ts'

/** The parts of a server call that a context is read from. */
export interface ReadableCall {
  readonly metadata: Metadata
  readonly cancelled: boolean
  getDeadline(): Date | number
  getPeer(): string
  once(event: 'cancelled', listener: () => void): unknown
}

/** What the router adds to a call: who makes it, when it came, the span that it is traced under. */
export interface Arrival {
  readonly caller: Caller
  readonly arrivedAt: number
  readonly traceparent: string | undefined
  /** Aborted when this router waits for its calls no longer. */
  readonly stopping?: AbortSignal | undefined
}

/** Reads a call's context once its caller is known. */
export function contextOf(call: ReadableCall, { caller, arrivedAt, traceparent, stopping }: Arrival): CallContext {
  const { signal, leave } = createLeaving(stopping)
  if (call.cancelled) leave()
  // The event comes at every end of a call, a good one too.
  call.once('cancelled', leave)
  // The library tells it by the machine's clock, which may be another than the one that deadlines are kept in.
  const leftMs = Number(call.getDeadline()) - Date.now()
  const given = {
    traceparent: headerOf(call.metadata, 'traceparent'),
    tracestate: headersOf(call.metadata, 'tracestate'),
  }
  return {
    caller,
    arrivedAt,
    connection: call.getPeer(),
    signal,
    ...(Number.isFinite(leftMs) ? { callDeadlineAt: arrivedAt + leftMs } : {}),
    ...traceOf(traceparent, given),
  }
}

/** The first value of a text header. */
export function headerOf(metadata: Metadata, name: string): string | undefined {
  return headersOf(metadata, name)[0]
}

/** All values of a text header. */
export function headersOf(metadata: Metadata, name: string): readonly string[] {
  return metadata.get(name).filter(value => typeof value === 'string')
}
