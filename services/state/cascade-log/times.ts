/** How often a leg may be begun and how long climbs are kept; the same for every process, since they share the log. */
export const climbLogTimes = {
  /** A leg that took a worker with it is given to one more, and to no third. */
  maxDeaths: 2,
  /** Ten minutes for feedback on an answer that was delivered. */
  syncTtlMs: 600_000,
  /** A day to come back for a job. */
  asyncTtlMs: 86_400_000,
  /** A week for an operator to replay a dead letter. */
  deadTtlMs: 604_800_000,
} as const
