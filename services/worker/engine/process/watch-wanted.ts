import type { RunControl } from '#services/backends/backend'
import type { Work } from '#services/backends/work'

/** Knows which legs of a batch somebody still waits for. */
export interface WantedWatch {
  /** Resolves when nobody waits for any leg. */
  readonly over: Promise<void>
  isOver(): boolean
  /** Resolves when nobody has waited for any leg for this long; never once the watch is stopped. */
  overFor(waitMs: number): Promise<undefined>
  /**
   * Acts once `waitMs` have passed since nobody waits for any leg, or three times as long since the first of
   * several was given up: what computes in steps leaves out a leg that is not wanted.
   */
  whenStuck(waitMs: number, act: () => void): void
  stop(): void
}

/** A batch with others at work gets so much more time. */
const partlyWantedFactor = 3

/** Watches the signals of a batch. */
export function watchWanted(batch: readonly Work[], control: RunControl): WantedWatch {
  const signals = batch.map(work => control.signal(work.legId))
  const timers = new Set<NodeJS.Timeout>()
  const isOver = (): boolean => signals.every(signal => signal.aborted)
  let stopped = false
  let notifyOver!: () => void
  let notifyFirst!: () => void
  const over = new Promise<void>(resolve => (notifyOver = resolve))
  const first = new Promise<void>(resolve => (notifyFirst = resolve))
  const check = (): void => {
    if (signals.some(signal => signal.aborted)) notifyFirst()
    if (isOver()) notifyOver()
  }
  const later = async (when: Promise<void>, waitMs: number, act: () => void): Promise<void> => {
    await when
    if (!stopped) timers.add(setTimeout(act, waitMs))
  }
  // One by one rather than by a signal that ends them all: Node warns of a leak when a large batch hangs on one signal.
  for (const signal of signals) signal.addEventListener('abort', check, { once: true })
  check()
  return {
    over,
    isOver,
    overFor: waitMs => new Promise(resolve => void later(over, waitMs, () => resolve(undefined))),
    whenStuck(waitMs, act) {
      void later(over, waitMs, act)
      void later(first, waitMs * partlyWantedFactor, act)
    },
    stop() {
      stopped = true
      for (const signal of signals) signal.removeEventListener('abort', check)
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
