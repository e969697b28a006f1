import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A span as a receiver has it. */
export interface ReceivedSpan {
  readonly service: string
  readonly name: string
  /** @source OTLP, `Span.SpanKind`: 1 internal, 2 server, 3 client, 4 producer, 5 consumer */
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly startAt: number
  readonly endAt: number
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A histogram as a receiver has it. */
export interface ReceivedMetric {
  readonly unit: string
  readonly points: readonly {
    readonly count: number
    readonly sum: number
    readonly bounds: readonly number[]
    readonly attributes: Readonly<Record<string, unknown>>
  }[]
}

/** A receiver of traces and metrics that speaks OTLP over HTTP, as a collector does. */
export interface OtlpReceiver {
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
  /** The newest measurements of each service, by the name of the metric. */
  metric(service: string, name: string): ReceivedMetric | undefined
  /** Everything that came, as it was sent. */
  readonly bodies: readonly string[]
  close(): Promise<void>
}

interface Value {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly boolValue?: boolean
}

type Attributes = readonly { readonly key: string; readonly value: Value }[]

interface WireSpan {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status?: { readonly code?: number }
  readonly attributes: Attributes
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Attributes }
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[]
  }[]
}

interface MetricsExport {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: Attributes }
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string
        readonly unit: string
        readonly histogram?: {
          readonly dataPoints: readonly {
            readonly count: number | string
            readonly sum: number
            readonly explicitBounds: readonly number[]
            readonly attributes: Attributes
          }[]
        }
      }[]
    }[]
  }[]
}

function keepMetrics({ resourceMetrics }: MetricsExport, metrics: Map<string, ReceivedMetric>): void {
  for (const { resource, scopeMetrics } of resourceMetrics) {
    const service = String(valuesOf(resource.attributes)['service.name'])
    for (const { name, unit, histogram } of scopeMetrics.flatMap(scope => scope.metrics)) {
      const points = (histogram?.dataPoints ?? []).map(({ count, sum, explicitBounds: bounds, attributes }) => ({
        count: Number(count),
        sum,
        bounds,
        attributes: valuesOf(attributes),
      }))
      metrics.set(`${service} ${name}`, { unit, points })
    }
  }
}

/** Starts the receiver. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const bodies: string[] = []
  const metrics = new Map<string, ReceivedMetric>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    bodies.push(body)
    if (request.url === '/v1/traces') spans.push(...spansOf(JSON.parse(body) as Export))
    if (request.url === '/v1/metrics') keepMetrics(JSON.parse(body) as MetricsExport, metrics)
    const isKnown = request.url === '/v1/traces' || request.url === '/v1/metrics'
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metric: (service, name) => metrics.get(`${service} ${name}`),
    bodies,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function spansOf({ resourceSpans }: Export): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name'])
    return scopeSpans.flatMap(scope =>
      scope.spans.map(span => ({
        service,
        name: span.name,
        kind: span.kind,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        startAt: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
        endAt: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
        failed: span.status?.code === 2,
        attributes: valuesOf(span.attributes),
      })),
    )
  })
}

function valuesOf(attributes: Attributes): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
