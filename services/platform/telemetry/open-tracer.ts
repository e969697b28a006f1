import { noMeter, type Meter } from './meter.ts'
import type { TracedProcess, TraceOptions } from './otlp-tracer.ts'
import { noTracer, type Tracer } from './tracer.ts'

/** What a process tells a receiver of traces and measurements. */
export interface Telemetry {
  readonly tracer: Tracer
  readonly meter: Meter
  /** Sends what is left. */
  close(): Promise<void>
}

/**
 * The tracer of a process. What exports is loaded only where a receiver is named: it is a tenth of what a process
 * loads before it is ready.
 */
export async function openTracer(options: TraceOptions, traced: TracedProcess): Promise<Tracer> {
  if (options.otlpUrl === '') return noTracer
  const { createTracer } = await import('./otlp-tracer.ts')
  return createTracer(options, traced)
}

/** The tracer, and the meter where measurements are sent too. */
export async function openTelemetry(options: TraceOptions, traced: TracedProcess): Promise<Telemetry> {
  const tracer = await openTracer(options, traced)
  const meter = await openMeter(options, traced)
  return {
    tracer,
    meter,
    async close() {
      await Promise.all([tracer.close(), meter.close()])
    },
  }
}

async function openMeter(options: TraceOptions, traced: TracedProcess): Promise<Meter> {
  if (options.otlpUrl === '' || options.metricsEveryMs === 0) return noMeter
  const { createMeter } = await import('./otlp-meter.ts')
  return createMeter(options, traced)
}
