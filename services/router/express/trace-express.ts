import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import type { BegunLeg } from '#services/backends/leg/leg-end'
import {
  aboutOf,
  endAttributes,
  firstChunkAttributes,
  modelAttributes,
  nameOf,
  type CallMetrics,
  type TracedModel,
} from '#services/backends/leg/traced-model'
import type { Tracer } from '#services/platform/telemetry/tracer'

/** The span of one leg that the router runs. */
export interface ExpressSpan {
  /** W3C trace context for the server that is asked. */
  readonly traceparent: string | undefined
  /** A piece of the answer has come. */
  chunk(): void
  ended(end: LegEnd): void
  /** Ends it, once. */
  close(): void
}

/** Begins the span of a leg. */
export type TraceExpress = (begun: BegunLeg, pool: string, parent: string | undefined) => ExpressSpan

/** Makes the tracing of express legs; `models` gives the attributes of each. */
export function createTraceExpress(
  models: ReadonlyMap<string, TracedModel>,
  { tracer, metrics }: { readonly tracer: Tracer; readonly metrics: CallMetrics },
): TraceExpress {
  return ({ job, attempt, startedAt }, pool, parent) => {
    if (!tracer.records && !metrics.records) return { traceparent: parent, chunk: ignore, ended: ignore, close: ignore }
    const model = models.get(job.model)
    let firstChunkAt: number | undefined
    const span = tracer.start(`${nameOf(job, model)} ${model?.served ?? job.model}`, {
      parent,
      kind: 'client',
      startAt: startedAt,
      attributes: {
        ...modelAttributes(job, model),
        'sluice.dispatch': 'express',
        'sluice.pool': pool,
        'sluice.attempt': attempt,
      },
    })
    return {
      traceparent: span.traceparent,
      chunk() {
        firstChunkAt ??= Date.now()
      },
      ended(end) {
        if (end.kind === 'failed') span.fail(end.reason)
        span.set({ ...endAttributes(end), ...firstChunkAttributes(startedAt, firstChunkAt) })
        metrics.ended({ about: aboutOf(job, model), startedAt, endedAt: Date.now(), firstChunkAt, end })
      },
      close: () => span.end(),
    }
  }
}

function ignore(): void {}
