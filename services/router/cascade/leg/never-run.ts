import type { LegEnd, LegFailure } from '#services/state/cascade-log/cascade-log'

const messages = {
  cancelled: 'it was cancelled before it ran',
  shed: 'the queue was full, and it was sheddable',
  'no-worker': 'every worker of its pool left before it ran',
} satisfies Partial<Record<LegFailure, string>>

/** The end of a leg that no worker will report. It used nothing. */
export function neverRun(reason: keyof typeof messages, nowMs: number): LegEnd {
  return { kind: 'failed', reason, message: messages[reason], receipt: nothingUsed(0, nowMs) }
}

/** The end of a leg that had to leave time for another rung. */
export function outOfTime(attempt: number, nowMs: number): LegEnd {
  return {
    kind: 'failed',
    reason: 'expired',
    message: 'it would have left no time for another rung',
    receipt: nothingUsed(attempt, nowMs),
  }
}

/** The end of a leg whose worker was lost with it: what that attempt used is the deployment's loss. */
export function workerLost(lostAttempt: number, nowMs: number): LegEnd {
  return {
    kind: 'failed',
    reason: 'no-worker',
    message: 'its worker was lost, and no other is left',
    receipt: nothingUsed(lostAttempt + 1, nowMs),
  }
}

function nothingUsed(attempt: number, nowMs: number): LegEnd['receipt'] {
  return { usage: {}, costNanoUsd: 0, workerId: '', attempt, startedAt: nowMs, endedAt: nowMs }
}
