import type { FinishReason } from '#services/contract/answer'
import type { Task, TaskOptions } from '#services/contract/content'
import type { Usage } from '#services/contract/price'
import type { HistogramDefinition } from '#services/platform/telemetry/meter'
import type { SpanAttributes } from '#services/platform/telemetry/tracer'

// OpenTelemetry's semantic conventions for generative AI, and the attributes of a request and its answer in them.
// @source semantic-conventions-genai, docs/gen-ai/gen-ai-spans.md and gen-ai-metrics.md (status: development)

const durationBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const firstBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const tokenTimeBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]
const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power)

/** Histograms of calls of models, as whoever calls sees them. */
export const clientHistograms = {
  tokens: {
    name: 'gen_ai.client.token.usage',
    unit: '{token}',
    description: 'Number of input and output tokens used.',
    bounds: tokenBounds,
  },
  duration: {
    name: 'gen_ai.client.operation.duration',
    unit: 's',
    description: 'GenAI operation duration.',
    bounds: durationBounds,
  },
  firstChunk: {
    name: 'gen_ai.client.operation.time_to_first_chunk',
    unit: 's',
    description: 'Time to receive the first chunk.',
    bounds: firstBounds,
  },
} as const satisfies Readonly<Record<string, HistogramDefinition>>

/** Histograms of requests, as the gateway serves them. */
export const serverHistograms = {
  duration: {
    name: 'gen_ai.server.request.duration',
    unit: 's',
    description: 'Generative AI server request duration such as time-to-last byte or last output token.',
    bounds: durationBounds,
  },
  firstToken: {
    name: 'gen_ai.server.time_to_first_token',
    unit: 's',
    description: 'Time to generate first token for successful responses.',
    bounds: firstBounds,
  },
  perToken: {
    name: 'gen_ai.server.time_per_output_token',
    unit: 's',
    description: 'Time per output token generated after the first token for successful responses.',
    bounds: tokenTimeBounds,
  },
} as const satisfies Readonly<Record<string, HistogramDefinition>>

/** `gen_ai.operation.name`; the tasks that it does not name keep their own words. */
export function operationOf(task: Task, isChat: boolean): string {
  if (task === 'embed') return 'embeddings'
  if (task === 'generate') return isChat ? 'chat' : 'text_completion'
  return task
}

/** `gen_ai.provider.name` of a kind of backend: that of the protocol which it speaks. */
export function providerOf(kind: string | undefined): string {
  return kind === 'gemini' ? 'gcp.gemini' : (kind ?? 'unknown')
}

/** What a request asks for. */
export function requestAttributes(options: TaskOptions): SpanAttributes {
  return {
    'gen_ai.request.max_tokens': options.maxOutputTokens,
    'gen_ai.request.temperature': options.temperature,
    'gen_ai.request.top_p': options.topP,
    'gen_ai.request.seed': options.seed,
    'gen_ai.request.frequency_penalty': options.frequencyPenalty,
    'gen_ai.request.presence_penalty': options.presencePenalty,
  }
}

/** Tokens: what comes of a cache is a part of the input, and reasoning one of the output. */
export function usageAttributes(usage: Usage): SpanAttributes {
  const { cachedTokens, cacheWriteTokens, reasoningTokens } = usage
  return {
    'gen_ai.usage.input_tokens': inputOf(usage),
    'gen_ai.usage.output_tokens': outputOf(usage),
    'gen_ai.usage.cache_read.input_tokens': cachedTokens,
    'gen_ai.usage.cache_creation.input_tokens': cacheWriteTokens,
    'gen_ai.usage.reasoning.output_tokens': reasoningTokens,
  }
}

/** All tokens of the input; `undefined` where none are counted. */
export function inputOf({ inputTokens, cachedTokens, cacheWriteTokens }: Usage): number | undefined {
  return sumOf(inputTokens, cachedTokens, cacheWriteTokens)
}

/** All tokens of the output; `undefined` where none are counted. */
export function outputOf({ outputTokens, reasoningTokens }: Usage): number | undefined {
  return sumOf(outputTokens, reasoningTokens)
}

/** `gen_ai.response.finish_reasons`, of the one answer that there is. */
export function finishAttributes(reason: FinishReason | undefined): SpanAttributes {
  return reason === undefined ? {} : { 'gen_ai.response.finish_reasons': [reason] }
}

function sumOf(...counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter(count => count !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0)
}
