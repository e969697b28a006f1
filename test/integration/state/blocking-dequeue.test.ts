import { execFileSync } from 'node:child_process'
import { pino, type Logger } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { beginningOf } from '#services/state/cascade-log/begin-leg'
import { maxDeaths } from '#services/state/cascade-log/times'
import { createBullmqConsumer } from '#services/state/queue/bullmq-consumer'
import { createBullmqProducer } from '#services/state/queue/bullmq-producer'
import { batchLeaseMarker } from '#services/state/queue/bullmq-internals'
import type { Job } from '#services/state/queue/job'
import type { JobConsumer, TakenBatch } from '#services/state/queue/pool-queue'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { openTcpProxy } from '../../support/stores/tcp-proxy.ts'
import { waitingJob } from '../../support/worker/waiting-job.ts'

const logger = pino({ level: 'silent' })
const prefix = 'blocking'
const limits = new Map([['m', 1]])
let server: PrivateRedis
let redis: RedisConnection
let ends: (() => Promise<void>)[] = []

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, logger)
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
afterEach(async () => {
  await Promise.all(ends.map(end => end()))
  ends = []
  await redis.flushall()
})

/** A consumer that has seen that nothing waits, so that its next take waits in Redis. */
async function idleConsumer(
  clock = { now: () => Date.now() },
  { url, log }: { readonly url: string; readonly log: Logger } = { url: server.url, log: logger },
): Promise<JobConsumer> {
  const connection = connectRedis({ url, commandTimeoutMs: 2000 }, log)
  await whenReady(connection, 5000)
  const beginning = beginningOf({ prefix, maxDeaths }, 'worker-1')
  const options = { prefix, pool: 'p', lockMs: 2500, renewMs: 800, beginning }
  const consumer = createBullmqConsumer(options, connection, log, clock)
  ends.push(() => consumer.close().finally(() => connection.disconnect()))
  expect(await consumer.take(0, limits)).toBeUndefined()
  return consumer
}

