import type { Clock } from '#services/contract/clock'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { loadScript, runScript } from '#services/platform/redis/script'
import { comparisonFields, noComparison } from './comparison.ts'
import { createPolicyKeys } from './policy-keys.ts'
import type { PolicyFiles, PolicyStore } from './policy-store.ts'

/** Versions of a ladder that are kept: enough to go back, and for cascades of many days' policies to be taken over. */
const mostVersions = 16
/** Comparisons are of use while both policies are in memory; a month is longer than anybody compares. */
const comparisonTtlMs = 31 * 86_400_000

const putScript = loadScript(import.meta.url, 'put-policy.lua')

/** Policies in Redis: a hash of folders a ladder, and a small one of roles. */
export function createRedisPolicyStore(prefix: string, redis: RedisConnection, clock: Clock): PolicyStore {
  const keys = createPolicyKeys(prefix)
  return {
    async put(ladder, version, files) {
      const names = [keys.folders(ladder), keys.loaded(ladder), keys.roles(ladder)]
      await runScript(redis, putScript, names, [version, pack(files), clock.now(), mostVersions])
    },
    async get(ladder, version) {
      const packed = await onRedis(() => redis.hget(keys.folders(ladder), version))
      return packed === null ? undefined : unpack(packed)
    },
    async versions(ladder) {
      const flat = await onRedis(() => redis.zrange(keys.loaded(ladder), '0', '-1', 'WITHSCORES'))
      const pairs = Array.from({ length: flat.length / 2 }, (_, index) => flat.slice(2 * index, 2 * index + 2))
      return pairs.map(([version = '', at]) => ({ version, loadedAt: Number(at) }))
    },
    async roles(ladder) {
      const [version, over, shadow] = await onRedis(() => redis.hmget(keys.roles(ladder), 'active', 'over', 'shadow'))
      return {
        ...(version ? { active: { version, over: over ?? '' } } : {}),
        ...(shadow ? { shadow } : {}),
      }
    },
    async setActive(ladder, active) {
      const key = keys.roles(ladder)
      if (active === undefined) await onRedis(() => redis.hdel(key, 'active', 'over'))
      else await onRedis(() => redis.hset(key, { active: active.version, over: active.over }))
    },
    async setShadow(ladder, shadow) {
      const key = keys.roles(ladder)
      if (shadow === undefined) await onRedis(() => redis.hdel(key, 'shadow'))
      else await onRedis(() => redis.hset(key, { shadow }))
    },
    async addComparison(ladder, { active, shadow }, more) {
      const key = keys.compared(ladder, active, shadow)
      const transaction = redis.multi()
      for (const field of comparisonFields) transaction.hincrby(key, field, more[field])
      transaction.pexpire(key, comparisonTtlMs)
      await onRedis(() => transaction.exec())
    },
    async comparison(ladder, { active, shadow }) {
      const found = await onRedis(() => redis.hgetall(keys.compared(ladder, active, shadow)))
      return {
        ...noComparison,
        ...Object.fromEntries(comparisonFields.map(field => [field, Number(found[field] ?? 0)])),
      }
    },
  }
}

function pack(files: PolicyFiles): string {
  const entries = [...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])
  return JSON.stringify(Object.fromEntries(entries))
}

function unpack(packed: string): PolicyFiles {
  const entries = Object.entries(JSON.parse(packed) as Record<string, string>)
  return new Map(entries.map(([name, text]) => [name, Buffer.from(text, 'base64')]))
}
