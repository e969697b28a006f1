import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import { parseLegId } from '#services/contract/ids'
import type { Job } from '#services/state/queue/job'
import type { Span, SpanAttributes, Tracer } from '#services/platform/telemetry/tracer'
import {
  clientHistograms,
  finishAttributes,
  inputOf,
  operationOf,
  outputOf,
  providerOf,
  usageAttributes,
} from '#services/wire/gen-ai-conventions'
import type { Meter } from '#services/platform/telemetry/meter'
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
  { tracer, metrics }: { readonly tracer: Tracer; readonly metrics: LegMetrics },
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
  const tellEnd = (end: LegEnd): void => {
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
      if (end !== 'lost') tellEnd(end)
      compute?.end(computedAt)
      work.end()
    },
  }
}

/** Servers of chats are asked over one of these protocols. */
const chatKinds: ReadonlySet<string> = new Set(['openai', 'anthropic', 'gemini'])

function nameOf({ task }: Job, model: TracedModel | undefined): string {
  return operationOf(task, chatKinds.has(model?.kind ?? ''))
}

function modelAttributes(job: Job, model: TracedModel | undefined): SpanAttributes {
  const { recipe } = job
  return {
    'gen_ai.operation.name': nameOf(job, model),
    'gen_ai.provider.name': providerOf(model?.kind),
    'gen_ai.request.model': model?.served ?? job.model,
    'gen_ai.request.temperature': recipe.temperature,
    'gen_ai.request.max_tokens': recipe.maxOutputTokens,
    'sluice.model': job.model,
    ...serverAttributes(model),
  }
}

/** What tells calls apart in metrics: closed sets of the configuration. */
function aboutOf(job: Job, model: TracedModel | undefined): SpanAttributes {
  return {
    'gen_ai.operation.name': nameOf(job, model),
    'gen_ai.provider.name': providerOf(model?.kind),
    'gen_ai.request.model': model?.served ?? job.model,
    ...serverAttributes(model),
  }
}

function serverAttributes(model: TracedModel | undefined): SpanAttributes {
  if (model?.baseUrl === undefined) return {}
  const { hostname, port, protocol } = new URL(model.baseUrl)
  const standardPort = protocol === 'https:' ? 443 : 80
  return { 'server.address': hostname, 'server.port': port === '' ? standardPort : Number(port) }
}

function endAttributes(end: LegEnd): SpanAttributes {
  const { usage, costNanoUsd } = end.receipt
  const output = end.kind === 'done' ? end.result.output : undefined
  return {
    ...usageAttributes(usage),
    ...finishAttributes(output?.kind === 'text' ? output.finishReason : undefined),
    'sluice.compute_ms': usage.computeMs,
    'sluice.cost_nano_usd': costNanoUsd,
  }
}

function firstChunkAttributes(startedAt: number | undefined, firstChunkAt: number | undefined): SpanAttributes {
  if (startedAt === undefined || firstChunkAt === undefined) return {}
  return { 'gen_ai.response.time_to_first_chunk': (firstChunkAt - startedAt) / 1000 }
}

/** What is measured of calls of models. */
export interface LegMetrics {
  readonly records: boolean
  ended(call: {
    readonly about: SpanAttributes
    readonly startedAt: number
    readonly endedAt: number
    readonly firstChunkAt?: number | undefined
    readonly end: LegEnd
  }): void
}

/** Makes it. */
export function createLegMetrics(meter: Meter): LegMetrics {
  const tokens = meter.histogram(clientHistograms.tokens)
  const durations = meter.histogram(clientHistograms.duration)
  const firstChunks = meter.histogram(clientHistograms.firstChunk)
  return {
    records: meter.records,
    ended({ about, startedAt, endedAt, firstChunkAt, end }) {
      const failure = end.kind === 'failed' ? { 'error.type': end.reason } : {}
      durations((endedAt - startedAt) / 1000, { ...about, ...failure })
      if (firstChunkAt !== undefined) firstChunks((firstChunkAt - startedAt) / 1000, { ...about, ...failure })
      const { usage } = end.receipt
      const counts = { input: inputOf(usage), output: outputOf(usage) }
      for (const [type, count] of Object.entries(counts)) {
        if (count !== undefined) tokens(count, { ...about, 'gen_ai.token.type': type })
      }
    },
  }
}

function ignore(): void {}
