import type { Clock } from '#services/contract/clock'

/** The time of Redis, as this process knows it. */
export interface StoreClock extends Clock {
  /** How far the machine's clock is ahead of Redis' (ms); behind is below 0. */
  readonly aheadMs: number
  /** Takes a reading: the time of Redis, and when it was asked and had answered by `performance.now()`. */
  read(storeMs: number, askedMs: number, answeredMs: number): void
}

/** A better reading is one that took less time; after this any is. */
const readingServesMs = 30_000

/**
 * Makes a clock that goes by Redis' time, which all processes share, and runs on this machine's monotonic clock
 * between two readings: a machine whose clock is wrong, or is set while the process runs, deceives nobody. Before
 * the first reading it is `machine`, the clock of the machine; tests give another.
 */
export function createStoreClock(machine: () => number = Date.now): StoreClock {
  /** What to add to the monotonic clock. */
  let offsetMs = machine() - performance.now()
  let reading: { readonly tookMs: number; readonly atMs: number } | undefined
  let last = Number.NEGATIVE_INFINITY

  return {
    now() {
      const now = Math.floor(performance.now() + offsetMs)
      // Two readings differ a little; a larger step back is one of Redis' clock.
      if (now > last || last - now > stepMs) last = now
      return last
    },
    get aheadMs() {
      return machine() - (performance.now() + offsetMs)
    },
    read(storeMs, askedMs, answeredMs) {
      const tookMs = answeredMs - askedMs
      const read = storeMs - (askedMs + answeredMs) / 2
      const isStep = Math.abs(read - offsetMs) > tookMs / 2 + stepMs
      const isOld = reading === undefined || answeredMs - reading.atMs > readingServesMs
      if (!isStep && !isOld && reading !== undefined && tookMs >= reading.tookMs) return
      offsetMs = read
      reading = { tookMs, atMs: answeredMs }
    },
  }
}

/** A difference above this is no inaccuracy. */
const stepMs = 100
