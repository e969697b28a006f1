import type { LegEnd, Receipt } from '#services/state/cascade-log/cascade-log'
import { addNanoUsd } from '#services/contract/money'
import { costOf, type Usage } from '#services/contract/price'
import type { Job } from '#services/state/queue/job'
import type { Outcome } from '#services/backends/work'

/** A leg that was begun here. */
export interface BegunLeg {
  readonly job: Job
  readonly attempt: number
  readonly startedAt: number
}

/** Why a leg was stopped: it was cancelled, its deadline passed, or another worker has it. */
export type StopReason = 'cancelled' | 'expired' | 'lost'

/** A backend knows only that it was stopped; the caller of the backend knows why. */
export function namedOutcome(outcome: Outcome, stopped: StopReason | undefined, job: Job, nowMs: number): Outcome {
  if (outcome.kind === 'done') return outcome
  const isExpired = outcome.reason === 'expired' || (outcome.reason === 'cancelled' && stopped === 'expired')
  if (!isExpired) return outcome
  if (nowMs >= job.deadlineAt) return { ...outcome, reason: 'expired', message: 'its time was over' }
  // The request has time left for another rung.
  return { ...outcome, reason: 'model-error', message: 'it ran longer than its pool allows' }
}

/** A leg's end with its receipt, at the price that was fixed when its money was held. Pure. */
export function legEndOf({ job, attempt, startedAt }: BegunLeg, outcome: Outcome, endedAt: number, by: string): LegEnd {
  const { usage, othersNanoUsd = 0 } = outcome.kind === 'done' ? outcome.result : outcome
  const receipt: Receipt = {
    usage,
    costNanoUsd: addNanoUsd(costOf(chargedOf(usage, job), job.price), othersNanoUsd),
    workerId: by,
    attempt,
    startedAt,
    endedAt,
  }
  if (outcome.kind === 'done') return { kind: 'done', result: outcome.result, receipt }
  return { kind: 'failed', reason: outcome.reason, message: outcome.message, receipt }
}

/**
 * Computing beyond what was reserved for is not the caller's fault, and not charged: a machine that is busy, a
 * forecast that was wrong.
 */
function chargedOf(usage: Usage, { chargedComputeMs = Infinity }: Job): Usage {
  const { computeMs = 0 } = usage
  return computeMs > chargedComputeMs ? { ...usage, computeMs: chargedComputeMs } : usage
}
