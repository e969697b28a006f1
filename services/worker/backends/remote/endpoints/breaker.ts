/** A breaker's state: calls pass; none passes; one passes to see. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** When a breaker opens and how long it stays so. */
export interface BreakerOptions {
  /** Failures in a row after which nothing is sent any more. */
  readonly failures: number
  /** How long it stays open at first; each time that the probe fails it is twice as long, up to a minute. */
  readonly openMs: number
}

/** Keeps calls away from an endpoint that fails, and finds out with one call at a time whether it is well again. */
export interface Breaker {
  readonly state: BreakerState
  /** Whether a call may begin now; one that begins while it is half-open is the probe. */
  allows(): boolean
  began(): void
  succeeded(): void
  failed(): void
  /** A call ended that says nothing of the endpoint, such as one that was called off. */
  ended(): void
}

/** Longest that a breaker stays open: an endpoint that is well again is noticed within this. */
const longestOpenMs = 60_000

/** Makes a breaker, closed. `random` in [0,1) spreads the probes of many workers. */
export function createBreaker(options: BreakerOptions, now: () => number, random: () => number = Math.random): Breaker {
  let inRow = 0
  let opened = 0
  let openUntil: number | undefined
  let probing = false

  const open = (): void => {
    const ms = Math.min(longestOpenMs, options.openMs * 2 ** opened)
    opened += 1
    openUntil = now() + ms * (0.9 + 0.2 * random())
  }
  const stateNow = (): BreakerState => {
    if (openUntil === undefined) return 'closed'
    return now() < openUntil ? 'open' : 'half-open'
  }

  return {
    get state() {
      return stateNow()
    },
    allows() {
      const state = stateNow()
      return state === 'closed' || (state === 'half-open' && !probing)
    },
    began() {
      if (stateNow() === 'half-open') probing = true
    },
    succeeded() {
      inRow = 0
      opened = 0
      openUntil = undefined
      probing = false
    },
    failed() {
      inRow += 1
      if (stateNow() === 'half-open' || (openUntil === undefined && inRow >= options.failures)) open()
      probing = false
    },
    ended() {
      probing = false
    },
  }
}
