import type { Config } from '#services/config/schema'
import type { Clock } from '#services/contract/clock'
import type { RedisConnection } from '#services/platform/redis/connect'
import { ingestWindowMs } from '#services/router/retrieve/ingests'
import { createRedisIndexStore } from '#services/state/index/exact/redis-index-store'
import type { IndexStore } from '#services/state/index/index-store'
import { createPgvectorIndexStore } from '#services/state/index/pgvector/pgvector-index-store'

/** Opens the engine that the configuration names. @throws GatewayError Config */
export async function openIndexStore(
  { redis: { prefix }, indexes }: Config,
  redis: RedisConnection,
  clock: Clock,
): Promise<IndexStore> {
  const { perTenant, engine } = indexes
  const limits = { mostIndexes: perTenant, mostChunks: engine.chunks, orderMs: ingestWindowMs * 2 }
  if (engine.kind === 'pgvector') {
    const { url, connections, timeoutMs } = engine
    return createPgvectorIndexStore({ url, connections, timeoutMs, ...limits }, clock)
  }
  return createRedisIndexStore({ prefix, memoryBytes: engine.memoryMegabytes * 1e6, ...limits }, redis, clock)
}

/** Scopes of one tenant and questions of one scope that are kept, and what one router holds of them in memory. */
const questionLimits = { mostIndexes: 64, mostChunks: 20_000, memoryBytes: 256e6, orderMs: 1000 }

/** Opens what questions are kept in for the cache of answers. */
export function openQuestionStore(prefix: string, redis: RedisConnection, clock: Clock): IndexStore {
  return createRedisIndexStore({ prefix: `${prefix}:asked`, ...questionLimits }, redis, clock)
}
