import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createBullmqConsumer } from '#services/state/queue/bullmq-consumer'
import { createBullmqProducer } from '#services/state/queue/bullmq-producer'
import { openBatchLeases } from '#services/state/queue/bullmq-batch-leases'
import { envelopeVersion, type Job } from '#services/state/queue/job'
import type { JobConsumer, TakenJob } from '#services/state/queue/pool-queue'
import { openFairQueue } from '#services/state/queue/redis-fair-queue'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { waitingJob } from '../../support/worker/waiting-job.ts'

const logger = pino({ level: 'silent' })
const prefix = 'test'
const options = { prefix, pool: 'p', lockMs: 2500, renewMs: 800 }
let server: PrivateRedis
let redis: RedisConnection
let consumers: JobConsumer[] = []

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, logger)
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await Promise.all(consumers.map(consumer => consumer.close()))
  consumers = []
  await redis.flushall()
})

const producerOf = (most = 1000, onShed?: (job: Job) => void) =>
  createBullmqProducer(
    { prefix, maxWaiting: new Map([['p', most]]), ...(onShed === undefined ? {} : { onShed }) },
    redis,
  )

function consumerOf(connection = redis): JobConsumer {
  const consumer = createBullmqConsumer(options, connection, logger)
  consumers.push(consumer)
  return consumer
}

/** Takes batches until nothing is left; one leg at a time unless told otherwise. */
async function takeAll(consumer: JobConsumer, limits = new Map([['m', 1]])): Promise<TakenJob[]> {
  const taken: TakenJob[] = []
  for (let empty = 0; empty < 3;) {
    const batch = await consumer.take(0, limits)
    if (batch === undefined) empty += 1
    else taken.push(...batch.legs)
  }
  return taken
}

const legIds = (legs: readonly { readonly job: Job }[]): readonly string[] => legs.map(leg => leg.job.legId)
const one = new Map([['m', 1]])

