import { createHash } from 'node:crypto'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import type { AnswerStore, KeptAnswer } from './answer-store.ts'

/** Makes the store: a key an answer, and a key a request that has one; all of a tenant in one slot. */
export function createRedisAnswerStore(prefix: string, redis: RedisConnection): AnswerStore {
  const tagOf = (tenant: string): string =>
    `${prefix}:{a:${createHash('sha256').update(tenant).digest('hex').slice(0, 32)}}`
  const answerKey = (tenant: string, key: string): string => `${tagOf(tenant)}:answer:${key}`
  const requestKey = (tenant: string, requestId: string): string => `${tagOf(tenant)}:request:${requestId}`
  return {
    async find(tenant, key) {
      const text = await onRedis(() => redis.get(answerKey(tenant, key)))
      // Written by `keep` alone.
      return text === null ? undefined : (JSON.parse(text) as KeptAnswer)
    },
    async keep(tenant, key, kept, ttlMs) {
      await onRedis(() => redis.set(answerKey(tenant, key), JSON.stringify(kept), 'PX', ttlMs))
    },
    async attribute(tenant, requestId, key, ttlMs) {
      await onRedis(() => redis.set(requestKey(tenant, requestId), key, 'PX', ttlMs))
    },
    async forget(tenant, requestId) {
      const key = await onRedis(() => redis.get(requestKey(tenant, requestId)))
      if (key === null) return undefined
      await onRedis(() => redis.unlink(answerKey(tenant, key), requestKey(tenant, requestId)))
      return key
    },
  }
}
