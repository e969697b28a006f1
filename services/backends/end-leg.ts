import type { RunControl } from './backend.ts'
import type { Outcome, Work } from '#services/backends/work'
import type { Clock } from '#services/contract/clock'
import type { Usage } from '#services/contract/price'

/** The outcome of a leg whose content is at fault. */
export function badInput(message: string, usage: Usage): Outcome {
  return { kind: 'failed', reason: 'bad-input', message, usage }
}

/** Returns whether to abandon a leg: it was cancelled, or its deadline has passed. */
export function isAbandoned(work: Work, control: RunControl, clock: Clock): boolean {
  return control.cancelled(work.legId) || clock.now() >= work.deadlineAt
}

/** The outcome of a leg that was given up, by which of the two came first. */
export function abandoned(work: Work, clock: Clock, usage: Usage): Outcome {
  return clock.now() >= work.deadlineAt
    ? { kind: 'failed', reason: 'expired', message: 'the time of the leg was over', usage }
    : { kind: 'failed', reason: 'cancelled', message: 'nobody waits for the leg any more', usage }
}
