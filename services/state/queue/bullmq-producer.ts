import type { RedisConnection } from '#services/platform/redis/connect'
import { runScript } from '#services/platform/redis/script'
import type { JobProducer } from './pool-queue.ts'
import { createPutCall, type PutOptions } from './put-call.ts'
import { openFairQueue, type FairQueue } from './redis-fair-queue.ts'

/**
 * The sending side: a leg goes in the queue, and with it a batch lease to BullMQ. Made for each pool when it is first
 * needed.
 */
export function createBullmqProducer(options: PutOptions, redis: RedisConnection): JobProducer {
  const put = createPutCall(options)
  const fairQueues = new Map<string, FairQueue>()

  const fairQueueOf = (pool: string): FairQueue => {
    const fairQueue = fairQueues.get(pool) ?? openFairQueue(options.prefix, pool, redis)
    fairQueues.set(pool, fairQueue)
    return fairQueue
  }

  return {
    async add(pool, job) {
      const { script, keys, args, read } = put.callFor(pool, job)
      read(await runScript(redis, script, keys, args))
    },
    remove: (pool, legId) => fairQueueOf(pool).withdraw(legId),
    waiting: pool => fairQueueOf(pool).waiting(),
    backlog: pool => fairQueueOf(pool).backlog(),
    // The connection is the caller's, and a queue holds nothing else.
    close: () => Promise.resolve(),
  }
}
