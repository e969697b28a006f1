import type { LegEnd, LegFailure } from '../../../shared/climb/climb-log.ts'

const messages = {
  cancelled: 'it was called off before it ran',
  shed: 'the queue was full, and it was sheddable',
  'no-worker': 'every worker of its pool left before it ran',
} satisfies Partial<Record<LegFailure, string>>

/** The end of a leg that no worker will report. It used nothing. */
export function neverRun(reason: keyof typeof messages, nowMs: number): LegEnd {
  const receipt = { usage: {}, costNanoUsd: 0, workerId: '', attempt: 0, startedAt: nowMs, endedAt: nowMs }
  return { kind: 'failed', reason, message: messages[reason], receipt }
}
