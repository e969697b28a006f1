import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createCascadeKeys } from '#services/state/cascade-log/cascade-keys'
import { createRedisCascadeLog } from '#services/state/cascade-log/redis-cascade-log'
import type { CascadeLog, CascadePlan, CascadeRequest, LegEnd } from '#services/state/cascade-log/cascade-log'
import { noWork } from '#services/state/service-times/workload'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { FakeCascadeLog } from '../support/stores/fake-cascade-log.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

const prefix = 'test'
let server: PrivateRedis
let redis: RedisConnection

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, pino({ level: 'silent' }))
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await redis.flushall()
})

const end: LegEnd = {
  kind: 'done',
  result: { output: { kind: 'text', text: 'yes' }, rawConfidence: 0.5, signals: { a: 1 }, usage: { outputTokens: 1 } },
  receipt: { usage: { outputTokens: 1 }, costNanoUsd: 7, workerId: 'w', attempt: 1, startedAt: 1, endedAt: 2 },
}

const logs: readonly (readonly [string, () => CascadeLog])[] = [
  [
    'in Redis',
    () =>
      createRedisCascadeLog({ prefix, maxDeaths: 2, syncTtlMs: 60_000, asyncTtlMs: 60_000, deadTtlMs: 60_000 }, redis),
  ],
  ['in memory', () => new FakeCascadeLog(2)],
]

describe('the cascade log in Redis', () => {
  it('passes over a record that cannot be read, and says so, where others are taken over or read beside it', async () => {
    const unreadable: string[] = []
    const ttls = { syncTtlMs: 60_000, asyncTtlMs: 60_000, deadTtlMs: 60_000 }
    const onUnreadable = (id: string): void => void unreadable.push(id)
    const log = createRedisCascadeLog({ prefix, maxDeaths: 2, ...ttls, onUnreadable }, redis)
    const ids = [1, 2, 3].map(at => createRequestId(at))
    for (const requestId of ids) {
      const request = { requestId, tenant: 't', mode: 'async', idempotent: false, task: 'ocr', options: {} } as const
      await log.open(
        {
          ...request,
          parts: [],
          work: noWork,
          constraints: { priority: 'normal' },
          labels: {},
          submittedAt: 0,
          deadlineAt: 9,
        },
        { ladder: 'l', policyVersion: 'v', estimate: {}, rungs: [], holdId: requestId, heldNanoUsd: 1 },
        { index: 0, rung: 'small', pool: 'p', plannedAt: 0 },
        { name: 'dead', leaseUntil: 10 },
      )
    }
    const keys = createCascadeKeys(prefix)
    await redis.hset(keys.cascade(ids[0]!), 'plan', '{"ladder":')
    await redis.set(keys.cascade(ids[1]!), 'no hash')
    const taken = await log.takeOver({ name: 'heir', leaseUntil: 1000 }, 20, 10)
    expect(taken.map(state => state.request.requestId)).toEqual([ids[2]])
    expect((await log.readMany(ids)).map(state => state?.request.requestId)).toEqual([undefined, undefined, ids[2]])
    expect(new Set(unreadable)).toEqual(new Set(ids.slice(0, 2)))
    await expect(log.read(ids[0]!)).rejects.toThrow(SyntaxError)
  })

  it('keeps the receipts of an ended cascade until after its deadline: a hold may stand as long', async () => {
    const [, create] = logs[0]!
    const log = create()
    const requestId = createRequestId(Date.now())
    const request = {
      requestId,
      tenant: 't',
      mode: 'sync',
      idempotent: false,
      task: 'generate',
      options: {},
      parts: [],
      work: noWork,
    } as const
    await log.open(
      { ...request, constraints: { priority: 'normal' }, labels: {}, submittedAt: 0, deadlineAt: 500_000 },
      { ladder: 'l', policyVersion: 'v', estimate: {}, rungs: [], holdId: requestId, heldNanoUsd: 1 },
      { index: 0, rung: 'small', pool: 'p', plannedAt: 0 },
      { name: 'router-1', leaseUntil: 1000 },
    )
    expect(await log.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1000)).toBe(true)
    const [key = ''] = await redis.keys(`*${requestId}*cascade`)
    expect(await redis.pttl(key)).toBeGreaterThan(550_000)
  })
})

describe('a router and a worker whose clocks are an hour ahead', () => {
  it('take no cascade of a living router over, and let no leg expire', async () => {
    const [, create] = logs[0]!
    const log = create()
    const requestId = createRequestId(Date.now())
    const nowMs = Date.now()
    const base = { requestId, tenant: 't', mode: 'async', idempotent: false, task: 'generate', options: {} } as const
    await log.open(
      {
        ...base,
        work: noWork,
        parts: [],
        constraints: { priority: 'normal' },
        labels: {},
        submittedAt: nowMs,
        deadlineAt: nowMs + 60_000,
      },
      { ladder: 'l', policyVersion: 'v', estimate: {}, rungs: [], holdId: requestId, heldNanoUsd: 1 },
      { index: 0, rung: 'small', pool: 'p', plannedAt: nowMs },
      { name: 'router-1', leaseUntil: nowMs + 3000 },
    )
    const ahead = nowMs + 3_600_000
    expect(await log.takeOver({ name: 'router-2', leaseUntil: ahead + 3000 }, ahead, 10)).toEqual([])
    expect(await log.beginLeg(legIdOf(requestId, 0), 'w', ahead)).toEqual({ kind: 'run', attempt: 1 })
    expect((await log.read(requestId))?.owner).toBe('router-1')
  })
})

