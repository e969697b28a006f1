import { GatewayError } from '#services/contract/errors'
import type { RedisConnection } from '#services/platform/redis/connect'
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

/** The sending side: a leg goes in line, and with it a ticket to BullMQ. Made for each pool when it is first needed. */
export function createBullmqProducer(options: ProducerOptions, redis: RedisConnection): JobProducer {
  const lines = new Map<string, Line>()

  const lineOf = (pool: string): Line => {
    const line = lines.get(pool) ?? openLine(options.prefix, pool, redis)
    lines.set(pool, line)
    return line
  }

  return {
    async add(pool, job, first) {
      const put = await lineOf(pool).put(job, options.maxWaiting.get(pool) ?? Number.MAX_SAFE_INTEGER, first)
      if (put.kind === 'refused') throw new GatewayError('AlreadyExists', 'a request with this id is there already')
      if (put.kind === 'full') throw full(pool)
      if (put.kind === 'known') return
      const shed = put.shed === undefined ? undefined : readJob(put.shed)
      if (shed?.kind === 'job') options.onShed?.(shed.job)
    },
    remove: (pool, legId) => lineOf(pool).withdraw(legId),
    waiting: pool => lineOf(pool).waiting(),
    backlog: pool => lineOf(pool).backlog(),
    // The connection is the caller's, and a line holds nothing else.
    close: () => Promise.resolve(),
  }
}

function full(pool: string): GatewayError {
  return new GatewayError('Overloaded', `pool ${pool} is full`, { reason: 'QUEUE_FULL', retryAfterMs: 1000 })
}
