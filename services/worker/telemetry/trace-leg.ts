import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import { parseLegId } from '#services/contract/ids'
import type { Job } from '#services/state/queue/job'
import type { Span, SpanAttributes, Tracer } from '#services/platform/telemetry/tracer'
import type { TakenJob } from '#services/state/queue/pool-queue'

/** What a trace says of a model. */
export interface TracedModel {
  /** Name of the backend's kind, such as `whisper` or `openai`. */
  readonly kind: string
  /** The server's own name of the model, where it has one. */
  readonly served?: string
  /** Base address of a model server. */
  readonly baseUrl?: string
}

/** Spans of one leg at work: its time in the queue, its work, the model itself. */
export interface LegTrace {
  /** The model begins, in a batch of this many; gives the trace context for a server that is asked. */
  computing(batchLegs: number): string | undefined
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
  tracer: Tracer,
): LegTrace {
  if (!tracer.records) return { computing: () => job.traceparent, ran: ignore, computed: ignore, ended: ignore }
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
  let computedAt: number | undefined
  let over = false
  return {
    computing(batchLegs) {
      compute = tracer.start(`${operationOf(job, model)} ${model?.served ?? job.model}`, {
        parent: work.traceparent,
        kind: model?.baseUrl === undefined ? 'internal' : 'client',
        attributes: { ...modelAttributes(job, model), 'sluice.batch_legs': batchLegs },
      })
      return compute.traceparent
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
      if (end !== 'lost') compute?.set(usageAttributes(end))
      compute?.end(computedAt)
      work.end()
    },
  }
}

/**
 * @source OpenTelemetry semantic conventions for generative AI, `gen_ai.operation.name`; the tasks it does not name
 * keep their own words
 */
function operationOf({ task }: Job, model: TracedModel | undefined): string {
  if (task === 'embed') return 'embeddings'
  if (task === 'generate') return model?.kind === 'openai' ? 'chat' : 'text_completion'
  return task
}

function modelAttributes(job: Job, model: TracedModel | undefined): SpanAttributes {
  const { recipe } = job
  return {
    'gen_ai.operation.name': operationOf(job, model),
    'gen_ai.provider.name': model?.kind ?? 'unknown',
    'gen_ai.request.model': model?.served ?? job.model,
    'gen_ai.request.temperature': recipe.temperature,
    'gen_ai.request.max_tokens': recipe.maxOutputTokens,
    'sluice.model': job.model,
    ...serverAttributes(model),
  }
}

function serverAttributes(model: TracedModel | undefined): SpanAttributes {
  if (model?.baseUrl === undefined) return {}
  const { hostname, port, protocol } = new URL(model.baseUrl)
  const standardPort = protocol === 'https:' ? 443 : 80
  return { 'server.address': hostname, 'server.port': port === '' ? standardPort : Number(port) }
}

function usageAttributes({ receipt }: LegEnd): SpanAttributes {
  const { usage, costNanoUsd } = receipt
  return {
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    'sluice.compute_ms': usage.computeMs,
    'sluice.cost_nano_usd': costNanoUsd,
  }
}

function ignore(): void {}
