import { randomUUID } from 'node:crypto'
import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { loadScript, runScript } from '#services/platform/redis/script'
import type { PayloadStore } from './payload-store.ts'

/** Options of the store. */
export interface PayloadStoreOptions {
  readonly prefix: string
  /** Bytes that one tenant may have stored at once. */
  readonly quotaBytes: number
}

const scripts = {
  put: loadScript(import.meta.url, 'put.lua'),
  remove: loadScript(import.meta.url, 'remove.lua'),
  keep: loadScript(import.meta.url, 'keep.lua'),
}

/** Payloads in Redis: all of one tenant in one slot, so that its quota and its payloads change together. */
export function createRedisPayloadStore(
  options: PayloadStoreOptions,
  redis: RedisConnection,
  clock: Clock,
): PayloadStore {
  const keysOf = (tenant: string, payloadId: string): [string, string, string] => {
    const tag = `${options.prefix}:{p:${tenant}}`
    return [`${tag}:${payloadId}`, `${tag}:ends`, `${tag}:bytes`]
  }
  return {
    async put(tenant, bytes, ttlMs) {
      const payloadId = randomUUID()
      const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const args = [data, payloadId, data.byteLength, clock.now(), Math.ceil(ttlMs), options.quotaBytes]
      if ((await runScript(redis, scripts.put, keysOf(tenant, payloadId), args)) === 1) return payloadId
      throw new GatewayError('TooLarge', 'the payloads of this tenant fill its quota', {
        reason: 'PAYLOAD_QUOTA',
        quota: { subject: 'tenant:payload-bytes', description: `${options.quotaBytes} bytes at once` },
        retryAfterMs: 1000,
      })
    },
    async get(tenant, payloadId) {
      const [key] = keysOf(tenant, payloadId)
      return (await onRedis(() => redis.getBuffer(key))) ?? undefined
    },
    async remove(tenant, payloadIds) {
      await Promise.all(
        payloadIds.map(payloadId => runScript(redis, scripts.remove, keysOf(tenant, payloadId), [payloadId])),
      )
    },
    async keep(tenant, payloadIds, ttlMs) {
      await Promise.all(
        payloadIds.map(payloadId => {
          const [payload, ends] = keysOf(tenant, payloadId)
          return runScript(redis, scripts.keep, [payload, ends], [payloadId, clock.now(), Math.ceil(ttlMs)])
        }),
      )
    },
  }
}
