import type { EngineQueue } from '../../shared/registry/worker-registry.ts'
import type { Wait } from './expect-wait.ts'

/**
 * How long a call would wait in the engine itself, behind the calls that it has not begun: it works off as many at once as it runs now,
 * each in a service time. Workers that call the same engines see the same queue, so their readings are averaged, not summed. Pure.
 * @source Little, A Proof for the Queuing Formula L = λW (1961)
 */
export function expectEngineWait(
  queues: readonly EngineQueue[],
  service: { readonly meanMs: number; readonly deviationMs: number },
): Wait {
  if (queues.length === 0) return { meanMs: 0, deviationMs: 0 }
  const waits = queues.map(({ waiting, running }) => ({ waiting, lanes: Math.max(1, running) }))
  const mean = (of: (wait: { waiting: number; lanes: number }) => number): number =>
    waits.reduce((sum, wait) => sum + of(wait), 0) / waits.length
  return {
    meanMs: service.meanMs * mean(({ waiting, lanes }) => waiting / lanes),
    deviationMs: service.deviationMs * mean(({ waiting, lanes }) => Math.sqrt(waiting) / lanes),
  }
}

/** Both waits one after the other; they vary apart from each other. */
export function addWaits(one: Wait, other: Wait): Wait {
  return {
    meanMs: one.meanMs + other.meanMs,
    deviationMs: Math.hypot(one.deviationMs, other.deviationMs),
  }
}
