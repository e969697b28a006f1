import type { CascadeState } from '#services/state/cascade-log/cascade-log'
import type { RungReport } from '#services/contract/answer'
import type { DeadLetter } from '#services/wire/generated/sluice/v1/DeadLetter'
import type { Job } from '#services/wire/generated/sluice/v1/Job'
import { statusNumberOf } from '#services/wire/status'
import { timestampToWire } from '#services/wire/convert/time'
import { answerToWire, reportToWire } from '#services/wire/convert/to-wire'

/** A cascade as the job that its caller sees. */
export function jobToWire(state: CascadeState): Job {
  const { request, end, endedAt } = state
  return {
    jobId: request.requestId,
    submittedAt: timestampToWire(request.submittedAt),
    deadlineAt: timestampToWire(request.deadlineAt),
    rungs: reportsOf(state).map(reportToWire),
    ...(endedAt === undefined ? {} : { endedAt: timestampToWire(endedAt) }),
    ...endToWire(request.requestId, end),
  }
}

/** The same for a list, without the answer: a list of answers could be of any size. */
export function listedJobToWire(state: CascadeState): Job {
  const { response: _answer, ...job } = jobToWire(state)
  return job
}

function endToWire(requestId: string, end: CascadeState['end']): Pick<Job, 'state' | 'response' | 'error'> {
  if (end === undefined) return { state: 'JOB_STATE_RUNNING' }
  if (end.kind === 'cancelled') return { state: 'JOB_STATE_CANCELLED' }
  if (end.kind === 'answered') return { state: 'JOB_STATE_SUCCEEDED', response: answerToWire(requestId, end.answer) }
  return { state: 'JOB_STATE_FAILED', error: { code: statusNumberOf(end.code), message: end.message } }
}

function reportsOf({ end, legs }: CascadeState): readonly RungReport[] {
  if (end === undefined) return legs.flatMap(leg => leg.report ?? [])
  return end.kind === 'answered' ? end.answer.rungs : end.rungs
}

/** A cascade that died as operators see it. */
export function deadLetterToWire(state: CascadeState): DeadLetter {
  const { request, legs, end, endedAt } = state
  return {
    jobId: request.requestId,
    tenant: request.tenant,
    task: request.task,
    pool: legs.at(-1)?.pool ?? '',
    reason: end?.kind === 'failed' ? end.message : '',
    diedAt: timestampToWire(endedAt ?? 0),
    job: jobToWire(state),
  }
}
