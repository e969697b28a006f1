import type { RungReport } from '../../shared/contract/answer.ts'
import type { ErrorCode } from '../../shared/contract/errors.ts'
import type { ClimbEnd, LegEnd, LegFailure } from '../../shared/climb/climb-log.ts'
import type { Course } from './course.ts'

/** What a caller is told when the last leg ended so and nothing is left to call. */
const codeOf: Readonly<Record<LegFailure, ErrorCode>> = {
  expired: 'Deadline',
  cancelled: 'Cancelled',
  'bad-input': 'InvalidRequest',
  'model-error': 'LadderFailed',
  'upstream-error': 'LadderFailed',
  'content-filter': 'LadderFailed',
  'context-overflow': 'InvalidRequest',
  'payload-lost': 'LadderFailed',
  poison: 'LadderFailed',
  bug: 'LadderFailed',
}

/** The end of a climb that has no answer; without a failed leg, time was over. Jobs are kept for an operator unless the caller was at fault. */
export function endOfFailure(
  course: Course,
  rungs: readonly RungReport[],
  failure: (LegEnd & { readonly kind: 'failed' }) | undefined,
): ClimbEnd {
  if (failure?.reason === 'cancelled') return { kind: 'cancelled', rungs }
  const code = failure === undefined ? 'Deadline' : codeOf[failure.reason]
  const message = failure === undefined ? 'the deadline passed while a rung was at work' : messageOf(failure)
  const dead = course.request.mode === 'async' && code !== 'InvalidRequest' && code !== 'Cancelled'
  return { kind: 'failed', code, message, rungs, dead }
}

function messageOf(failure: LegEnd & { readonly kind: 'failed' }): string {
  return failure.reason === 'bad-input' ? failure.message : `every rung failed; the last: ${failure.reason}`
}
