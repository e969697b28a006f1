import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { loadScript, runScript } from '#services/platform/redis/script'
import type { KeyStore, StoredKey } from './key-store.ts'

const swap = loadScript(import.meta.url, 'swap.lua')

/** More processes than this never change one key in the same millisecond. */
const mostTries = 8

const record = z.object({
  id: z.string(),
  tenant: z.string(),
  scopes: z.array(z.enum(['infer', 'admin', 'console'])),
  note: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().optional(),
  revokedAt: z.number().optional(),
  secrets: z.array(z.object({ sha256: z.string().length(64), endsAt: z.number().optional() })),
})

/** Keys in Redis: one hash for all, of hashes only, so that a reader of Redis gets no credential. */
export function createRedisKeyStore(prefix: string, redis: RedisConnection): KeyStore {
  const key = `${prefix}:{keys}:records`
  const readText = (id: string): Promise<string | null> => onRedis(() => redis.hget(key, id))
  return {
    async find(id) {
      const text = await readText(id)
      return text === null ? undefined : parse(text)
    },
    async list() {
      const texts = await onRedis(() => redis.hvals(key))
      return texts.map(parse).toSorted((one, other) => one.createdAt - other.createdAt)
    },
    create: async made => (await onRedis(() => redis.hsetnx(key, made.id, JSON.stringify(made)))) === 1,
    async change(id, change) {
      for (let tries = 0; tries < mostTries; tries += 1) {
        const before = await readText(id)
        if (before === null) return undefined
        const after = change(parse(before))
        if ((await runScript(redis, swap, [key], [id, before, JSON.stringify(after)])) === 1) return after
      }
      throw new GatewayError('Overloaded', 'the key is being changed by others', { reason: 'KEY_CONTENDED' })
    },
  }
}

function parse(text: string): StoredKey {
  return record.parse(JSON.parse(text)) as StoredKey
}
