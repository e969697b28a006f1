import type { RedisConnection } from '../../shared/redis/connect.ts'
import { onRedis } from '../../shared/redis/run-command.ts'
import type { FeedbackStore } from './feedback.ts'

/** Rows kept: what a refit of one ladder can use, many times over. */
const mostRows = 100_000

/** Feedback in a Redis stream, the oldest rows let go of first. */
export function createRedisFeedbackStore(prefix: string, redis: RedisConnection): FeedbackStore {
  const key = `${prefix}:{feedback}:rows`
  return {
    async append(row) {
      await onRedis(() => redis.xadd(key, 'MAXLEN', '~', mostRows, '*', 'row', JSON.stringify(row)))
    },
  }
}
