import { Queue } from 'bullmq'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { queueName, queuePrefix } from './bullmq-internals.ts'
import type { FairQueue } from './redis-fair-queue.ts'

/** Batch leases of one pool: jobs of BullMQ, each of which lets a worker take the next batch in the queue. */
export interface BatchLeases {
  /** Hands out so many. @throws GatewayError Overloaded when Redis is away */
  handOut(count: number): Promise<void>
  /** BatchLeases that nobody has yet. */
  waiting(): Promise<number>
  close(): Promise<void>
}

/** Opens a pool's batch leases on BullMQ. */
export function openBatchLeases(prefix: string, pool: string, redis: RedisConnection): BatchLeases {
  const queue = new Queue(queueName, {
    connection: redis,
    prefix: queuePrefix(prefix, pool),
    skipVersionCheck: true,
    skipMetasUpdate: true,
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  })
  queue.on('error', ignore)
  return {
    async handOut(count) {
      await onRedis(() => Promise.all(Array.from({ length: count }, () => queue.add('batchLease', null))))
    },
    waiting: () => onRedis(() => queue.getWaitingCount()),
    close: () => queue.close(),
  }
}

/** Every command that fails rejects by itself; the event adds nothing. */
function ignore(): void {}

/** Most batch leases that one check issues. */
const mostAtOnce = 256

/**
 * Makes the look for lost batch leases: a process that dies between enqueueing a leg and handing out its batch lease
 * leaves the queue one short. Legs that outnumber batch leases at two looks in a row get theirs; one too many does no
 * harm, its worker finds nothing.
 */
export function createBatchLeaseMender(fairQueue: FairQueue, batchLeases: BatchLeases): () => Promise<void> {
  let before = 0
  return async () => {
    const [legs, out] = await Promise.all([fairQueue.batchLeasesWanted(), batchLeases.waiting()])
    const short = Math.min(mostAtOnce, legs - out)
    const lacking = Math.min(before, short)
    before = Math.max(0, short)
    if (lacking <= 0) return
    before = 0
    await fairQueue.count(out + lacking)
    await batchLeases.handOut(lacking)
  }
}
