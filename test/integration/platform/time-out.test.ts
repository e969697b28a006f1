import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { openTcpProxy } from '../../support/stores/tcp-proxy.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const ms = 200
let server: PrivateRedis
let redis: RedisConnection
let other: RedisConnection

beforeAll(async () => {
  server = await startPrivateRedis()
  const logger = pino({ level: 'silent' })
  redis = connectRedis({ url: server.url, commandTimeoutMs: ms }, logger)
  other = connectRedis({ url: server.url, commandTimeoutMs: 5000 }, logger)
  await Promise.all([whenReady(redis, 5000), whenReady(other, 5000)])
})
afterAll(async () => {
  redis.disconnect()
  other.disconnect()
  await server.stop()
})

beforeEach(async () => {
  await other.client('UNPAUSE')
  await whenReady(redis, 5000)
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
    const first = failureOf(redis.ping())
    await sleep(60)
    const second = failureOf(redis.get('a'))
    expect(await first).toBe('Command timed out')
    expect(await second).toBe('Command timed out')
    await sleep(700)
    await whenReady(redis, 5000)
    expect(await redis.ping()).toBe('PONG')
  })

  it('that waits in Redis has that time more, as have those behind it', async () => {
    const key = 'nobody-adds-to-it'
    const waited = redis.bzpopmin(key, 0.5)
    const behind = redis.ping()
    expect(await waited).toBeNull()
    expect(await behind).toBe('PONG')
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

describe('a connection', () => {
  it('on which Redis works off more than it can in that time is well: every command is answered', async () => {
    const busy = 'local n = 0; for i = 1, tonumber(ARGV[1]) do n = n + i end; return n'
    const padding = 'x'.repeat(100_000)
    const startedAt = performance.now()
    await redis.eval(busy, 0, 1e6)
    // Each takes a part of the time, all of them several times as long. They are long, so that Redis reads them one by
    // one.
    const turns = Math.round((1e6 * (ms / 4)) / Math.max(1, performance.now() - startedAt))
    const replies = await Promise.allSettled(Array.from({ length: 20 }, () => redis.eval(busy, 0, turns, padding)))
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 'fulfilled'))
    expect(performance.now() - startedAt).toBeGreaterThan(2 * ms)
  })

  it('that has answered with errors is not waited for any more', async () => {
    let closed = 0
    redis.on('close', () => (closed += 1))
    expect(await failureOf(redis.call('no-such-command'))).toContain('unknown command')
    await sleep(4 * ms)
    expect(await redis.ping()).toBe('PONG')
    expect(closed).toBe(0)
  })

  it('on which nothing comes any more is broken and replaced, be it that a command waits in Redis on it', async () => {
    const proxy = await openTcpProxy(server.socketPath)
    const url = `redis://127.0.0.1:${proxy.port}`
    const through = connectRedis({ url, commandTimeoutMs: ms }, pino({ level: 'silent' }))
    await whenReady(through, 5000)
    expect(await through.ping()).toBe('PONG')
    const again = new Promise<void>(resolve => through.once('ready', () => resolve()))
    proxy.freeze('ping')
    const frozenAt = performance.now()
    expect(await failureOf(through.bzpopmin('nobody-adds-to-it', 0.3))).not.toBe('null')
    expect(performance.now() - frozenAt).toBeGreaterThan(300)
    await again
    expect(await through.get('a')).toBeNull()
    through.disconnect()
    await proxy.close()
  })

  it('on which replies come late is kept', async () => {
    const proxy = await openTcpProxy(server.socketPath)
    const url = `redis://127.0.0.1:${proxy.port}`
    const through = connectRedis({ url, commandTimeoutMs: ms }, pino({ level: 'silent' }))
    await whenReady(through, 5000)
    let closed = 0
    through.on('close', () => (closed += 1))
    proxy.delayMs = ms / 2
    // One is on its way at any time; each is answered in time.
    const replies = Array.from({ length: 8 }, (_, index) => sleep(index * 40).then(() => through.ping()))
    expect(await Promise.all(replies)).toEqual(Array.from({ length: 8 }, () => 'PONG'))
    expect(closed).toBe(0)
    through.disconnect()
    await proxy.close()
  })
})
