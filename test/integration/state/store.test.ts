import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { createReplySender, createRedisReplyStream } from '#services/state/replies/redis-reply-stream'
import type { RouterMessage } from '#services/state/replies/reply-stream'
import { createBullmqProducer } from '#services/state/queue/bullmq-producer'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { runTogether } from '#services/platform/redis/together/run-together'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { waitingJob } from '../../support/worker/waiting-job.ts'

const logger = pino({ level: 'silent' })
const prefix = 'test'
let server: PrivateRedis
let redis: RedisConnection

beforeAll(async () => {
  server = await startPrivateRedis({ appendOnly: true })
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, logger)
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await redis.flushall()
})

function blocking(): RedisConnection {
  return connectRedis({ url: server.url, commandTimeoutMs: 2000 }, logger)
}

describe('createRedisReplyStream()', () => {
  it('hands 3,000 mails over in order, once, though its connection is cut every 40 ms', async () => {
    const reader = blocking()
    const box = createRedisReplyStream<RouterMessage>({ prefix, name: 'r', ttlMs: 60_000 }, { reader, redis, logger })
    const seen: number[] = []
    const { promise, resolve } = withResolvers()
    box.listen(message => {
      if (message.kind === 'delta') seen.push(message.offset)
      if (seen.length === 3000) resolve()
    })
    const sender = createReplySender(prefix, redis)
    const cutting = setInterval(() => reader.disconnect(true), 40)
    for (let offset = 0; offset < 3000; offset += 1) {
      await sender.send('r', { kind: 'delta', legId: legIdOf(createRequestId(1), 0), attempt: 1, offset, text: 'x' })
      if (offset % 100 === 0) await new Promise(done => setTimeout(done, 10))
    }
    await promise
    clearInterval(cutting)
    expect(seen).toEqual(Array.from({ length: 3000 }, (_, index) => index))
    await box.close()
    expect(await redis.exists('test:{box:r}')).toBe(0)
  }, 20_000)
})

const scriptOf = (lua: string) => ({ lua, sha1: createHash('sha1').update(lua).digest('hex') })

describe('runTogether()', () => {
  const append = scriptOf(`return redis.call('RPUSH', KEYS[1], ARGV[1])`)
  const read = scriptOf(`return { redis.call('LRANGE', KEYS[1], 0, -1), false, KEYS[2] }`)
  const fail = scriptOf(`redis.call('RPUSH', KEYS[1], 'begun') return redis.call('INCR', KEYS[1])`)

  it('runs calls of several scripts in their order as one command, each with its own keys and reply', async () => {
    const before = await evalsOf()
    const replies = await Promise.all([
      runTogether(redis, 'turn', { script: append, keys: ['{a}:1'], args: ['x'] }),
      runTogether(redis, 'turn', { script: read, keys: ['{a}:1', '{a}:2'], args: [] }),
      runTogether(redis, 'turn', { script: append, keys: ['{a}:1'], args: ['y'] }),
      runTogether(redis, 'turn', { script: read, keys: ['{a}:1', '{a}:3'], args: [] }),
    ])
    expect(replies).toEqual([1, [['x'], null, '{a}:2'], 2, [['x', 'y'], null, '{a}:3']])
    // The first time a server is asked by digest it does not know the script yet.
    expect((await evalsOf()) - before).toBe(2)
  })

  it('lets a call fail alone, and what it did stay', async () => {
    const [good, bad, later] = await Promise.allSettled([
      runTogether(redis, 'tick', { script: append, keys: ['l'], args: ['x'] }),
      runTogether(redis, 'tick', { script: fail, keys: ['l'], args: [] }),
      runTogether(redis, 'tick', { script: append, keys: ['l'], args: ['y'] }),
    ])
    expect(good).toEqual({ status: 'fulfilled', value: 1 })
    expect(bad.status === 'rejected' && String(bad.reason)).toContain('WRONGTYPE')
    expect(later).toEqual({ status: 'fulfilled', value: 3 })
  })

  it('fails every call as Overloaded where Redis cannot write', async () => {
    await redis.config('SET', 'maxmemory', '1')
    const both = await Promise.allSettled([
      runTogether(redis, 'turn', { script: append, keys: ['l'], args: ['x'] }),
      runTogether(redis, 'turn', { script: append, keys: ['l'], args: ['y'] }),
    ])
    await redis.config('SET', 'maxmemory', '0')
    for (const one of both) {
      expect(one.status === 'rejected' && one.reason).toMatchObject({
        code: 'Overloaded',
        details: { reason: 'STORE_FULL' },
      })
    }
  })

  it('keeps hundreds in order', async () => {
    const all = Array.from({ length: 300 }, (_, at) =>
      runTogether(redis, 'turn', { script: append, keys: ['l'], args: [String(at)] }),
    )
    expect(await Promise.all(all)).toEqual(Array.from({ length: 300 }, (_, at) => at + 1))
    expect(await redis.lrange('l', 0, -1)).toEqual(Array.from({ length: 300 }, (_, at) => String(at)))
  })
})

/** Scripts that this server has run. */
async function evalsOf(): Promise<number> {
  const info = await redis.info('commandstats')
  return [...info.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/gu)].reduce((sum, [, calls]) => sum + Number(calls), 0)
}

describe('a Redis that is away', () => {
  it('fails commands as Overloaded within a second, and is used again when it is back with its data', async () => {
    const own = await startPrivateRedis({ appendOnly: true })
    const connection = connectRedis({ url: own.url, commandTimeoutMs: 500 }, logger)
    await whenReady(connection, 5000)
    const producer = createBullmqProducer({ prefix, maxWaiting: new Map() }, connection)
    const one = waitingJob()
    await producer.add('p', one)
    await own.kill()
    const askedAt = Date.now()
    await expect(producer.add('p', waitingJob())).rejects.toMatchObject({ code: 'Overloaded' })
    await expect(producer.waiting('p')).rejects.toMatchObject({ code: 'Overloaded' })
    expect(Date.now() - askedAt).toBeLessThan(1000)
    await own.restart()
    await whenReady(connection, 5000)
    expect(await producer.waiting('p')).toBe(1)
    await producer.close()
    connection.disconnect()
    await own.stop()
  })
})

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {}
  const promise = new Promise<void>(done => {
    resolve = done
  })
  return { promise, resolve }
}
