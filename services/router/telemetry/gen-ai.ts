import type { Clock } from '#services/contract/clock'
import type { Meter } from '#services/platform/telemetry/meter'
import type { SpanAttributes } from '#services/platform/telemetry/tracer'
import type { Cascade } from '#services/router/cascade/cascade'
import type { EmitEvent, Finished } from '#services/router/request/states'
import {
  finishAttributes,
  operationOf,
  outputOf,
  requestAttributes,
  serverHistograms,
  usageAttributes,
} from '#services/wire/gen-ai-conventions'

/** The gateway is the provider of what it serves; a rung's own provider is at the rung. */
const provider = 'sluice'

/** Passes events on, and remembers when the first piece of an answer came. */
export function timeFirst(
  emit: EmitEvent | undefined,
  clock: Clock,
): {
  readonly emit: EmitEvent | undefined
  readonly firstAt: () => number | undefined
} {
  let firstAt: number | undefined
  return {
    firstAt: () => firstAt,
    emit:
      emit === undefined
        ? undefined
        : event => {
            if (event.kind === 'delta' || event.kind === 'reasoning' || event.kind === 'tool-call') {
              firstAt ??= clock.now()
            }
            return emit(event)
          },
  }
}

/** What a run is asked for, in the words for generative AI. */
export function runAttributes(cascade: Cascade, isStream: boolean): SpanAttributes {
  return {
    ...aboutOf(cascade),
    ...requestAttributes(cascade.request.options),
    'gen_ai.request.stream': isStream ? true : undefined,
  }
}

/** What came of it. */
export function endAttributes({ requestId, request, end }: Finished, firstAt: number | undefined): SpanAttributes {
  if (end.kind !== 'answered') return {}
  const { output, usage, model } = end.answer
  return {
    'gen_ai.response.id': requestId,
    'gen_ai.response.model': model,
    'gen_ai.response.time_to_first_chunk':
      firstAt === undefined ? undefined : secondsFrom(request.submittedAt, firstAt),
    ...usageAttributes(usage),
    ...finishAttributes(output.kind === 'text' ? output.finishReason : undefined),
  }
}

/** Measures runs as requests that the gateway served. */
export function createRunMetrics(
  meter: Meter,
): (cascade: Cascade, finished: Finished, firstAt: number | undefined) => void {
  const durations = meter.histogram(serverHistograms.duration)
  const firstTokens = meter.histogram(serverHistograms.firstToken)
  const perToken = meter.histogram(serverHistograms.perToken)
  return (cascade, { request, end, endedAt }, firstAt) => {
    const about = aboutOf(cascade)
    const seconds = secondsFrom(request.submittedAt, endedAt)
    if (end.kind !== 'answered') {
      durations(seconds, { ...about, 'error.type': end.kind === 'failed' ? end.code : 'Cancelled' })
      return
    }
    const answered = { ...about, 'gen_ai.response.model': end.answer.model }
    durations(seconds, answered)
    if (firstAt === undefined) return
    firstTokens(secondsFrom(request.submittedAt, firstAt), answered)
    const tokens = outputOf(end.answer.usage) ?? 0
    if (tokens > 1) perToken(secondsFrom(firstAt, endedAt) / (tokens - 1), answered)
  }
}

function aboutOf({ request, plan }: Cascade): SpanAttributes {
  return {
    'gen_ai.operation.name': operationOf(request.task, true),
    'gen_ai.provider.name': provider,
    'gen_ai.request.model': request.constraints.model ?? plan.ladder,
  }
}

/** Clocks of two sources may differ by a little. */
function secondsFrom(startAt: number, endAt: number): number {
  return Math.max(0, endAt - startAt) / 1000
}
