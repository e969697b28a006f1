import {
  ROOT_CONTEXT,
  SpanKind as OtelKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import { parseTraceparent, type Span, type SpanAttributes, type SpanKind, type Tracer } from './tracer.ts'

/** Where traces go. */
export interface TraceOptions {
  /** Base address of an OTLP/HTTP receiver, such as `http://collector:4318`; empty for none. */
  readonly otlpUrl: string
  /** Headers of every export, such as a receiver's credential. */
  readonly headers: Readonly<Record<string, string>>
  /** Share of the traces begun here that are kept, in [0,1]; a caller's own choice has priority. */
  readonly sampleRatio: number
  /** How often measurements are sent; 0 for never. */
  readonly metricsEveryMs: number
}

/** Who is traced. */
export interface TracedProcess {
  /** Such as `sluice-router`. */
  readonly service: string
  readonly version: string
  /** Distinguishes processes of one service. */
  readonly instance: string
}

/** An exporter that is away must not hold memory: what comes while this many spans wait is dropped. */
const mostWaitingSpans = 4096
const exportEveryMs = 1000
const exportTimeoutMs = 5000

const kinds: Readonly<Record<SpanKind, OtelKind>> = {
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  producer: OtelKind.PRODUCER,
  consumer: OtelKind.CONSUMER,
  internal: OtelKind.INTERNAL,
}

/** What everything that a process sends is marked with. */
export function resourceOf({ service, version, instance }: TracedProcess): Attributes {
  return {
    'service.name': service,
    'service.namespace': 'sluice',
    'service.version': version,
    'service.instance.id': instance,
  }
}

/** Makes the tracer of a process, which exports over OTLP. */
export function createTracer(options: TraceOptions, traced: TracedProcess): Tracer {
  const exporter = new OTLPTraceExporter({
    url: `${options.otlpUrl.replace(/\/$/u, '')}/v1/traces`,
    headers: { ...options.headers },
    timeoutMillis: exportTimeoutMs,
  })
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resourceOf(traced)),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio) }),
    spanProcessors: [
      new BatchSpanProcessor(exporter, { maxQueueSize: mostWaitingSpans, scheduledDelayMillis: exportEveryMs }),
    ],
  })
  const tracer = provider.getTracer('sluice', traced.version)
  return {
    records: true,
    start(name, { parent, kind = 'internal', attributes = {}, startAt }) {
      const above = contextOf(parent)
      const span = tracer.startSpan(
        name,
        {
          kind: kinds[kind],
          attributes: known(attributes),
          ...(startAt === undefined ? {} : { startTime: startAt }),
        },
        above,
      )
      return spanOf(span)
    },
    close: () =>
      provider.shutdown().catch(() => {
        // The receiver is away: these spans are lost, which is acceptable.
      }),
  }
}

function contextOf(parent: string | undefined): Context {
  const context = parseTraceparent(parent)
  if (context === undefined) return ROOT_CONTEXT
  const { traceId, spanId, flags } = context
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: flags & 1, isRemote: true })
}

function spanOf(span: ReturnType<ReturnType<BasicTracerProvider['getTracer']>['startSpan']>): Span {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    traceparent: `00-${traceId}-${spanId}-${(traceFlags & 1) === 1 ? '01' : '00'}`,
    set: attributes => void span.setAttributes(known(attributes)),
    event: (name, attributes) => void span.addEvent(name, known(attributes)),
    fail(reason) {
      span.setAttribute('error.type', reason)
      span.setStatus({ code: SpanStatusCode.ERROR, message: reason })
    },
    end: endAt => span.end(endAt),
  }
}

/** The attributes that are there. */
export function known(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes
}
