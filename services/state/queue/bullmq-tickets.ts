import { Queue } from 'bullmq'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { queueName, queuePrefix } from './ticket-names.ts'

/** Tickets of one pool: jobs of BullMQ, each of which lets a worker take the next batch in line. */
export interface Tickets {
  /** Hands out so many. @throws GatewayError Overloaded when Redis is away */
  handOut(count: number): Promise<void>
  /** Tickets that nobody has yet. */
  waiting(): Promise<number>
  close(): Promise<void>
}

/** Opens a pool's tickets on BullMQ. */
export function openTickets(prefix: string, pool: string, redis: RedisConnection): Tickets {
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
      await onRedis(() => Promise.all(Array.from({ length: count }, () => queue.add('ticket', null))))
    },
    waiting: () => onRedis(() => queue.getWaitingCount()),
    close: () => queue.close(),
  }
}

/** Every command that fails rejects by itself; the event adds nothing. */
function ignore(): void {}
