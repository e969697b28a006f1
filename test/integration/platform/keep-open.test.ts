import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Redis } from 'ioredis'
import { connectRedis, whenReady } from '#services/platform/redis/connect'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let server: PrivateRedis
beforeAll(async () => {
  server = await startPrivateRedis()
})
afterAll(() => server.stop())

/** Ends the attempt to connect that is under way, as the client's own word of a failover does. */
function endAttempt(redis: Redis): void {
  const inner = redis as unknown as { connector: { disconnect(): void } }
  inner.connector.disconnect()
}

describe('a connection', () => {
  it('that the client gave up is replaced, and one that was closed is not', async () => {
    const redis = connectRedis({ url: server.url, commandTimeoutMs: 500 }, pino({ level: 'silent' })) as Redis
    await whenReady(redis, 5000)
    const given = new Promise<void>(resolve => redis.once('end', () => resolve()))
    redis.on('connecting', () => endAttempt(redis))
    redis.stream.destroy()
    await given
    redis.removeAllListeners('connecting')
    await whenReady(redis, 5000)
    expect(await redis.ping()).toBe('PONG')
    const closed = new Promise<void>(resolve => redis.once('end', () => resolve()))
    redis.disconnect()
    await closed
    await new Promise(resolve => setTimeout(resolve, 600))
    expect(redis.status).toBe('end')
  })
})
