import { pino } from 'pino'
import { gatherFromRedis, type RedisRows, type RedisSelection } from '../calibrate/gather/read-redis.ts'
import { loadConfig } from '../shared/config/load-config.ts'
import { systemClock } from '../shared/contract/clock.ts'
import { GatewayError } from '../shared/contract/errors.ts'
import { createRedisOutcomeStore } from '../shared/outcomes/redis-outcome-store.ts'
import { connectRedis, whenReady } from '../shared/redis/connect.ts'
import type { CommonOptions } from './common-options.ts'

/** Where a gateway's records are. */
export interface RecordsOptions extends CommonOptions, RedisSelection {
  /** Else that of the configuration. */
  readonly redis?: string
}

const connectTimeoutMs = 5000

/** Gathers what a gateway has recorded, from the Redis that the option, else the configuration, names. @throws GatewayError Config, Overloaded */
export async function gatherRecords(options: RecordsOptions): Promise<RedisRows> {
  const { redis: configured, learning } = loadConfig(options.config).config
  const url = options.redis ?? configured.url
  if (url === '') {
    throw new GatewayError('Config', '--redis is needed: the configuration names no Redis, and a private one is gone')
  }
  const redis = connectRedis({ url, commandTimeoutMs: connectTimeoutMs }, 'commands', pino({ level: 'silent' }))
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
