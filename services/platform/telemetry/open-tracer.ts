import type { TracedProcess, TraceOptions } from './otlp-tracer.ts'
import { noTracer, type Tracer } from './tracer.ts'

/**
 * The tracer of a process. What exports is loaded only where a receiver is named: it is a tenth of what a process
 * loads before it is ready.
 */
export async function openTracer(options: TraceOptions, traced: TracedProcess): Promise<Tracer> {
  if (options.otlpUrl === '') return noTracer
  const { createTracer } = await import('./otlp-tracer.ts')
  return createTracer(options, traced)
}
