import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { createGeneration } from '#services/state/ledger/generation'
import type { HoldOrder, Ledger, Scope, Take } from '#services/state/ledger/ledger'
import { createMemoryFile } from '#services/state/ledger/memory-file'
import { createRedisLedger } from '#services/state/ledger/redis-ledger'
import { PlainLedger } from '../support/stores/plain-ledger.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

const logger = pino({ level: 'silent' })
const keepCounterMs = 60_000
let server: PrivateRedis
let redis: RedisConnection
let ledgers = 0

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 5000 }, logger)
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

async function inRedis(): Promise<Ledger> {
  ledgers += 1
  const prefix = `l${ledgers}`
  const generation = await createGeneration(
    { prefix, keepCounterMs, onEmpty: 'start' },
    redis,
    createMemoryFile(undefined),
    logger,
  )
  await generation.refresh()
  return createRedisLedger({ prefix, rememberMs: 600_000, keepCounterMs }, redis, generation)
}

const implementations: readonly (readonly [string, () => Promise<Ledger>])[] = [
  ['in Redis', inRedis],
  ['in memory', async () => new PlainLedger()],
]

const nowMs = Date.now() - 1000
const scope = (limitNanoUsd: number): Scope => ({
  name: 'tenant:day',
  counter: 'tenant:acme:day',
  share: 'tenant',
  limitNanoUsd,
  shadow: false,
  resetsAt: nowMs + 60_000,
})
const order = (holdId: string, limit: Scope, more: Partial<HoldOrder> = {}): HoldOrder => ({
  holdId,
  scopes: [limit],
  takes: [],
  offers: [{ tenant: 600 }, { tenant: 100 }],
  leaseUntil: nowMs + 500,
  nowMs,
  ...more,
})
const spent = (tenant: number) => ({ spent: { tenant }, lostNanoUsd: 0, estimatedNanoUsd: 0 })

describe.each(implementations)('the ledger %s', (_name, create) => {
  it('holds the first offer that fits, the same when it is asked again, and refuses when none fits', async () => {
    const ledger = await create()
    const limit = scope(1000)
    const held = { kind: 'held', shadowed: [] }
    expect(await ledger.reserve(order('a', limit))).toEqual({ ...held, offer: 0 })
    expect(await ledger.reserve(order('b', limit))).toEqual({ ...held, offer: 1 })
    expect(await ledger.reserve(order('b', limit))).toEqual({ ...held, offer: 1 })
    expect(await ledger.reserve(order('c', limit, { offers: [{ tenant: 400 }] }))).toEqual({
      kind: 'refused',
      scope: limit,
      remainingNanoUsd: 300,
      reservedNanoUsd: 700,
    })
    expect(await ledger.balances([limit])).toMatchObject([{ reservedNanoUsd: 700, spentNanoUsd: 0 }])
  })

  it('settles once, gives back the rest, and tells what went beyond the hold', async () => {
    const ledger = await create()
    const limit = scope(1000)
    await ledger.reserve(order('a', limit))
    await ledger.reserve(order('b', limit))
    expect(await ledger.settle('a', spent(250), nowMs)).toEqual({ first: true, overrunNanoUsd: 0 })
    expect(await ledger.settle('a', spent(250), nowMs)).toEqual({ first: false, overrunNanoUsd: 0 })
    expect(await ledger.settle('b', spent(130), nowMs)).toEqual({ first: true, overrunNanoUsd: 30 })
    expect(await ledger.settle('never held', spent(1), nowMs)).toMatchObject({ first: false })
    expect(await ledger.balances([limit])).toMatchObject([
      { reservedNanoUsd: 0, spentNanoUsd: 350, overrunNanoUsd: 30 },
    ])
    expect(await ledger.reserve(order('a', limit))).toEqual({ kind: 'settled' })
  })

  it('lets no more begin than a rate allows, and takes nothing where money is refused', async () => {
    const ledger = await create()
    const rate = { name: 'tenant:requests', counter: 'tenant:acme:requests', perMinute: 60, burst: 2, shadow: false }
    const takes: readonly Take[] = [{ ...rate, count: 1 }]
    const limit = scope(1000)
    expect(await ledger.reserve(order('a', limit, { takes, offers: [{ tenant: 2000 }] }))).toMatchObject({
      kind: 'refused',
    })
    expect(await ledger.allowances([rate], nowMs)).toEqual([2])
    expect(await ledger.reserve(order('b', limit, { takes }))).toMatchObject({ kind: 'held' })
    expect(await ledger.reserve(order('c', limit, { takes }))).toMatchObject({ kind: 'held' })
    expect(await ledger.reserve(order('d', limit, { takes }))).toMatchObject({ kind: 'limited', retryAfterMs: 1000 })
  })

  it('gives holds whose lease is past, until they are extended or settled', async () => {
    const ledger = await create()
    const limit = scope(1000)
    await ledger.reserve(order('a', limit))
    await ledger.reserve(order('b', limit, { leaseUntil: nowMs + 400 }))
    expect(await ledger.expired(nowMs + 300, 10)).toEqual([])
    expect(await ledger.expired(nowMs + 600, 10)).toEqual([
      { holdId: 'b', leaseUntil: nowMs + 400, held: { tenant: 100 } },
      { holdId: 'a', leaseUntil: nowMs + 500, held: { tenant: 600 } },
    ])
    expect((await ledger.openHolds(1)).map(hold => hold.holdId)).toEqual(['b'])
    expect(await ledger.extend('a', nowMs + 5000)).toBe(true)
    await ledger.settle('b', spent(0), nowMs)
    expect(await ledger.extend('b', nowMs + 5000)).toBe(false)
    expect(await ledger.expired(nowMs + 600, 10)).toEqual([])
    expect(await ledger.openHolds(10)).toMatchObject([{ holdId: 'a', held: { tenant: 600 } }])
  })
})
