import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import type { BackendSpec } from '#services/backends/create-backend'
import type { Meter } from '#services/platform/telemetry/meter'
import type { SpanAttributes } from '#services/platform/telemetry/tracer'
import type { Job } from '#services/state/queue/job'
import {
  clientHistograms,
  finishAttributes,
  inputOf,
  operationOf,
  outputOf,
  providerOf,
  usageAttributes,
} from '#services/wire/gen-ai-conventions'

/** What a trace says of a model. */
export interface TracedModel {
  /** Name of the backend's kind, such as `whisper` or `openai`. */
  readonly kind: string
  /** The server's own name of the model, where it has one. */
  readonly served?: string
  /** Base address of a model server. */
  readonly baseUrl?: string
}

/** What traces say of a model with this backend. */
export function tracedModelOf(backend: BackendSpec): TracedModel {
  if (!('model' in backend)) return { kind: backend.kind }
  const baseUrl = backend.baseUrl ?? backend.endpoints?.[0]
  return { kind: backend.kind, served: backend.model, ...(baseUrl === undefined ? {} : { baseUrl }) }
}

/** Servers of chats are asked over one of these protocols. */
const chatKinds: ReadonlySet<string> = new Set(['openai', 'anthropic', 'gemini'])

/** The name of what is asked of a model. */
export function nameOf({ task }: Job, model: TracedModel | undefined): string {
  return operationOf(task, chatKinds.has(model?.kind ?? ''))
}

/** What a span says of the model that is asked. */
export function modelAttributes(job: Job, model: TracedModel | undefined): SpanAttributes {
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
export function aboutOf(job: Job, model: TracedModel | undefined): SpanAttributes {
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

/** What a span says of a leg's end. */
export function endAttributes(end: LegEnd): SpanAttributes {
  const { usage, costNanoUsd } = end.receipt
  const output = end.kind === 'done' ? end.result.output : undefined
  return {
    ...usageAttributes(usage),
    ...finishAttributes(output?.kind === 'text' ? output.finishReason : undefined),
    'sluice.compute_ms': usage.computeMs,
    'sluice.cost_nano_usd': costNanoUsd,
  }
}

/** When the answer began to come. */
export function firstChunkAttributes(startedAt: number | undefined, firstChunkAt: number | undefined): SpanAttributes {
  if (startedAt === undefined || firstChunkAt === undefined) return {}
  return { 'gen_ai.response.time_to_first_chunk': (firstChunkAt - startedAt) / 1000 }
}

/** What is measured of calls of models. */
export interface CallMetrics {
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
export function createCallMetrics(meter: Meter): CallMetrics {
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