/** Begins takes until one waits in Redis, as the next does behind a connection that is being made; gives that one. */
async function park(consumer: JobConsumer): Promise<() => Promise<TakenBatch | undefined>> {
  for (;;) {
    let over = false
    const taking = consumer.take(1000, limits).finally(() => (over = true))
    while (!over) {
      if (/blocked_clients:1\b/u.test(await redis.info('clients'))) return () => taking
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    expect(await taking).toBeUndefined()
  }
}

async function put(leg: Job): Promise<void> {
  const producer = createBullmqProducer({ prefix, maxWaiting: new Map([['p', 10]]) }, redis)
  await producer.add('p', leg)
  await producer.close()
}

/** Asks Redis from another process, while this one does nothing else. */
function askElsewhere(command: string): string {
  const program = `const s=require('node:net').connect(process.argv[1]);let r='';s.on('data',d=>r+=d);s.on('end',()=>console.log(r));s.end(process.argv[2])`
  return execFileSync(process.execPath, ['-e', program, server.socketPath, `${command}\r\n`], {
    encoding: 'utf8',
  })
}

describe('a take that waits in Redis', () => {
  it('takes and begins the leg in the step that hands out its batch lease, without a word from its worker', async () => {
    const consumer = await idleConsumer()
    const leg = waitingJob()
    await put(leg)
    const marker = batchLeaseMarker(prefix, 'p')
    await redis.del(marker)
    const taking = await park(consumer)
    // This process stands still from here on until the leg is running.
    askElsewhere(`ZADD ${marker} 0 0`)
    expect(askElsewhere('KEYS *:fairQueue:running')).toContain(':fairQueue:running')
    const batch = await taking()
    expect(batch?.legs.map(one => [one.job.legId, one.begun?.word])).toEqual([[leg.legId, 'gone']])
  })

  it.each([3_600_000, -3_600_000])('goes by the time of Redis, be the clock of its worker %s ms off', async offMs => {
    const consumer = await idleConsumer({ now: () => Date.now() + offMs })
    const taking = await park(consumer)
    const late = Date.now() - 1
    await put(waitingJob({ deadlineAt: late, latestStartAt: late }))
    expect((await taking())?.legs.map(one => one.expired)).toEqual([true])
    const later = await park(consumer)
    await put(waitingJob({ deadlineAt: Date.now() + 60_000 }))
    expect((await later())?.legs.map(one => one.expired)).toEqual([undefined])
  })

  it('returns at once when it is interrupted', async () => {
    const consumer = await idleConsumer()
    const turns: number[] = []
    for (let turn = 0; turn < 3; turn += 1) {
      const taking = await park(consumer)
      const interruptedAt = performance.now()
      consumer.interrupt()
      expect(await taking()).toBeUndefined()
      turns.push(performance.now() - interruptedAt)
    }
    expect(Math.min(...turns)).toBeLessThan(300)
  })

  it('goes on after its connection broke', async () => {
    const consumer = await idleConsumer()
    const taking = await park(consumer)
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    const leg = waitingJob()
    await put(leg)
    let batch = await taking()
    for (let turn = 0; turn < 5 && batch === undefined; turn += 1) batch = await consumer.take(1000, limits)
    expect(batch?.legs.map(one => one.job.legId)).toEqual([leg.legId])
    await batch?.legs[0]?.done()
    const next = await park(consumer)
    await put(waitingJob())
    expect((await next())?.legs).toHaveLength(1)
  })

  it('waits for nothing where nothing may be taken', async () => {
    const consumer = await idleConsumer()
    await put(waitingJob())
    expect(await consumer.take(1000, limits, () => false)).toBeUndefined()
    expect((await consumer.take(1000, limits))?.legs).toHaveLength(1)
  })

  it('lets nothing expire because its worker was late to read the time of Redis', async () => {
    const consumer = await idleConsumer()
    const taking = consumer.take(1000, limits)
    // The worker is busy while the answer lies in its socket.
    await new Promise(resolve => setImmediate(resolve))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
    await put(waitingJob({ deadlineAt: Date.now() + 300, latestStartAt: Date.now() + 300 }))
    expect((await taking)?.legs.map(one => one.expired)).toEqual([undefined])
  })

  it('frees itself of a connection that died while there was no need of it', async () => {
    const proxy = await openTcpProxy(server.socketPath)
    ends.push(() => proxy.close())
    const url = `redis://127.0.0.1:${proxy.port}`
    const consumer = await idleConsumer(undefined, { url, log: logger })
    const first = await park(consumer)
    consumer.interrupt()
    await first()
    proxy.freeze('bzpopmin')
    const leg = waitingJob({ deadlineAt: Date.now() + 600_000 })
    const taking = consumer.take(1000, limits)
    await put(leg)
    const frozenAt = performance.now()
    let batch = await taking
    while (batch === undefined) batch = await consumer.take(1000, limits)
    expect(batch.legs.map(one => one.job.legId)).toEqual([leg.legId])
    expect(performance.now() - frozenAt).toBeLessThan(10_000)
  })

  it('gives way to being woken where Redis allows no CLIENT, and says so once', async () => {
    const fairQueues: string[] = []
    const log = pino({ level: 'warn' }, { write: (fairQueue: string) => void fairQueues.push(fairQueue) })
    await redis.call('ACL', 'SETUSER', 'default', '-client|id')
    ends.push(async () => void (await redis.call('ACL', 'SETUSER', 'default', '+client|id')))
    const consumer = await idleConsumer(undefined, { url: server.url, log })
    for (let turn = 0; turn < 3; turn += 1) {
      const taking = consumer.take(1000, limits)
      const leg = waitingJob()
      await put(leg)
      let batch = await taking
      while (batch === undefined) batch = await consumer.take(1000, limits)
      expect(batch.legs.map(one => one.job.legId)).toEqual([leg.legId])
      await batch.legs[0]?.done()
    }
    expect(fairQueues.filter(fairQueue => fairQueue.includes('takes cannot wait in Redis'))).toHaveLength(1)
  })
})
