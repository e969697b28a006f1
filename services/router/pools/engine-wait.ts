import { isSoundQueue, concurrencyOf, turnsOf } from '#services/state/registry/engine-turns'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import type { Wait } from './queue-wait.ts'

/** A day: no call waits so long, and longer makes no difference. */
const longestMs = 86_400_000

/**
 * How long a call would wait in the engine itself, behind the calls that it has not begun: it works off as many at
 * once as it runs now, each in a service time. Workers that call the same engines see the same queue, so their
 * readings are averaged, not summed; one that cannot be true is left out. Pure.
 * @source Little, A Proof for the Queuing Formula L = λW (1961)
 */
export function expectEngineWait(
  queues: readonly EngineQueue[],
  service: { readonly meanMs: number; readonly deviationMs: number },
): Wait {
  const sound = queues.filter(isSoundQueue)
  if (sound.length === 0) return { meanMs: 0, deviationMs: 0 }
  const mean = (of: (queue: EngineQueue) => number): number =>
    sound.reduce((sum, queue) => sum + of(queue), 0) / sound.length
  return {
    meanMs: Math.min(longestMs, service.meanMs * mean(turnsOf)),
    deviationMs: Math.min(
      longestMs,
      service.deviationMs * mean(queue => Math.sqrt(queue.waiting) / concurrencyOf(queue)),
    ),
  }
}

/** Both waits one after the other; they vary apart from each other. */
export function addWaits(one: Wait, other: Wait): Wait {
  return {
    meanMs: one.meanMs + other.meanMs,
    deviationMs: Math.hypot(one.deviationMs, other.deviationMs),
  }
}
