import type { Config } from '#services/config/schema'
import type { Clock } from '#services/contract/clock'
import type { RedisConnection } from '#services/platform/redis/connect'
import { ingestWindowMs } from '#services/router/retrieve/ingests'
import { createRedisIndexStore } from '#services/state/index/exact/redis-index-store'
import type { IndexStore } from '#services/state/index/index-store'

/** Opens the engine that the configuration names. */
export function openIndexStore(
  { redis: { prefix }, indexes }: Config,
  redis: RedisConnection,
  clock: Clock,
): IndexStore {
  const { perTenant, engine } = indexes
  return createRedisIndexStore(
    {
      prefix,
      mostIndexes: perTenant,
      mostChunks: engine.chunks,
      memoryBytes: engine.memoryMegabytes * 1e6,
      orderMs: ingestWindowMs * 2,
    },
    redis,
    clock,
  )
}
