import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http'
import { JsonMetricsSerializer, MetricsExporterMetricsHelper } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import type { Meter } from './meter.ts'
import { known, resourceOf, type TracedProcess, type TraceOptions } from './otlp-tracer.ts'

const exportTimeoutMs = 5000

/**
 * The exporter of the package that goes with the one of traces: it exists for no version that fits, and is no more
 * than this.
 */
function createExporter({ otlpUrl, headers }: TraceOptions): PushMetricExporter {
  const config = {
    url: `${otlpUrl.replace(/\/$/u, '')}/v1/metrics`,
    headers: { ...headers },
    timeoutMillis: exportTimeoutMs,
  }
  const delegate = createOtlpHttpExportDelegate(
    convertLegacyHttpOptions(config, 'METRICS', 'v1/metrics', { 'Content-Type': 'application/json' }),
    JsonMetricsSerializer,
    'otlp_http_metric_exporter',
    MetricsExporterMetricsHelper,
    undefined,
  )
  return {
    export: (metrics, done) => delegate.export(metrics, done),
    forceFlush: () => delegate.forceFlush(),
    shutdown: () => delegate.shutdown(),
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
  }
}

/** Makes the meter of a process, which exports over OTLP. */
export function createMeter(options: TraceOptions, traced: TracedProcess): Meter {
  const exporter = createExporter(options)
  const { metricsEveryMs: exportIntervalMillis } = options
  const exportTimeoutMillis = Math.min(exportTimeoutMs, exportIntervalMillis)
  const provider = new MeterProvider({
    resource: resourceFromAttributes(resourceOf(traced)),
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis })],
  })
  const meter = provider.getMeter('sluice', traced.version)
  return {
    records: true,
    histogram({ name, unit, description, bounds }) {
      const histogram = meter.createHistogram(name, {
        unit,
        description,
        advice: { explicitBucketBoundaries: [...bounds] },
      })
      return (value, attributes) => histogram.record(value, known(attributes))
    },
    close: () =>
      provider.shutdown().catch(() => {
        // The receiver is away: these measurements are lost, which is acceptable.
      }),
  }
}
