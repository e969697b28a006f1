import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createBullmqConsumer } from '#services/state/queue/bullmq-consumer'
import { createBullmqProducer } from '#services/state/queue/bullmq-producer'
import { openTickets } from '#services/state/queue/bullmq-tickets'
import { envelopeVersion, priorityRanks, type Job } from '#services/state/queue/job'
import type { JobConsumer, TakenJob } from '#services/state/queue/pool-queue'
import { openLine } from '#services/state/queue/redis-line'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'
import { waitingJob } from '../support/waiting-job.ts'

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

const { sheddable, interactive } = priorityRanks

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
  it('gives classes in order, and within a tenant the earliest deadline first, each leg once', async () => {
    const producer = producerOf()
    const at = Date.now() + 10_000
    const shed = waitingJob({ priority: sheddable, deadlineAt: at })
    const late = waitingJob({ deadlineAt: at + 2000 })
    const soon = waitingJob({ deadlineAt: at + 1000 })
    const urgent = waitingJob({ priority: interactive, deadlineAt: at + 9000 })
    for (const leg of [shed, late, soon, urgent, soon]) await producer.add('p', leg)
    expect(await producer.waiting('p')).toBe(4)
    const taken = await takeAll(consumerOf())
    expect(legIds(taken)).toEqual([urgent, soon, late, shed].map(leg => leg.legId))
    await producer.close()
  })

  it('gives tenants turns by the work that they bring and by their weights', async () => {
    const producer = producerOf()
    const bring = async (tenant: string, count: number, serviceMs: number, weight = 1): Promise<void> => {
      for (let index = 0; index < count; index += 1) await producer.add('p', waitingJob({ tenant, serviceMs, weight }))
    }
    await bring('flood', 60, 100)
    await bring('heavy', 30, 200)
    await bring('double', 60, 100, 2)
    const first = (await takeAll(consumerOf())).slice(0, 40)
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
    const producer = producerOf()
    const consumer = consumerOf()
    for (let index = 0; index < 50; index += 1) await producer.add('p', waitingJob({ tenant: 'flood', serviceMs: 100 }))
    for (let index = 0; index < 5; index += 1) await consumer.take(0, one)
    const polite = waitingJob({ tenant: 'polite', serviceMs: 100 })
    await producer.add('p', polite)
    const next = [await consumer.take(0, one), await consumer.take(0, one)]
    expect(next.flatMap(batch => batch?.legs.map(leg => leg.job.tenant))).toContain('polite')
    await producer.close()
  })

  it('leaves a leg to the worker that has it now, whatever one that lost it does', async () => {
    const producer = producerOf()
    const line = openLine(prefix, 'p', redis)
    const leg = waitingJob()
    await producer.add('p', leg)
    const [lost, kept] = ['lost', 'kept'].map(token => ({ token, lockMs: 10_000 }))
    const { ticket = '' } = (await line.take(lost!, Date.now, one)) ?? {}
    // As BullMQ does with a lock that ran out.
    const key = `{${prefix}:pool:p}:tickets`
    expect(await redis.del(`${key}:${ticket}:lock`)).toBe(1)
    await redis.rpoplpush(`${key}:active`, `${key}:wait`)
    const again = await line.take(kept!, Date.now, one)
    expect(again).toMatchObject({ ticket, legs: [{ legId: leg.legId }] })
    await line.finish(ticket, lost!, Date.now())
    expect(await line.backlog()).toMatchObject({ running: 1 })
    await line.giveBack(ticket, leg.legId)
    expect(await line.backlog()).toMatchObject({ waiting: 1, running: 0 })
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

  it('batches one model, in order, as many as the model takes, and tops a batch up', async () => {
    const producer = producerOf()
    const consumer = consumerOf()
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
    const producer = producerOf()
    await producer.add('p', waitingJob({ model: 'other' }))
    const mine = waitingJob()
    await producer.add('p', mine)
    const consumer = consumerOf()
    const taken = await takeAll(consumer)
    expect(legIds(taken)).toEqual([mine.legId])
    expect(await producer.waiting('p')).toBe(1)
    await producer.close()
  })

  it('drops what cannot end in time any more, and tells of it', async () => {
    const producer = producerOf()
    const dead = waitingJob({ deadlineAt: Date.now() + 5000, latestStartAt: Date.now() - 1 })
    const alive = waitingJob()
    await producer.add('p', dead)
    await producer.add('p', alive)
    const batch = await consumerOf().take(0, one)
    expect(batch?.legs.map(leg => [leg.job.legId, leg.expired === true])).toEqual([
      [alive.legId, false],
      [dead.legId, true],
    ])
    expect(await producer.waiting('p')).toBe(0)
    await producer.close()
  })

  it('refuses what it has no room for, but lets the last sheddable one go for any other', async () => {
    const shed: string[] = []
    const producer = producerOf(2, leg => shed.push(leg.legId))
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
    const producer = producerOf()
    const [waiting, running] = [waitingJob(), waitingJob({ priority: interactive })]
    await producer.add('p', waiting)
    await producer.add('p', running)
    await consumerOf().take(0, one)
    expect(await producer.remove('p', running.legId)).toBe(false)
    expect(await producer.remove('p', waiting.legId)).toBe(true)
    expect(await producer.remove('p', waiting.legId)).toBe(false)
    expect(await producer.backlog('p')).toMatchObject({ waiting: 0, running: 1, work: [] })
    await producer.close()
  })

  it('gives a batch of which some ended and some were given back: those come again, the others do not', async () => {
    const producer = producerOf()
    const consumer = consumerOf()
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
    expect((await redis.keys('*line*')).filter(key => !/:(?:supply|put)$/u.test(key))).toEqual([])
    await producer.close()
  })

  it('hands out a ticket again that was lost with the process that put the leg in line', async () => {
    const leg = waitingJob()
    // As a process of an earlier version leaves it that died between the two steps, or one that gave a leg back.
    await producerOf(10).add('p', leg)
    const tickets = await redis.keys('*tickets*')
    await redis.del(...tickets)
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
        const line = openLine(prefix, 'p', redis)
        const tickets = openTickets(prefix, 'p', redis)
        const lock = { token: 'lock', lockMs: 10_000 }
        const waiting = new Map<string, Job>()
        const running = new Map<string, Job>()
        const faults: string[] = []
        for (const now of steps) {
          const [id] = waiting.keys()
          const [ticket] = running.keys()
          if (now.kind === 'put') {
            const leg = waitingJob({ tenant: `t${now.tenant}`, priority: now.priority, serviceMs: 10 })
            await producer.add('p', leg)
            waiting.set(leg.legId, leg)
          } else if (now.kind === 'withdraw' && id !== undefined) {
            if (!(await line.withdraw(id as Job['legId']))) faults.push('a waiting leg was not withdrawn')
            waiting.delete(id)
          } else if (now.kind === 'take') {
            const { ticket: got = '', legs = [] } = (await line.take(lock, Date.now, one)) ?? {}
            if (got !== '' && legs.length === 0) await line.finish(got, lock, Date.now())
            if (legs.length !== Math.min(1, waiting.size))
              faults.push(`${legs.length} legs of ${waiting.size} were taken`)
            const best = Math.min(...[...waiting.values()].map(leg => leg.priority))
            for (const leg of legs as Job[]) {
              if (leg.priority !== best) faults.push(`class ${leg.priority} went before ${best}`)
              waiting.delete(leg.legId)
              running.set(got, leg)
            }
          } else if (ticket !== undefined) {
            const leg = running.get(ticket) as Job
            if (now.kind === 'back') {
              if (await line.giveBack(ticket, leg.legId)) await tickets.handOut(1)
              waiting.set(leg.legId, leg)
            }
            await line.finish(ticket, lock, Date.now())
            running.delete(ticket)
          }
        }
        await tickets.close()
        expect(faults).toEqual([])
        expect(await redis.llen('{test:pool:p}:tickets:active')).toBe(running.size)
        expect(await redis.llen('{test:pool:p}:tickets:wait')).toBeGreaterThanOrEqual(waiting.size)
        const backlog = await line.backlog()
        expect(backlog).toMatchObject({ waiting: waiting.size, running: running.size })
        expect(backlog.work.reduce((sum, { workMs }) => sum + workMs, 0)).toBe(waiting.size * 10)
        expect(await redis.hlen('{test:pool:p}:line:legs')).toBe(waiting.size + running.size)
      }),
      { numRuns: 60 },
    )
  })
})
