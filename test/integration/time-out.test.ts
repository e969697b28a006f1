import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

const ms = 200
let server: PrivateRedis
let redis: RedisConnection
let other: RedisConnection

beforeAll(async () => {
  server = await startPrivateRedis()
  const logger = pino({ level: 'silent' })
  redis = connectRedis({ url: server.url, commandTimeoutMs: ms }, 'commands', logger)
  other = connectRedis({ url: server.url, commandTimeoutMs: 5000 }, 'commands', logger)
  await Promise.all([whenReady(redis, 5000), whenReady(other, 5000)])
})
afterAll(async () => {
  redis.disconnect()
  other.disconnect()
  await server.stop()
})

/** Keeps the loop from its work. */
function block(forMs: number): void {
  const untilAt = performance.now() + forMs
  while (performance.now() < untilAt);
}

const sleep = (forMs: number): Promise<void> => new Promise(resolve => setTimeout(resolve, forMs))

const failureOf = (command: Promise<unknown>): Promise<string> => command.then(String, (error: Error) => error.message)

describe('a command', () => {
  it('fails when Redis does not answer in time, as do those behind it, and later ones are answered', async () => {
    await other.client('PAUSE', 600, 'ALL')
    const startedAt = performance.now()
    const first = failureOf(redis.ping())
    await sleep(60)
    const second = failureOf(redis.get('a'))
    expect(await first).toBe('Command timed out')
    expect(performance.now() - startedAt).toBeLessThan(ms + 150)
    expect(await second).toBe('Command timed out')
    await sleep(700)
    expect(await redis.ping()).toBe('PONG')
  })

  it('has its whole time from when it goes out, however long its turn of the loop takes', async () => {
    // Redis is slow, but not for as long as it may be.
    await other.client('PAUSE', 3 * ms + ms / 2, 'ALL')
    const reply = failureOf(redis.ping())
    block(3 * ms)
    expect(await reply).toBe('PONG')
  })

  it('is answered when the reply was there in time, however late this process reads it', async () => {
    const replies = [redis.ping()]
    // The command goes out at the end of this turn.
    await sleep(1)
    replies.push(redis.ping())
    await new Promise(resolve => setImmediate(resolve))
    block(3 * ms)
    expect(await Promise.all(replies)).toEqual(['PONG', 'PONG'])
  })
})
