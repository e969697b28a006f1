import type { RedisConnection } from '#services/platform/redis/connect'
import { runScript } from '#services/platform/redis/script'
import type { JobProducer } from './pool-queue.ts'
import { createPutCall, type PutOptions } from './put-call.ts'
import { openLine, type Line } from './redis-line.ts'

/** The sending side: a leg goes in line, and with it a ticket to BullMQ. Made for each pool when it is first needed. */
export function createBullmqProducer(options: PutOptions, redis: RedisConnection): JobProducer {
  const put = createPutCall(options)
  const lines = new Map<string, Line>()

  const lineOf = (pool: string): Line => {
    const line = lines.get(pool) ?? openLine(options.prefix, pool, redis)
    lines.set(pool, line)
    return line
  }

  return {
    async add(pool, job) {
      const { script, keys, args, read } = put.callFor(pool, job)
      read(await runScript(redis, script, keys, args))
    },
    remove: (pool, legId) => lineOf(pool).withdraw(legId),
    waiting: pool => lineOf(pool).waiting(),
    backlog: pool => lineOf(pool).backlog(),
    // The connection is the caller's, and a line holds nothing else.
    close: () => Promise.resolve(),
  }
}
