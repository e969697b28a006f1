import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { runTogether } from '#services/platform/redis/together/run-together'
import { loadScript } from '#services/platform/redis/script'
import type { SessionChoice, SessionStore } from './session-store.ts'

const keeping = loadScript(import.meta.url, 'keep-choice.lua')

/** A tool that takes longer than this leaves its conversation to a new choice. */
const keptForMs = 3_600_000

/** Makes the store: one key a conversation, all of a tenant in one slot. */
export function createRedisSessionStore(prefix: string, redis: RedisConnection): SessionStore {
  const keyOf = (tenant: string, key: string): string => `${prefix}:{s:${tenant}}:${key}`
  return {
    async find(tenant, keys) {
      if (keys.length === 0) return undefined
      const found = await onRedis(() => redis.mget(keys.map(key => keyOf(tenant, key))))
      const text = found.find(one => one !== null)
      return text === undefined || text === null ? undefined : (JSON.parse(text) as SessionChoice)
    },
    async remember(tenant, key, choice) {
      const call = { script: keeping, keys: [keyOf(tenant, key)], args: [JSON.stringify(choice), keptForMs] }
      await runTogether(redis, 'tick', call)
    },
  }
}
