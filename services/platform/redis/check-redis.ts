import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import { Cluster } from 'ioredis'
import type { RedisConnection } from './connect.ts'

/** Oldest server that has every command used here (XTRIM MINID came with 6.2). */
const oldestVersion: readonly [number, number] = [6, 2]

/**
 * Checks what BullMQ and durability demand of a server, once at start.
 * @throws GatewayError Config naming what to set
 */
export async function checkRedis(redis: RedisConnection, logger: Logger): Promise<void> {
  if (redis instanceof Cluster) {
    await Promise.all(redis.nodes('master').map(node => checkServer(node, logger)))
    return
  }
  await checkServer(redis, logger)
}

/** What is asked of a server. */
interface CheckedServer {
  info(): Promise<string>
  config(subcommand: 'GET', name: string): Promise<unknown>
}

async function checkServer(server: CheckedServer, logger: Logger): Promise<void> {
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
  await warnOfLoss(server, info, logger)
}

/** Reports what would be lost with the server, or with its host. */
async function warnOfLoss(server: CheckedServer, info: ReadonlyMap<string, string>, logger: Logger): Promise<void> {
  const hasReplicas = Number(info.get('connected_slaves') ?? 0) > 0
  if (hasReplicas && (await demandedReplicas(server)) === 0) {
    logger.warn(
      'Redis has replicas and writes without them: what it accepts just before it fails, or while it is cut off, is lost with it (min-replicas-to-write 1, min-replicas-max-lag 2)',
    )
  }
  if (info.get('aof_enabled') !== '1') {
    logger.warn('Redis keeps no append-only file: accepted jobs and holds are lost when it restarts (appendonly yes)')
  }
}

/** `min-replicas-to-write`; 0 where the server does not tell. */
export async function demandedReplicas(server: Pick<CheckedServer, 'config'>): Promise<number> {
  const reply = await server.config('GET', 'min-replicas-to-write').catch(() => undefined)
  const values = Array.isArray(reply) ? reply : Object.values(Object(reply) as Record<string, unknown>)
  return Number(values.at(-1) ?? 0) || 0
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(/\r?\n/u).flatMap(line => {
      const at = line.indexOf(':')
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    }),
  )
}