describe.each(logs)('the cascade log %s', (_name, create) => {
  const owner = { name: 'router-1', leaseUntil: 1000 }
  const open = async (log: CascadeLog, mode: 'sync' | 'async' = 'async') => {
    const requestId = createRequestId(Date.now())
    const opened = await log.open(
      {
        requestId,
        tenant: 't',
        mode,
        idempotent: false,
        task: 'generate',
        options: {},
        parts: [],
        work: noWork,
        constraints: { priority: 'normal' },
        labels: {},
        submittedAt: 0,
        deadlineAt: 5000,
      },
      { ladder: 'l', policyVersion: 'v', estimate: {}, rungs: [], holdId: requestId, heldNanoUsd: 1 },
      { index: 0, rung: 'small', pool: 'p', plannedAt: 0 },
      owner,
    )
    expect(opened).toBe(true)
    return requestId
  }

  it('bills a leg that ran twice once, by the later attempt', async () => {
    const log = create()
    const requestId = await open(log)
    const legId = legIdOf(requestId, 0)
    expect(await log.beginLeg(legId, 'w1', 10)).toEqual({ kind: 'run', attempt: 1 })
    expect(await log.beginLeg(legId, 'w2', 10)).toEqual({ kind: 'run', attempt: 2 })
    expect(await log.endLeg(legId, 1, end)).toBe('fenced')
    expect(await log.endLeg(legId, 2, end)).toBe('recorded')
    expect(await log.endLeg(legId, 2, end)).toBe('recorded')
    expect((await log.read(requestId))?.legs[0]?.lost).toEqual({ 1: end.receipt.costNanoUsd })
    expect(await log.beginLeg(legId, 'w3', 10)).toEqual({ kind: 'ended', attempt: 2 })
    expect((await log.read(requestId))?.legs).toMatchObject([{ attempt: 2, workerId: 'w2', end }])
  })

  it('ends a leg in the place of a worker that is lost, and fences what that worker still says', async () => {
    const log = create()
    const requestId = await open(log)
    const legId = legIdOf(requestId, 0)
    const lostEnd = {
      kind: 'failed',
      reason: 'no-worker',
      message: '',
      receipt: { usage: {}, costNanoUsd: 0, workerId: '', attempt: 2, startedAt: 1, endedAt: 1 },
    } as const
    await log.beginLeg(legId, 'w1', 10)
    expect(await log.abandonLeg(legId, 0, lostEnd, 1)).toBe(false)
    expect(await log.abandonLeg(legId, 1, lostEnd, 2)).toBe(false)
    expect(await log.abandonLeg(legId, 1, lostEnd, 1)).toBe(true)
    expect(await log.abandonLeg(legId, 1, lostEnd, 1)).toBe(false)
    expect(await log.endLeg(legId, 1, end)).toBe('fenced')
    expect(await log.beginLeg(legId, 'w2', 10)).toEqual({ kind: 'ended', attempt: 2 })
    const state = await log.read(requestId)
    expect(state?.legs).toMatchObject([{ attempt: 2, end: lostEnd, lost: { 1: end.receipt.costNanoUsd } }])
  })

  it('abandons no leg that has ended', async () => {
    const log = create()
    const requestId = await open(log)
    const legId = legIdOf(requestId, 0)
    await log.beginLeg(legId, 'w1', 10)
    await log.endLeg(legId, 1, end)
    expect(await log.abandonLeg(legId, 1, end, 1)).toBe(false)
    expect((await log.read(requestId))?.legs).toMatchObject([{ attempt: 1, end }])
  })

  it('opens no cascade that was forbidden, and forbids none that was opened', async () => {
    const log = create()
    expect(await log.forbid(await open(log))).toBe(false)
    const requestId = createRequestId(Date.now())
    expect(await log.forbid(requestId)).toBe(true)
    const leg = { index: 0, rung: 'r', pool: 'p', plannedAt: 0 }
    const request = { requestId, mode: 'sync', submittedAt: 0, deadlineAt: 1 } as unknown as CascadeRequest
    expect(await log.open(request, {} as CascadePlan, leg, owner)).toBe(false)
    expect(await log.read(requestId)).toBeUndefined()
  })

  it('keeps the first receipt of an attempt that lost its leg, without ending it', async () => {
    const log = create()
    const requestId = await open(log)
    const legId = legIdOf(requestId, 0)
    await log.beginLeg(legId, 'w1', 10)
    await log.leaveReceipt(legId, 1, 40)
    await log.leaveReceipt(legId, 1, 50)
    expect(await log.beginLeg(legId, 'w2', 10)).toEqual({ kind: 'run', attempt: 2 })
    expect((await log.read(requestId))?.legs).toMatchObject([{ attempt: 2, lost: { 1: 40 } }])
  })

  it('gives a leg that took two workers with it to no third', async () => {
    const log = create()
    const legId = legIdOf(await open(log), 0)
    for (const attempt of [1, 2]) expect(await log.beginLeg(legId, 'w', 10)).toEqual({ kind: 'run', attempt })
    expect(await log.beginLeg(legId, 'w', 10)).toEqual({ kind: 'poison', attempt: 3 })
    expect(await log.endLeg(legId, 3, end)).toBe('recorded')
  })

  it('counts no worker that lost a leg and lived', async () => {
    const log = create()
    const legId = legIdOf(await open(log), 0)
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      expect(await log.beginLeg(legId, 'w', 10)).toEqual({ kind: 'run', attempt })
      // The third is killed.
      if (attempt !== 3) await log.leaveReceipt(legId, attempt, 0)
    }
    for (const attempt of [6, 7]) {
      expect(await log.beginLeg(legId, 'w', 10)).toEqual({ kind: attempt === 6 ? 'run' : 'poison', attempt })
    }
  })

  it('lets no leg of an expired, cancelled or unknown cascade run', async () => {
    const log = create()
    const requestId = await open(log)
    expect(await log.beginLeg(legIdOf(requestId, 0), 'w', 5000)).toEqual({ kind: 'expired' })
    expect(await log.cancel(requestId)).toHaveLength(1)
    expect(await log.beginLeg(legIdOf(requestId, 0), 'w', 10)).toEqual({ kind: 'cancelled' })
    expect(await log.beginLeg(legIdOf(createRequestId(1), 0), 'w', 10)).toEqual({ kind: 'gone' })
    expect(await log.planLeg(requestId, { index: 1, rung: 'x', pool: 'p', plannedAt: 0 }, 1)).toBe(false)
  })

  it('fences the router that lost its cascade', async () => {
    const log = create()
    const requestId = await open(log)
    expect(await log.takeOver({ name: 'router-2', leaseUntil: 9000 }, 999, 10)).toEqual([])
    const [taken] = await log.takeOver({ name: 'router-2', leaseUntil: 9000 }, 1001, 10)
    expect(taken).toMatchObject({ owner: 'router-2', epoch: 2 })
    expect(await log.takeOver({ name: 'router-3', leaseUntil: 9999 }, 1001, 10)).toEqual([])
    const leg = { index: 1, rung: 'large', pool: 'p', plannedAt: 0 }
    expect(await log.planLeg(requestId, leg, 1)).toBe(false)
    expect(await log.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1)).toBe(false)
    expect(await log.renew([requestId], owner)).toEqual([requestId])
    expect(await log.planLeg(requestId, leg, 2)).toBe(true)
    expect(await log.finish(requestId, { kind: 'cancelled', rungs: [] }, 2, 1)).toBe(true)
    expect(await log.finish(requestId, { kind: 'cancelled', rungs: [] }, 2, 1)).toBe(false)
    expect(await log.takeOver({ name: 'router-3', leaseUntil: 99_999 }, 50_000, 10)).toEqual([])
  })

  it('takes the receipt of a leg whose cascade is over', async () => {
    const log = create()
    const requestId = await open(log)
    await log.beginLeg(legIdOf(requestId, 0), 'w', 10)
    await log.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 20)
    expect(await log.endLeg(legIdOf(requestId, 0), 1, end)).toBe('recorded')
  })

  it('binds a key to the first request and frees it again', async () => {
    const log = create()
    const [first, second] = [createRequestId(1), createRequestId(2)]
    expect(await log.bindKey('t', 'k', first, 'f1')).toEqual({ requestId: first, fingerprint: 'f1' })
    expect(await log.bindKey('t', 'k', second, 'f2')).toEqual({ requestId: first, fingerprint: 'f1' })
    expect(await log.bindKey('u', 'k', second, 'f2')).toEqual({ requestId: second, fingerprint: 'f2' })
    await log.releaseKey('t', 'k', second)
    expect(await log.bindKey('t', 'k', second, 'f2')).toMatchObject({ requestId: first })
    await log.releaseKey('t', 'k', first)
    expect(await log.bindKey('t', 'k', second, 'f2')).toEqual({ requestId: second, fingerprint: 'f2' })
  })

  it('lists the dead and discards them', async () => {
    const log = create()
    const requestId = await open(log)
    await log.finish(requestId, { kind: 'failed', code: 'LadderFailed', message: 'm', rungs: [], dead: true }, 1, 20)
    expect((await log.listDead({ limit: 10 })).map(state => state.request.requestId)).toEqual([requestId])
    expect(await log.discardDead(requestId)).toBe(true)
    expect(await log.listDead({ limit: 10 })).toEqual([])
  })
})
