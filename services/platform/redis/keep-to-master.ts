import type { Redis } from 'ioredis'
import type { Logger } from 'pino'

/**
 * Breaks each connection that leads to a replica: behind an address that moves, a server may have been made one,
 * and what it says is old. With a Sentinel the client looks by itself.
 */
export function keepToMaster(redis: Redis, logger: Logger): void {
  const check = async (): Promise<void> => {
    const reply = await redis.role()
    const role = Array.isArray(reply) ? String(reply[0]) : 'master'
    if (role === 'master') return
    logger.warn({ role }, 'the connection leads to a server that is no master; reconnecting')
    redis.stream.destroy()
  }
  redis.on('ready', () => {
    check().catch((error: unknown) => logger.debug({ err: error }, 'the role of the server could not be asked'))
  })
}
