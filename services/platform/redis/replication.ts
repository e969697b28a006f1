import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { performance } from 'node:perf_hooks'
import { GatewayError } from '#services/contract/errors'
import { demandedReplicas } from './check-redis.ts'
import { connectAnother, isOneServer, type RedisConnection } from './connect.ts'
import { onRedis } from './run-command.ts'
import { loadScript, runScript } from './script.ts'

/** Makes sure that what was written is on a replica too, where there are any. */
export interface Replication {
  /**
   * Resolves when `key` and all that was written before are on a replica, or at once where the server has none.
   * @throws GatewayError Overloaded when the key is gone (another server is the master now), or no replica has it
   * in time
   */
  confirm(key: string): Promise<void>
  close(): void
}

/** How it is confirmed. */
export interface ReplicationOptions {
  readonly prefix: string
  /** How long a replica may take. */
  readonly waitMs: number
}

const seen = loadScript(import.meta.url, 'lua/seen.lua')
/** A replica that acknowledges nothing for this long is not waited for, unless the server itself demands replicas. */
const silentAfterMs = 5000
/** Whether there are replicas is asked again after this. */
const askedAgainMs = 1000

/** What is known of the server's replicas. */
interface Replicas {
  readonly count: number
  /** `min-replicas-to-write`; 0 where the server does not tell. */
  readonly demanded: number
  readonly atMs: number
}

/**
 * Opens a connection of its own, on which `WAIT` keeps nobody else waiting; confirmations that come while one is
 * under way share the next. On a cluster nothing is confirmed: its nodes are many, and it has no command for it.
 */
export function openReplication(options: ReplicationOptions, redis: RedisConnection, logger: Logger): Replication {
  if (!isOneServer(redis)) return { confirm: () => Promise.resolve(), close() {} }
  const connection = connectAnother(redis) as Redis
  const touched = `${options.prefix}:replicated`
  let replicas: Replicas | undefined
  let acknowledgedAt = performance.now()
  let coming: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  connection.on('close', () => (replicas = undefined))

  const check = async (): Promise<Replicas> => {
    const now = performance.now()
    if (replicas !== undefined && now - replicas.atMs < askedAgainMs) return replicas
    const [role, demanded] = await onRedis(() => Promise.all([connection.role(), demandedReplicas(connection)]))
    const list: unknown = role[2]
    const count = Array.isArray(list) ? list.length : 0
    if ((replicas?.count ?? 0) === 0 && count > 0) acknowledgedAt = now
    replicas = { count, demanded, atMs: now }
    return replicas
  }

  /** Waits for a replica; true when one has all that was written on any connection before. */
  const acknowledged = async (): Promise<boolean> => {
    // What is waited for is what was written before the last command of this connection, so it writes.
    const [, count] = await onRedis(() =>
      Promise.all([connection.set(touched, '1', 'PX', 60_000), connection.wait(1, options.waitMs)]),
    )
    if (count > 0) acknowledgedAt = performance.now()
    return count > 0
  }

  const turn = async (): Promise<void> => {
    const { count, demanded } = await check()
    if (count === 0 && demanded === 0) return
    if (await acknowledged()) return
    if (demanded === 0 && performance.now() - acknowledgedAt > silentAfterMs) {
      logger.warn('no replica acknowledges writes: jobs are accepted without one')
      return
    }
    throw notReplicated('no replica has acknowledged it in time')
  }

  /** One turn is under way, and one more takes all that came meanwhile. */
  const share = (): Promise<void> => {
    next ??= coming
      .catch(() => undefined)
      .then(() => {
        next = undefined
        coming = turn()
        return coming
      })
    return next
  }

  return {
    async confirm(key) {
      // On a server that was promoted meanwhile the write may be missing, and waiting for its replicas would say
      // nothing.
      if ((await runScript(connection, seen, [key], [])) !== 1) throw notReplicated('it is not there any more')
      await share()
    },
    close() {
      connection.disconnect()
    },
  }
}

function notReplicated(why: string): GatewayError {
  return new GatewayError('Overloaded', `the job could not be replicated: ${why}`, {
    reason: 'STORE_NOT_REPLICATED',
    retryAfterMs: 1000,
  })
}