describe('the queue of a pool', () => {
  it('leaves a leg to the worker that has it now, whatever one that lost it does', async () => {
    const producer = producerOf()
    const fairQueue = openFairQueue(prefix, 'p', redis)
    const leg = waitingJob()
    await producer.add('p', leg)
    const [lost, kept] = ['lost', 'kept'].map(token => ({ token, lockMs: 10_000 }))
    const { batchLease = '' } = (await fairQueue.take(lost!, Date.now, one)) ?? {}
    // As BullMQ does with a lock that ran out.
    const key = `{${prefix}:pool:p}:batchLeases`
    expect(await redis.del(`${key}:${batchLease}:lock`)).toBe(1)
    await redis.rpoplpush(`${key}:active`, `${key}:wait`)
    const again = await fairQueue.take(kept!, Date.now, one)
    expect(again).toMatchObject({ batchLease, legs: [{ legId: leg.legId }] })
    await fairQueue.finish(batchLease, lost!, Date.now())
    expect(await fairQueue.backlog()).toMatchObject({ running: 1 })
    await fairQueue.giveBack(batchLease, leg.legId)
    expect(await fairQueue.backlog()).toMatchObject({ waiting: 1, running: 0 })
    await producer.close()
  })

  it('takes nothing when it is closed to work while it waits', async () => {
    const producer = producerOf()
    const consumer = consumerOf()
    let open = true
    expect(await consumer.take(0, one, () => open)).toBeUndefined()
    const taking = consumer.take(1000, one, () => open)
    open = false
    await producer.add('p', waitingJob())
    expect(await taking).toBeUndefined()
    expect(await producer.waiting('p')).toBe(1)
    await producer.close()
  })

  it('gives the same batch to another worker within 5 s when the first is gone', async () => {
    const producer = producerOf()
    const dying = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, logger)
    await whenReady(dying, 5000)
    const first = createBullmqConsumer(options, dying, logger)
    const second = consumerOf()
    for (let index = 0; index < 3; index += 1) await producer.add('p', waitingJob())
    const limits = new Map([['m', 2]])
    const batch = await first.take(500, limits)
    // As SIGKILL leaves it: no lock is renewed and nothing is given back.
    dying.disconnect()
    const goneAt = Date.now()
    const third = await second.take(500, limits)
    let again
    while (again === undefined && Date.now() < goneAt + 8000) again = await second.take(1000, limits)
    expect(legIds(again?.legs ?? [])).toEqual(legIds(batch?.legs ?? []))
    expect(Date.now() - goneAt).toBeLessThan(5000)
    for (const leg of [...(third?.legs ?? []), ...(again?.legs ?? [])]) await leg.done()
    expect(await producer.backlog('p')).toMatchObject({ waiting: 0, running: 0, work: [] })
    expect((await redis.keys('*fairQueue*')).filter(key => !/:(?:supply|put)$/u.test(key))).toEqual([])
    await producer.close()
  })

  it('hands out a batch lease again that was lost with the process that enqueued the leg', async () => {
    const leg = waitingJob()
    // As a process of an earlier version leaves it that died between the two steps, or one that gave a leg back.
    await producerOf(10).add('p', leg)
    const batchLeases = await redis.keys('*batchLeases*')
    await redis.del(...batchLeases)
    const consumer = consumerOf()
    let batch
    for (let turn = 0; turn < 8 && batch === undefined; turn += 1) batch = await consumer.take(1000, one)
    expect(legIds(batch?.legs ?? [])).toEqual([leg.legId])
  })

  it('refuses an envelope of a version that it does not read, and goes on', async () => {
    const producer = producerOf()
    const consumer = consumerOf()
    await producer.add('p', waitingJob({ version: envelopeVersion + 1 }))
    expect(await consumer.take(0, one)).toBeUndefined()
    const sound = waitingJob()
    await producer.add('p', sound)
    expect(legIds(await takeAll(consumer))).toEqual([sound.legId])
    await producer.close()
  })

  it('keeps its books straight, whatever is put, taken, withdrawn, ended and given back', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), tenant: fc.nat(3), priority: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constantFrom('take' as const, 'withdraw' as const, 'done' as const, 'back' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        await redis.flushall()
        const producer = producerOf()
        const fairQueue = openFairQueue(prefix, 'p', redis)
        const batchLeases = openBatchLeases(prefix, 'p', redis)
        const lock = { token: 'lock', lockMs: 10_000 }
        const waiting = new Map<string, Job>()
        const running = new Map<string, Job>()
        const faults: string[] = []
        for (const now of steps) {
          const [id] = waiting.keys()
          const [batchLease] = running.keys()
          if (now.kind === 'put') {
            const leg = waitingJob({ tenant: `t${now.tenant}`, priority: now.priority, serviceMs: 10 })
            await producer.add('p', leg)
            waiting.set(leg.legId, leg)
          } else if (now.kind === 'withdraw' && id !== undefined) {
            if (!(await fairQueue.withdraw(id as Job['legId']))) faults.push('a waiting leg was not withdrawn')
            waiting.delete(id)
          } else if (now.kind === 'take') {
            const { batchLease: got = '', legs = [] } = (await fairQueue.take(lock, Date.now, one)) ?? {}
            if (got !== '' && legs.length === 0) await fairQueue.finish(got, lock, Date.now())
            if (legs.length !== Math.min(1, waiting.size))
              faults.push(`${legs.length} legs of ${waiting.size} were taken`)
            const best = Math.min(...[...waiting.values()].map(leg => leg.priority))
            for (const leg of legs as Job[]) {
              if (leg.priority !== best) faults.push(`class ${leg.priority} went before ${best}`)
              waiting.delete(leg.legId)
              running.set(got, leg)
            }
          } else if (batchLease !== undefined) {
            const leg = running.get(batchLease) as Job
            if (now.kind === 'back') {
              if (await fairQueue.giveBack(batchLease, leg.legId)) await batchLeases.handOut(1)
              waiting.set(leg.legId, leg)
            }
            await fairQueue.finish(batchLease, lock, Date.now())
            running.delete(batchLease)
          }
        }
        await batchLeases.close()
        expect(faults).toEqual([])
        expect(await redis.llen('{test:pool:p}:batchLeases:active')).toBe(running.size)
        expect(await redis.llen('{test:pool:p}:batchLeases:wait')).toBeGreaterThanOrEqual(waiting.size)
        const backlog = await fairQueue.backlog()
        expect(backlog).toMatchObject({ waiting: waiting.size, running: running.size })
        expect(backlog.work.reduce((sum, { workMs }) => sum + workMs, 0)).toBe(waiting.size * 10)
        expect(await redis.hlen('{test:pool:p}:fairQueue:legs')).toBe(waiting.size + running.size)
      }),
      { numRuns: 60 },
    )
  })
})
