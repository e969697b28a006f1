import { createHash } from 'node:crypto'
import { parseRequestId } from '#services/contract/ids'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import type { JobList } from './job-list.ts'

/** How much is kept. */
export interface JobListOptions {
  readonly prefix: string
  /** Of each tenant. */
  readonly most: number
  /** A tenant that submits nothing for so long has no jobs left. */
  readonly ttlMs: number
}

/** The lists in Redis: a sorted set a tenant. */
export function createRedisJobList({ prefix, most, ttlMs }: JobListOptions, redis: RedisConnection): JobList {
  const keyOf = (tenant: string): string => `${prefix}:{j:${createHash('sha256').update(tenant).digest('hex')}}:jobs`
  return {
    async add(tenant, jobId, submittedAt) {
      const key = keyOf(tenant)
      // In one turn, so that they go out together; each of them may come again.
      await Promise.all([
        onRedis(() => redis.zadd(key, submittedAt, jobId)),
        onRedis(() => redis.zremrangebyrank(key, 0, -most - 1)),
        onRedis(() => redis.pexpire(key, ttlMs)),
      ])
    },
    async newest(tenant, { limit, before }) {
      const from = before === undefined ? '+inf' : `(${before}`
      const ids = await onRedis(() => redis.zrevrangebyscore(keyOf(tenant), from, '-inf', 'LIMIT', 0, limit))
      return ids.flatMap(id => parseRequestId(id) ?? [])
    },
    async remove(tenant, jobIds) {
      if (jobIds.length > 0) await onRedis(() => redis.zrem(keyOf(tenant), ...jobIds))
    },
  }
}
