import type { Logger } from 'pino'
import { parseLegId } from '#services/contract/ids'
import type { Usage } from '#services/contract/price'
import { traceIdOf } from '#services/platform/telemetry/tracer'
import { legFailureOf, type UpstreamError } from './wire/upstream-error.ts'
import type { Outcome, Work } from '#services/backends/work'

/**
 * Returns the outcome of a leg whose server failed it, and logs one line from which an operator can find the cause.
 */
export function failedCall(work: Work, error: UpstreamError, usage: Usage, logger: Logger): Outcome {
  const { fault, message, address, begun } = error
  const { legId, model, traceparent } = work
  logger.warn(
    {
      requestId: parseLegId(legId)?.requestId,
      legId,
      traceId: traceIdOf(traceparent),
      model,
      server: address,
      fault,
      begun,
      why: message,
    },
    'a call to a model server failed',
  )
  const where = address === undefined ? '' : ` (${address})`
  return { kind: 'failed', reason: legFailureOf(fault), message: message + where, usage }
}
