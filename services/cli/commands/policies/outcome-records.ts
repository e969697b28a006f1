import { pino } from 'pino'
import { gatherFromRedis, type RedisRows, type RedisSelection } from '#services/calibrate/load/read-redis'
import { loadConfig } from '#services/config/load-config'
import { systemClock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import { createRedisOutcomeStore } from '#services/state/outcomes/redis-outcome-store'
import { connectRedis, whenReady } from '#services/platform/redis/connect'
import type { CommonOptions } from '#services/cli/client/common-options'

/** Where a gateway's records are. */
export interface RecordsOptions extends CommonOptions, RedisSelection {
  /** Else that of the configuration. */
  readonly redis?: string
}

const connectTimeoutMs = 5000

/**
 * Gathers what a gateway has recorded, from the Redis that the option, else the configuration, names.
 * @throws GatewayError Config, Overloaded
 */
export async function gatherRecords(options: RecordsOptions): Promise<RedisRows> {
  const { redis: configured, learning } = loadConfig(options.config).config
  const url = options.redis ?? configured.url
  if (url === '') {
    throw new GatewayError('Config', '--redis is needed: the configuration names no Redis, and a private one is gone')
  }
  const redis = connectRedis({ url, commandTimeoutMs: connectTimeoutMs }, pino({ level: 'silent' }))
  try {
    await whenReady(redis, connectTimeoutMs)
    const kept = { recordsPerTenant: learning.recordsPerTenant, ttlMs: learning.keepDays * 86_400_000 }
    return await gatherFromRedis(
      createRedisOutcomeStore({ prefix: configured.prefix, ...kept }, redis, systemClock),
      options,
    )
  } finally {
    redis.disconnect()
  }
}
