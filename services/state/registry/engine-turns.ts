import type { EngineQueue } from './worker-registry.ts'

/**
 * Engines refuse long before; a gauge that says more is broken, and believing it would turn every call with a
 * deadline away.
 */
const mostCalls = 1_000_000

/** Whether a number of calls can be true. */
export function isCallCount(count: number): boolean {
  return Number.isFinite(count) && count >= 0 && count <= mostCalls
}

/** Whether a queue can be one that an engine has. */
export function isSoundQueue({ waiting, running }: EngineQueue): boolean {
  return isCallCount(waiting) && isCallCount(running)
}

/** Calls that an engine works on at once, as far as a queue is worked off: at least one. */
export function concurrencyOf({ running }: EngineQueue): number {
  return Math.max(1, running)
}

/** Service times that a call would wait in a queue. */
export function turnsOf(queue: EngineQueue): number {
  return queue.waiting / concurrencyOf(queue)
}
