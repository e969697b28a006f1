/** Gives the time; injected everywhere so that tests can turn it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() }
