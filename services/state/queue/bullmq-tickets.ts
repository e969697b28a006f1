import { Queue } from 'bullmq'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { queueName, queuePrefix } from './bullmq-internals.ts'
import type { Line } from './redis-line.ts'

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

/** Most tickets that one look hands out. */
const mostAtOnce = 256

/**
 * Makes the look for lost tickets: a process that dies between putting a leg in line and handing out its ticket
 * leaves the line one short. Legs that outnumber tickets at two looks in a row get theirs; one too many does no
 * harm, its worker finds nothing.
 */
export function createTicketMender(line: Line, tickets: Tickets): () => Promise<void> {
  let before = 0
  return async () => {
    const [legs, out] = await Promise.all([line.waiting(), tickets.waiting()])
    const short = Math.min(mostAtOnce, legs - out)
    const lacking = Math.min(before, short)
    before = Math.max(0, short)
    if (lacking <= 0) return
    before = 0
    await line.count(out + lacking)
    await tickets.handOut(lacking)
  }
}
