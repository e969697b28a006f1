/** How long the log keeps what has ended. */
export interface Kept {
  readonly callMs: number
  readonly jobMs: number
  readonly deadLetterMs: number
}

/** The times of the log; the same for every process, since they share it. */
export interface LogTimes {
  readonly maxDeaths: number
  readonly syncTtlMs: number
  readonly asyncTtlMs: number
  readonly deadTtlMs: number
}

/** A leg that took a worker with it is given to one more, and to no third. */
export const maxDeaths = 2

/** Makes the times out of what is configured. */
export function logTimesOf({ callMs, jobMs, deadLetterMs }: Kept): LogTimes {
  return { maxDeaths, syncTtlMs: callMs, asyncTtlMs: jobMs, deadTtlMs: deadLetterMs }
}
