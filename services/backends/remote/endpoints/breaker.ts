import { createInputFailures, type InputOf } from './input-failures.ts'

/** A breaker's state: calls pass; none passes; one passes to see. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** When a breaker opens and how long it stays so. */
export interface BreakerOptions {
  /** Failures in a row after which nothing is sent any more. */
  readonly failures: number
  /** How long it stays open at first; each time that the probe fails it is twice as long, up to a minute. */
  readonly openMs: number
}

/**
 * Keeps calls away from an endpoint that fails, and finds out with one call at a time whether it is well again. A
 * failure that its input may have caused counts once for each input: five failures of five inputs open it, five of
 * one rest that input alone.
 */
export interface Breaker {
  readonly state: BreakerState
  /** Epoch ms until which it keeps calls away; absent unless it does. */
  readonly openUntil: number | undefined
  /** Whether a call with this input may begin now; one that begins while it is half-open is the probe. */
  allows(input?: InputOf): boolean
  began(): void
  succeeded(input?: InputOf): void
  /** A call failed; `input` names the one that may be the cause. Tells whether it speaks against the endpoint. */
  failed(input?: string): boolean
  /** A call ended without evidence about the endpoint, such as a cancelled one. */
  ended(): void
  /**
   * Another process keeps calls away until then: one failure here is enough to do so too. Another's way to the
   * endpoint may be what is broken, so its word alone keeps no call away. Each word counts once.
   */
  suspect(untilAt: number): void
}

/** Longest that a breaker stays open: an endpoint that is well again is noticed within this. */
const longestOpenMs = 60_000

/** Makes a breaker, closed. `random` in [0,1) spreads the probes of many workers. */
export function createBreaker(options: BreakerOptions, now: () => number, random: () => number = Math.random): Breaker {
  const inputs = createInputFailures(options, now)
  let inRow = 0
  let opened = 0
  let openUntil: number | undefined
  let probing = false
  let heardUntil = 0

  const open = (): void => {
    const ms = Math.min(longestOpenMs, options.openMs * 2 ** opened)
    opened += 1
    openUntil = now() + ms * (0.9 + 0.2 * random())
  }
  const stateNow = (): BreakerState => {
    if (openUntil === undefined) return 'closed'
    // Time may be set back: what is left is never more than was given.
    return now() < openUntil && openUntil < now() + 1.1 * longestOpenMs ? 'open' : 'half-open'
  }

  return {
    get state() {
      return stateNow()
    },
    get openUntil() {
      return stateNow() === 'open' ? openUntil : undefined
    },
    suspect(untilAt) {
      if (untilAt <= Math.max(heardUntil, now())) return
      heardUntil = untilAt
      if (openUntil === undefined) inRow = Math.max(inRow, options.failures - 1)
    },
    allows(input) {
      const state = stateNow()
      const isOpen = state === 'closed' || (state === 'half-open' && !probing)
      return isOpen && !inputs.rests(input)
    },
    began() {
      if (stateNow() === 'half-open') probing = true
    },
    succeeded(input) {
      inputs.succeeded(input)
      inRow = 0
      opened = 0
      openUntil = undefined
      probing = false
    },
    failed(input) {
      probing = false
      // An input that failed before is no evidence against the endpoint.
      if (input !== undefined && !inputs.failed(input)) return false
      inRow += 1
      if (stateNow() === 'half-open' || (openUntil === undefined && inRow >= options.failures)) open()
      return true
    },
    ended() {
      probing = false
    },
  }
}
