import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { connectAnother } from '#services/platform/redis/connect'
import { batchLeaseMarker } from './bullmq-internals.ts'
import { openFairQueue, type Beginning, type Lock, type TakenBatchLease } from './redis-fair-queue.ts'

/** Takes that wait in Redis for their batch lease. */
export interface BlockingDequeue {
  /**
   * The batch lease that comes next, or that is there; `undefined` when none came for a while. Waits for nothing where
   * `isOpen` says no.
   */
  take(
    lock: Lock,
    now: () => number,
    limits: ReadonlyMap<string, number>,
    isOpen: () => boolean,
  ): Promise<TakenBatchLease | undefined>
  /** Lets the take that waits now run at once. */
  interrupt(): void
  /** Begins again with a new connection; the take that waits fails. */
  reset(): void
  close(): void
}

/** Which pool's batch leases are taken, and how their legs are begun. */
export interface BlockingDequeueOptions {
  readonly prefix: string
  readonly pool: string
  readonly beginning: Beginning
}

/** How long Redis keeps a take. */
const longestWaitSeconds = 1
/** An interrupt can overtake the dequeue that it targets, which is sent at the end of a tick. */
const interruptedAgainMs = 20

/**
 * Sends the take right behind the command that waits for a batch lease, on a connection of their own: Redis runs it in
 * the step that ends the waiting, so that a leg is at its worker after one message instead of three. What it takes
 * it takes by the clock of that moment.
 */
export function openBlockingDequeue(options: BlockingDequeueOptions, redis: Redis, logger: Logger): BlockingDequeue {
  const { prefix, pool, beginning } = options
  const open = (): Redis => {
    const opened = connectAnother(redis) as Redis
    opened.on('close', () => {
      if (opened === connection) clientId = undefined
    })
    return opened
  }
  let clientId: number | undefined
  let waits = false
  let connection = open()
  let fairQueue = openFairQueue(prefix, pool, connection, beginning)
  const marker = batchLeaseMarker(prefix, pool)

  /** What Redis knows the connection by, so that its wait can be ended. */
  const identify = async (): Promise<void> => {
    if (clientId !== undefined) return
    const own = connection
    const found = await own.client('ID')
    if (own === connection) clientId = found
  }

  const unblock = (): void => {
    if (!waits || clientId === undefined) return
    redis.client('UNBLOCK', clientId).catch(() => {
      // It ends by itself within the longest wait.
    })
  }

  return {
    async take(lock, now, limits, isOpen) {
      try {
        await identify()
        if (!isOpen()) return undefined
        waits = true
        const waited = connection.bzpopmin(marker, longestWaitSeconds)
        const taken = fairQueue.take(lock, now, limits)
        // What was taken counts, whatever became of the waiting.
        const [wait, take] = await Promise.allSettled([waited, taken])
        if (take.status === 'rejected') throw take.reason
        if (take.value === undefined && wait.status === 'rejected') throw wait.reason
        return take.value
      } finally {
        waits = false
      }
    },
    interrupt() {
      unblock()
      setTimeout(unblock, interruptedAgainMs).unref()
    },
    reset() {
      logger.debug({ pool }, 'the connection of waiting takes is replaced')
      connection.disconnect()
      clientId = undefined
      connection = open()
      fairQueue = openFairQueue(prefix, pool, connection, beginning)
    },
    close() {
      connection.disconnect()
    },
  }
}
