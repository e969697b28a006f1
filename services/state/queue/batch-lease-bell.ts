import type { Logger } from 'pino'
import { connectAnother, type RedisConnection } from '#services/platform/redis/connect'
import { batchLeaseMarker } from './bullmq-internals.ts'

/** Waits for BullMQ's word that there is a batch lease, on a connection of its own. */
export interface BatchLeaseBell {
  /**
   * Returns when there may be a batch lease, or after about `forSeconds`.
   * @throws what Redis or the client said when it could not be waited
   */
  wait(forSeconds: number): Promise<void>
  /** Begins again with a new connection; a wait under way fails. */
  reset(): void
  close(): void
}

/** Opens the waiting for a pool. */
export function openBatchLeaseBell(
  prefix: string,
  pool: string,
  redis: RedisConnection,
  logger: Logger,
): BatchLeaseBell {
  const marker = batchLeaseMarker(prefix, pool)
  let connection = connectAnother(redis)
  return {
    async wait(forSeconds) {
      await connection.bzpopmin(marker, forSeconds)
    },
    reset() {
      logger.debug({ pool }, 'the connection that waits for batch leases is replaced')
      connection.disconnect()
      connection = connectAnother(redis)
    },
    close() {
      connection.disconnect()
    },
  }
}
