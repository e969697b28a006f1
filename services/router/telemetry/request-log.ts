import type { Logger } from 'pino'
import { traceIdOf } from '#services/platform/telemetry/tracer'
import type { Finished } from '#services/router/request/states'

/**
 * Writes one line for every request that ends, with the ids that find it again and nothing of what was asked or
 * answered.
 */
export function createRequestLog(wanted: boolean, open: () => Logger): (finished: Finished) => void {
  if (!wanted) return () => {}
  const logger = open()
  return ({ requestId, request, legs, end, endedAt }) => {
    logger.info(
      {
        requestId,
        traceId: traceIdOf(request.traceparent),
        tenant: request.tenant,
        task: request.task,
        mode: request.mode,
        end: end.kind,
        rungs: legs.map(leg => leg.rung),
        elapsedMs: endedAt - request.submittedAt,
        ...(end.kind === 'failed' ? { code: end.code } : {}),
        ...(end.kind === 'answered'
          ? {
              model: end.answer.model,
              confidence: end.answer.confidence,
              costNanoUsd: end.answer.costNanoUsd,
              degraded: end.answer.degraded,
            }
          : {}),
      },
      'request ended',
    )
  }
}
