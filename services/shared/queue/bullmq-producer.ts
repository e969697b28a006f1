import { GatewayError } from '../contract/errors.ts'
import type { RedisConnection } from '../redis/connect.ts'
import { openTickets, type Tickets } from './bullmq-tickets.ts'
import type { Job } from './job.ts'
import type { JobProducer } from './pool-queue.ts'
import { readJob } from './read-job.ts'
import { openLine, type Line } from './redis-line.ts'

/** What the queues are told. */
export interface ProducerOptions {
  readonly prefix: string
  /** Most legs that may wait in a pool, by pool. */
  readonly maxWaiting: ReadonlyMap<string, number>
  /** Hears of a sheddable leg that had to make room in a full queue. */
  readonly onShed?: (job: Job) => void
}

interface PoolSide {
  readonly line: Line
  readonly tickets: Tickets
}

/** The sending side: a leg goes in line, and a ticket for it to BullMQ. Made for each pool when it is first needed. */
export function createBullmqProducer(options: ProducerOptions, redis: RedisConnection): JobProducer {
  const pools = new Map<string, PoolSide>()

  const sideOf = (pool: string): PoolSide => {
    let side = pools.get(pool)
    if (side === undefined) {
      side = { line: openLine(options.prefix, pool, redis), tickets: openTickets(options.prefix, pool, redis) }
      pools.set(pool, side)
    }
    return side
  }

  return {
    async add(pool, job, first) {
      const { line } = sideOf(pool)
      const put = await line.put(job, options.maxWaiting.get(pool) ?? Number.MAX_SAFE_INTEGER, first)
      if (put.kind === 'refused') throw new GatewayError('AlreadyExists', 'a request with this id is there already')
      if (put.kind === 'full') throw full(pool)
      if (put.kind === 'known') return
      const shed = put.shed === undefined ? undefined : readJob(put.shed)
      if (shed?.kind === 'job') options.onShed?.(shed.job)
    },
    remove: (pool, legId) => sideOf(pool).line.withdraw(legId),
    waiting: pool => sideOf(pool).line.waiting(),
    backlog: pool => sideOf(pool).line.backlog(),
    async close() {
      await Promise.all([...pools.values()].map(({ tickets }) => tickets.close()))
    },
  }
}

function full(pool: string): GatewayError {
  return new GatewayError('Overloaded', `pool ${pool} is full`, { reason: 'QUEUE_FULL', retryAfterMs: 1000 })
}
