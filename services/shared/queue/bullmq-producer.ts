import { Queue } from 'bullmq'
import { GatewayError } from '../contract/errors.ts'
import type { RedisConnection } from '../redis/connect.ts'
import { onRedis } from '../redis/run-command.ts'
import type { Job } from './job.ts'
import type { JobProducer } from './pool-queue.ts'

/** What the queues are told. */
export interface ProducerOptions {
  readonly prefix: string
  /** Most legs that may wait in a pool, by pool. */
  readonly maxWaiting: ReadonlyMap<string, number>
}

/** Name of every pool's queue: the pool is in the prefix, whose braces keep its keys in one slot. */
export const queueName = 'legs'

/** The prefix of one pool's keys. */
export function queuePrefix(prefix: string, pool: string): string {
  return `{${prefix}:pool:${pool}}`
}

/** How often a queue's length is asked for at most: between two askings it is counted along. */
const countEveryMs = 100

/** The sending side on BullMQ; one queue a pool, made when it is first needed. */
export function createBullmqProducer(options: ProducerOptions, redis: RedisConnection): JobProducer {
  const queues = new Map<string, Queue>()
  const lengths = new Map<string, { count: number; readAt: number }>()

  const queueOf = (pool: string): Queue => {
    let queue = queues.get(pool)
    if (queue === undefined) {
      queue = new Queue(queueName, {
        connection: redis,
        prefix: queuePrefix(options.prefix, pool),
        skipVersionCheck: true,
        skipMetasUpdate: true,
        defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
      })
      queue.on('error', ignore)
      queues.set(pool, queue)
    }
    return queue
  }

  const waiting = async (pool: string): Promise<number> => {
    const counts = await onRedis(() => queueOf(pool).getJobCounts('waiting', 'prioritized'))
    return (counts['waiting'] ?? 0) + (counts['prioritized'] ?? 0)
  }

  const checkRoom = async (pool: string): Promise<void> => {
    const most = options.maxWaiting.get(pool)
    if (most === undefined) return
    let length = lengths.get(pool)
    const nowMs = performance.now()
    if (length === undefined || nowMs - length.readAt > countEveryMs) {
      length = { count: await waiting(pool), readAt: nowMs }
      lengths.set(pool, length)
    }
    length.count += 1
    if (length.count <= most) return
    throw new GatewayError('Overloaded', `pool ${pool} is full`, { reason: 'QUEUE_FULL', retryAfterMs: 1000 })
  }

  return {
    async add(pool, job: Job) {
      await checkRoom(pool)
      await onRedis(() => queueOf(pool).add('leg', job, { jobId: job.legId, priority: job.priority }))
    },
    async remove(pool, legId) {
      const removed = await onRedis(() => queueOf(pool).remove(legId))
      return removed === 1
    },
    waiting,
    async close() {
      await Promise.all([...queues.values()].map(queue => queue.close()))
    },
  }
}

/** Every command that fails rejects by itself; the event adds nothing. */
function ignore(): void {}
