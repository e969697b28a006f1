import type { BeginLeg, CascadeLog, LegFailure } from '#services/state/cascade-log/cascade-log'
import { beginOf } from '#services/state/cascade-log/begin-leg'
import type { Clock } from '#services/contract/clock'
import type { TakenJob } from '#services/state/queue/pool-queue'

/** What the cascade log said of a taken leg. */
export type Begun =
  | { readonly kind: 'run'; readonly taken: TakenJob; readonly attempt: number; readonly startedAt: number }
  | { readonly kind: 'poison'; readonly taken: TakenJob; readonly attempt: number; readonly startedAt: number }
  /** Begun when its time was over: the reply of a Redis that hung came late. */
  | { readonly kind: 'late'; readonly taken: TakenJob; readonly attempt: number; readonly startedAt: number }
  /** Ended before, by an attempt whose messages may have been lost. */
  | { readonly kind: 'ended'; readonly taken: TakenJob; readonly attempt: number }
  | { readonly kind: 'drop'; readonly taken: TakenJob; readonly reason: LegFailure }
  /** The log could not be asked: the leg goes back. */
  | { readonly kind: 'unknown'; readonly taken: TakenJob }

/** Asks the log for every leg of a batch at once; expired and cancelled ones do not run. */
export function begin(
  batch: readonly TakenJob[],
  workerId: string,
  cascadeLog: CascadeLog,
  clock: Clock,
): Promise<readonly Begun[]> {
  return Promise.all(batch.map(taken => beginOne(taken, workerId, cascadeLog, clock)))
}

async function beginOne(taken: TakenJob, workerId: string, cascadeLog: CascadeLog, clock: Clock): Promise<Begun> {
  const startedAt = taken.begun?.at ?? clock.now()
  if (taken.expired === true) return { kind: 'drop', taken, reason: 'expired' }
  try {
    const begun =
      taken.begun === undefined
        ? await cascadeLog.beginLeg(taken.job.legId, workerId, startedAt)
        : beginOf(taken.begun.word, taken.begun.attempt)
    return begunOf(begun, taken, startedAt, clock.now())
  } catch {
    // Redis is away; what was taken is redelivered when its lock runs out, if it cannot be given back now.
    return { kind: 'unknown', taken }
  }
}

function begunOf(begun: BeginLeg, taken: TakenJob, startedAt: number, nowMs: number): Begun {
  if (begun.kind === 'run' && taken.job.deadlineAt <= nowMs) return { ...begun, kind: 'late', taken, startedAt }
  if (begun.kind === 'run' || begun.kind === 'poison') return { ...begun, taken, startedAt }
  if (begun.kind === 'ended') return { ...begun, taken }
  return { kind: 'drop', taken, reason: begun.kind === 'expired' ? 'expired' : 'cancelled' }
}
