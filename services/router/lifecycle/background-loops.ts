import type { Logger } from 'pino'
import { every, type Loop } from '#services/platform/process/every'
import {
  fleetEveryMs,
  leaseMs,
  learningEveryMs,
  policiesEveryMs,
  queuesEveryMs,
  reapEveryMs,
  reconcileEveryMs,
  rememberEveryMs,
} from '#services/router/lifecycle/timings'

/** What a router does besides answering calls. */
export interface LoopTurns {
  /** Keeps the leases of this router's cascades. */
  readonly renew: () => Promise<unknown>
  /** Checks workers and queues, and finds legs whose pool has lost its workers. */
  readonly fleet: () => Promise<unknown>
  /** Examines the queues that are busy. */
  readonly queues: () => Promise<unknown>
  /** Looks for ends whose messages were lost. */
  readonly reconcile: () => Promise<unknown>
  /** Settles what was left. */
  readonly reap: () => Promise<unknown>
  /** Keeps what the ledger's counters hold, and sees whether they are still there. */
  readonly remember: () => Promise<unknown>
  /** Looks for policies that have changed. */
  readonly policies: () => Promise<unknown>
  /** Writes down what was learnt. */
  readonly learning: () => Promise<unknown>
  /** Takes over cascades whose routers died. */
  readonly takeOver: () => Promise<unknown>
  /** Keeps the leases of the batches that this router drives, and takes over others. */
  readonly batches: () => Promise<unknown>
}

/** Who hears of the loops. */
export interface LoopListeners {
  readonly metrics: { loopStarted(loop: string): void; loopFailed(loop: string): void }
  readonly logger: Logger
}

/** Starts every loop of a router. */
export function startLoops(turns: LoopTurns, { metrics, logger }: LoopListeners): Loop {
  const start = (loop: keyof LoopTurns, ms: number): Loop => {
    metrics.loopStarted(loop)
    return every(ms, turns[loop], error => {
      metrics.loopFailed(loop)
      logger.debug({ err: error, loop }, 'a turn failed')
    })
  }
  const loops = [
    // Three tries within a lease.
    start('renew', leaseMs / 3),
    start('takeOver', leaseMs / 3),
    start('batches', leaseMs / 3),
    start('fleet', fleetEveryMs),
    start('queues', queuesEveryMs),
    start('reconcile', reconcileEveryMs),
    start('reap', reapEveryMs),
    start('remember', rememberEveryMs),
    start('policies', policiesEveryMs),
    start('learning', learningEveryMs),
  ]
  return {
    async stop() {
      await Promise.all(loops.map(loop => loop.stop()))
    },
  }
}
