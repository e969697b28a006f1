import type { RedisConnection } from '../../shared/redis/connect.ts'
import { onRedis } from '../../shared/redis/run-command.ts'
import { loadScript, runScript } from '../../shared/redis/script.ts'
import type { LedgerStore } from './redis-ledger.ts'

const scripts = {
  reserve: loadScript(import.meta.url, 'reserve.lua'),
  settle: loadScript(import.meta.url, 'settle.lua'),
}

/** The ledger's commands on a connection. */
export function createLedgerStore(redis: RedisConnection): LedgerStore {
  return {
    run: (script, keys, args) => runScript(redis, scripts[script], keys, args),
    counts: key => onRedis(() => redis.hmget(key, 'reserved', 'spent')),
    oldest: (key, untilMs, limit) => onRedis(() => redis.zrangebyscore(key, '-inf', untilMs, 'LIMIT', 0, limit)),
    touch: async (key, member, score) => (await onRedis(() => redis.zadd(key, 'XX', 'CH', score, member))) === 1,
  }
}
