/** Bounds how much of the traffic may be retries, so that a server in trouble is not buried under them. */
export interface RetryBudget {
  /** A call began. */
  called(): void
  /** Takes one retry out of the budget; false when it is spent. */
  take(): boolean
}

/** Retries that each call pays for, and how many may be saved up. */
const retriesPerCall = 0.2
const mostSaved = 10

/** Makes a full budget. @source Finagle, "RetryBudget": a share of the calls and a reserve */
export function createRetryBudget(): RetryBudget {
  let saved = mostSaved
  return {
    called() {
      saved = Math.min(mostSaved, saved + retriesPerCall)
    },
    take() {
      if (saved < 1) return false
      saved -= 1
      return true
    },
  }
}
