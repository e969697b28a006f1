import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import { Cluster } from 'ioredis'
import type { RedisConnection } from './connect.ts'

/** Oldest server that has every command used here (XTRIM MINID came with 6.2). */
const oldestVersion: readonly [number, number] = [6, 2]

/** Checks what BullMQ and durability demand of a server, once at start. @throws GatewayError Config naming what to set */
export async function checkRedis(redis: RedisConnection, logger: Logger): Promise<void> {
  if (redis instanceof Cluster) {
    await Promise.all(redis.nodes('master').map(node => checkServer(node, logger)))
    return
  }
  await checkServer(redis, logger)
}

async function checkServer(server: { info(): Promise<string> }, logger: Logger): Promise<void> {
  const info = parseInfo(await server.info())
  const [major = 0, minor = 0] = (info.get('redis_version') ?? '0.0').split('.').map(Number)
  if (major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1])) {
    throw new GatewayError(
      'Config',
      `redis.url: the server is ${major}.${minor}; at least ${oldestVersion.join('.')} is needed`,
    )
  }
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction') {
    throw new GatewayError(
      'Config',
      `redis.url: maxmemory-policy is ${policy}; queues and holds would be evicted: CONFIG SET maxmemory-policy noeviction`,
    )
  }
  if (info.get('aof_enabled') !== '1') {
    logger.warn('Redis keeps no append-only file: accepted jobs and holds are lost when it restarts (appendonly yes)')
  }
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(/\r?\n/u).flatMap(line => {
      const at = line.indexOf(':')
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    }),
  )
}
