/**
 * What a span says of its work: words and numbers of closed or bounded sets and ids; never content, never a
 * credential.
 */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** Who works for whom. `producer` and `consumer` are the two sides of a queue. */
export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal'

/** How a span begins. */
export interface SpanStart {
  /** W3C trace context of the span above; absent for the first of a trace. */
  readonly parent?: string | undefined
  readonly kind?: SpanKind
  readonly attributes?: SpanAttributes
  /** Epoch ms; now when absent. */
  readonly startAt?: number
}

/** One piece of work in a trace. */
export interface Span {
  /** W3C trace context for the children of this span; that of the parent where tracing is off. */
  readonly traceparent: string | undefined
  set(attributes: SpanAttributes): void
  event(name: string, attributes: SpanAttributes): void
  /** Marks the work as failed, by a word of a closed set. */
  fail(reason: string): void
  /** Ends it, once; `endAt` is epoch ms, now when absent. */
  end(endAt?: number): void
}

/** Begins spans and sends them away when they end. */
export interface Tracer {
  /** False when nothing is recorded: trace contexts are then passed on as they came. */
  readonly records: boolean
  start(name: string, start: SpanStart): Span
  /** Sends what is left. */
  close(): Promise<void>
}

/**
 * The tracer of a system without a place to send traces to. It still lets the caller's trace context through to
 * whoever works for it.
 */
export const noTracer: Tracer = {
  records: false,
  start: (_name, { parent }) => ({ traceparent: parent, set: ignore, event: ignore, fail: ignore, end: ignore }),
  close: async () => {},
}

function ignore(): void {}

/** @source W3C Trace Context, section 3.2 */
const traceparentShape = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/u

/** The parts of a trace context. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly flags: number
}

/** Reads a trace context; `undefined` when it is none. */
export function parseTraceparent(traceparent: string | undefined): TraceContext | undefined {
  const [, traceId, spanId, flags] = traceparentShape.exec(traceparent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, flags: Number.parseInt(flags, 16) }
}

/** Longest list that is carried. @source W3C Trace Context, section 3.3.1.5: at least 512 characters are to be */
const longestTracestate = 512

/**
 * What other tracing systems on the way want passed on beside the trace context, as it came; `undefined` when it is
 * none that may be. Nothing is added to it here.
 * @source W3C Trace Context, section 3.3
 */
export function readTracestate(values: readonly string[]): string | undefined {
  const list = values.filter(value => value !== '').join(',')
  return list !== '' && list.length <= longestTracestate && /^[\x20-\x7e\t]+$/u.test(list) ? list : undefined
}

/** The id by which logs and exemplars point at a trace; `undefined` when there is none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return parseTraceparent(traceparent)?.traceId
}

/** The same, only when the trace is sampled. */
export function sampledTraceIdOf(traceparent: string | undefined): string | undefined {
  const context = parseTraceparent(traceparent)
  return context !== undefined && (context.flags & 1) === 1 ? context.traceId : undefined
}
