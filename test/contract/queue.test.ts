import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { createBullmqConsumer } from '#services/state/queue/bullmq-consumer'
import { createBullmqProducer } from '#services/state/queue/bullmq-producer'
import { priorityRanks, type Job } from '#services/state/queue/job'
import type { JobConsumer, JobProducer, TakenJob } from '#services/state/queue/pool-queue'
import { createMemoryQueue } from '../support/stores/memory-queue.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'
import { waitingJob } from '../support/worker/waiting-job.ts'

const logger = pino({ level: 'silent' })
let server: PrivateRedis
let redis: RedisConnection
let consumers: JobConsumer[] = []

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, logger)
  await whenReady(redis, 5000)
})
afterEach(async () => {
  await Promise.all(consumers.map(consumer => consumer.close()))
  consumers = []
  await redis.flushall()
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

/** The queue of pool `p`, from both sides. */
interface Queue {
  readonly producer: JobProducer
  readonly consumer: () => JobConsumer
}
type Create = (maxWaiting?: number, onShed?: (job: Job) => void) => Queue

const queues: readonly (readonly [string, Create])[] = [
  [
    'in Redis',
    (most = 1000, onShed = () => {}) => ({
      producer: createBullmqProducer({ prefix: 'q', maxWaiting: new Map([['p', most]]), onShed }, redis),
      consumer() {
        const consumer = createBullmqConsumer({ prefix: 'q', pool: 'p', lockMs: 10_000, renewMs: 3000 }, redis, logger)
        consumers.push(consumer)
        return consumer
      },
    }),
  ],
  [
    'in memory',
    (maxWaiting = 1000, onShed = () => {}) => {
      const queue = createMemoryQueue({ maxWaiting, onShed })
      return { producer: queue, consumer: () => queue.consumer('p') }
    },
  ],
]

const { sheddable, interactive } = priorityRanks
const legIds = (legs: readonly { readonly job: Job }[]): readonly string[] => legs.map(leg => leg.job.legId)
const one = new Map([['m', 1]])

/** Takes batches until nothing is left, one leg at a time. */
async function takeAll(consumer: JobConsumer): Promise<TakenJob[]> {
  const taken: TakenJob[] = []
  for (let empty = 0; empty < 3;) {
    const batch = await consumer.take(0, one)
    if (batch === undefined) empty += 1
    else taken.push(...batch.legs)
  }
  return taken
}

describe.each(queues)('the queue of a pool %s', (_name, create) => {
  it('gives classes in order, and within a tenant the earliest deadline first, each leg once', async () => {
    const queue = create()
    const { producer } = queue
    const at = Date.now() + 10_000
    const shed = waitingJob({ priority: sheddable, deadlineAt: at })
    const late = waitingJob({ deadlineAt: at + 2000 })
    const soon = waitingJob({ deadlineAt: at + 1000 })
    const urgent = waitingJob({ priority: interactive, deadlineAt: at + 9000 })
    for (const leg of [shed, late, soon, urgent, soon]) await producer.add('p', leg)
    expect(await producer.waiting('p')).toBe(4)
    const taken = await takeAll(queue.consumer())
    expect(legIds(taken)).toEqual([urgent, soon, late, shed].map(leg => leg.legId))
    await producer.close()
  })

  it('gives tenants turns by the work that they bring and by their weights', async () => {
    const queue = create()
    const { producer } = queue
    const bring = async (tenant: string, count: number, serviceMs: number, weight = 1): Promise<void> => {
      for (let index = 0; index < count; index += 1) await producer.add('p', waitingJob({ tenant, serviceMs, weight }))
    }
    await bring('flood', 60, 100)
    await bring('heavy', 30, 200)
    await bring('double', 60, 100, 2)
    const first = (await takeAll(queue.consumer())).slice(0, 40)
    const workOf = (tenant: string): number =>
      first.filter(leg => leg.job.tenant === tenant).reduce((sum, leg) => sum + (leg.job.serviceMs ?? 0), 0)
    // 40 legs in shares 1 : 1 : 2 of the work, give or take one leg each.
    expect(workOf('double') / workOf('flood')).toBeGreaterThan(1.6)
    expect(workOf('double') / workOf('flood')).toBeLessThan(2.4)
    expect(workOf('heavy') / workOf('flood')).toBeGreaterThan(0.75)
    expect(workOf('heavy') / workOf('flood')).toBeLessThan(1.35)
    await producer.close()
  })

  it('gives a tenant that comes late the next turn, though another has much waiting', async () => {
    const queue = create()
    const { producer } = queue
    const consumer = queue.consumer()
    for (let index = 0; index < 50; index += 1) await producer.add('p', waitingJob({ tenant: 'flood', serviceMs: 100 }))
    for (let index = 0; index < 5; index += 1) await consumer.take(0, one)
    const polite = waitingJob({ tenant: 'polite', serviceMs: 100 })
    await producer.add('p', polite)
    const next = [await consumer.take(0, one), await consumer.take(0, one)]
    expect(next.flatMap(batch => batch?.legs.map(leg => leg.job.tenant))).toContain('polite')
    await producer.close()
  })

  it('batches one model, in order, as many as the model takes, and tops a batch up', async () => {
    const queue = create()
    const { producer } = queue
    const consumer = queue.consumer()
    const at = Date.now() + 10_000
    const legs = ['m', 'n', 'm', 'm'].map((model, index) => waitingJob({ model, deadlineAt: at + index * 1000 }))
    for (const leg of legs) await producer.add('p', leg)
    const limits = new Map([
      ['m', 2],
      ['n', 8],
    ])
    const batch = await consumer.take(0, limits)
    expect(legIds(batch?.legs ?? [])).toEqual([legs[0]?.legId, legs[2]?.legId])
    expect(legIds((await batch?.more(5)) ?? [])).toEqual([legs[3]?.legId])
    expect(legIds((await consumer.take(0, limits))?.legs ?? [])).toEqual([legs[1]?.legId])
    await producer.close()
  })

  it('leaves a model that a worker has not ready to others', async () => {
    const queue = create()
    const { producer } = queue
    await producer.add('p', waitingJob({ model: 'other' }))
    const mine = waitingJob()
    await producer.add('p', mine)
    const consumer = queue.consumer()
    const taken = await takeAll(consumer)
    expect(legIds(taken)).toEqual([mine.legId])
    expect(await producer.waiting('p')).toBe(1)
    await producer.close()
  })

  it('drops what cannot end in time any more, and tells of it', async () => {
    const queue = create()
    const { producer } = queue
    const dead = waitingJob({ deadlineAt: Date.now() + 5000, latestStartAt: Date.now() - 1 })
    const alive = waitingJob()
    await producer.add('p', dead)
    await producer.add('p', alive)
    const batch = await queue.consumer().take(0, one)
    expect(batch?.legs.map(leg => [leg.job.legId, leg.expired === true])).toEqual([
      [alive.legId, false],
      [dead.legId, true],
    ])
    expect(await producer.waiting('p')).toBe(0)
    await producer.close()
  })

  it('refuses what it has no room for, but lets the last sheddable one go for any other', async () => {
    const shed: string[] = []
    const queue = create(2, leg => shed.push(leg.legId))
    const { producer } = queue
    const at = Date.now() + 10_000
    const [kept, gone] = [0, 1].map(index => waitingJob({ priority: sheddable, deadlineAt: at + index }))
    for (const leg of [kept, gone]) await producer.add('p', leg as Job)
    await expect(producer.add('p', waitingJob({ priority: sheddable }))).rejects.toMatchObject({ code: 'Overloaded' })
    const better = waitingJob()
    await producer.add('p', better)
    expect(shed).toEqual([gone?.legId])
    await producer.add('p', waitingJob())
    await expect(producer.add('p', waitingJob())).rejects.toMatchObject({ code: 'Overloaded' })
    expect(await producer.waiting('p')).toBe(2)
    await producer.close()
  })

  it('takes a waiting leg out, and not a running one', async () => {
    const queue = create()
    const { producer } = queue
    const [waiting, running] = [waitingJob(), waitingJob({ priority: interactive })]
    await producer.add('p', waiting)
    await producer.add('p', running)
    await queue.consumer().take(0, one)
    expect(await producer.remove('p', running.legId)).toBe(false)
    expect(await producer.remove('p', waiting.legId)).toBe(true)
    expect(await producer.remove('p', waiting.legId)).toBe(false)
    expect(await producer.backlog('p')).toMatchObject({ waiting: 0, running: 1, work: [] })
    await producer.close()
  })

  it('gives a batch of which some ended and some were given back: those come again, the others do not', async () => {
    const queue = create()
    const { producer } = queue
    const consumer = queue.consumer()
    for (let index = 0; index < 3; index += 1) await producer.add('p', waitingJob())
    const batch = await consumer.take(0, new Map([['m', 3]]))
    const [ended, back, other] = batch?.legs ?? []
    await back?.giveBack()
    await ended?.done()
    await other?.done()
    await other?.giveBack()
    expect(legIds(await takeAll(consumer))).toEqual([back?.job.legId])
    expect((await producer.backlog('p')).running).toBe(1)
    await producer.close()
  })
})
