import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import { parseLegId } from '#services/contract/ids'
import type { Span, Tracer } from '#services/platform/telemetry/tracer'
import {
  aboutOf,
  endAttributes,
  firstChunkAttributes,
  modelAttributes,
  nameOf,
  type CallMetrics,
  type TracedModel,
} from '#services/backends/leg/traced-model'
import type { TakenJob } from '#services/state/queue/pool-queue'

/** Spans of one leg at work: its time in the queue, its work, the model itself. */
export interface LegTrace {
  /** The model begins, in a batch of this many; gives the trace context for a server that is asked. */
  computing(batchLegs: number): string | undefined
  /** A piece of the answer has come. */
  chunk(): void
  /** The model's kernels were at work between these times, in epoch ms. */
  ran(startedAt: number, endedAt: number): void
  /** The model has ended. */
  computed(): void
  /** The leg has ended, or was lost to another worker. */
  ended(end: LegEnd | 'lost'): void
}

/** Begins a leg's spans below what the queue carried. */
export function traceLeg(
  { job }: TakenJob,
  begun: { readonly attempt: number; readonly startedAt: number; readonly pool: string },
  model: TracedModel | undefined,
  { tracer, metrics }: { readonly tracer: Tracer; readonly metrics: CallMetrics },
): LegTrace {
  if (!tracer.records && !metrics.records) {
    return { computing: () => job.traceparent, chunk: ignore, ran: ignore, computed: ignore, ended: ignore }
  }
  const { attempt, startedAt, pool } = begun
  const messaging = {
    'messaging.system': 'bullmq',
    'messaging.destination.name': pool,
    'messaging.message.id': job.legId,
    'sluice.request_id': parseLegId(job.legId)?.requestId,
  }
  tracer
    .start(`receive ${pool}`, {
      parent: job.traceparent,
      kind: 'consumer',
      startAt: job.enqueuedAt,
      attributes: { ...messaging, 'messaging.operation.type': 'receive' },
    })
    .end(Math.max(startedAt, job.enqueuedAt))
  const work = tracer.start(`process ${pool}`, {
    parent: job.traceparent,
    kind: 'consumer',
    startAt: startedAt,
    attributes: { ...messaging, 'messaging.operation.type': 'process', 'sluice.attempt': attempt },
  })
  let compute: Span | undefined
  let computingAt: number | undefined
  let firstChunkAt: number | undefined
  let computedAt: number | undefined
  let over = false
  const recordEnd = (end: LegEnd): void => {
    compute?.set({ ...endAttributes(end), ...firstChunkAttributes(computingAt, firstChunkAt) })
    if (computingAt === undefined) return
    const endedAt = computedAt ?? Date.now()
    metrics.ended({ about: aboutOf(job, model), startedAt: computingAt, endedAt, firstChunkAt, end })
  }
  return {
    computing(batchLegs) {
      computingAt = Date.now()
      compute = tracer.start(`${nameOf(job, model)} ${model?.served ?? job.model}`, {
        parent: work.traceparent,
        kind: model?.baseUrl === undefined ? 'internal' : 'client',
        attributes: { ...modelAttributes(job, model), 'sluice.batch_legs': batchLegs },
      })
      return compute.traceparent
    },
    chunk() {
      firstChunkAt ??= Date.now()
    },
    ran(from, to) {
      tracer.start('kernel', { parent: compute?.traceparent, startAt: from }).end(to)
    },
    computed() {
      computedAt ??= Date.now()
    },
    ended(end) {
      if (over) return
      over = true
      for (const span of compute === undefined ? [work] : [compute, work]) {
        if (end === 'lost') span.fail('lock_lost')
        else if (end.kind === 'failed') span.fail(end.reason)
      }
      if (end !== 'lost') recordEnd(end)
      compute?.end(computedAt)
      work.end()
    },
  }
}

function ignore(): void {}
