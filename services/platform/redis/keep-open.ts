import type { Redis } from 'ioredis'
import type { Logger } from 'pino'

/** Pause before a connection that was given up is made again. */
const pauseMs = 250

/**
 * Connects again when the client has given up: a word of a failover that comes while it asks a Sentinel for the
 * master ends it for good (ioredis 6.0), as if it had been closed.
 */
export function keepOpen(redis: Redis, logger: Logger): void {
  let closed = false
  const disconnect = redis.disconnect.bind(redis)
  redis.disconnect = (reconnect?: boolean) => {
    if (reconnect !== true) closed = true
    disconnect(reconnect)
  }
  redis.on('end', () => {
    if (closed) return
    logger.warn('the connection to Redis was closed; reconnecting')
    const again = (): void => {
      if (closed || redis.status !== 'end') return
      redis.connect().catch((error: unknown) => logger.debug({ err: error }, 'Redis is away'))
    }
    setTimeout(again, pauseMs).unref()
  })
}
