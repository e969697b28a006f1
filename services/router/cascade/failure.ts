import type { RungReport } from '#services/contract/answer'
import type { ErrorCode } from '#services/contract/errors'
import type { CascadeEnd, CascadeRequest, LegEnd, LegFailure } from '#services/state/cascade-log/cascade-log'

/** The caller's error when the last leg ended so and no rung is left. */
const codeOf: Readonly<Record<LegFailure, ErrorCode>> = {
  expired: 'Deadline',
  cancelled: 'Cancelled',
  'bad-input': 'InvalidRequest',
  'model-error': 'LadderFailed',
  'upstream-error': 'LadderFailed',
  'upstream-refused': 'InvalidRequest',
  'upstream-misconfigured': 'NoModel',
  'content-filter': 'InvalidRequest',
  'model-refused': 'InvalidRequest',
  'context-overflow': 'InvalidRequest',
  'payload-lost': 'LadderFailed',
  poison: 'LadderFailed',
  shed: 'Overloaded',
  'no-worker': 'Overloaded',
  bug: 'LadderFailed',
}

/** Failures that no replay mends: the request itself is at fault. What a server refused may be its own mistake. */
const callersFault: ReadonlySet<LegFailure> = new Set([
  'bad-input',
  'cancelled',
  'content-filter',
  'model-refused',
  'context-overflow',
])

/**
 * The end of a cascade that has no answer; without a failed leg, time was over. Jobs are kept for an operator unless
 * the caller was at fault.
 */
export function endOfFailure(
  mode: CascadeRequest['mode'],
  rungs: readonly RungReport[],
  failure: (LegEnd & { readonly kind: 'failed' }) | undefined,
): CascadeEnd {
  if (failure?.reason === 'cancelled') return { kind: 'cancelled', rungs }
  const code = failure === undefined ? 'Deadline' : codeOf[failure.reason]
  const message = failure === undefined ? 'the deadline passed while a rung was at work' : messageOf(failure)
  const dead = mode === 'async' && (failure === undefined || !callersFault.has(failure.reason))
  const reason = failure === undefined ? undefined : reasonOf[failure.reason]
  return { kind: 'failed', code, message, rungs, dead, ...(reason === undefined ? {} : { reason }) }
}

/** What a caller of ours can act on, in a word for machines. */
const reasonOf: Readonly<Partial<Record<LegFailure, string>>> = {
  'content-filter': 'CONTENT_FILTER',
  'model-refused': 'MODEL_REFUSED',
  'context-overflow': 'CONTEXT_OVERFLOW',
  'upstream-error': 'UPSTREAM_ERROR',
  'upstream-refused': 'UPSTREAM_REFUSED',
  'upstream-misconfigured': 'UPSTREAM_MISCONFIGURED',
}

function messageOf(failure: LegEnd & { readonly kind: 'failed' }): string {
  if (failure.reason === 'bad-input') return failure.message
  const why = failure.message === '' ? failure.reason : `${failure.reason}: ${failure.message}`
  return `every rung failed; the last one: ${why}`
}
