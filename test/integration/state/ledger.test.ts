import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGeneration, type GenerationOptions } from '#services/state/ledger/generation'
import type { Amounts, HoldOrder, Ledger, Scope, Settled, Settlement, Take } from '#services/state/ledger/ledger'
import { createMemoryFile, type LedgerMemory, type Remembered } from '#services/state/ledger/memory-file'
import { createRedisLedger } from '#services/state/ledger/redis-ledger'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { PlainLedger } from '../../support/stores/plain-ledger.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const logger = pino({ level: 'silent' })
const dayMs = 86_400_000
let server: PrivateRedis
let redis: RedisConnection

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 5000 }, logger)
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

let histories = 0

/** A ledger on keys of its own, so that no history sees another's. */
async function freshLedger(): Promise<Ledger> {
  histories += 1
  const options: GenerationOptions = { prefix: `p${histories}`, keepCounterMs: dayMs, onEmpty: 'start' }
  const generation = await createGeneration(options, redis, createMemoryFile(undefined), logger)
  await generation.refresh()
  return createRedisLedger({ prefix: options.prefix, rememberMs: 600_000, keepCounterMs: dayMs }, redis, generation)
}

/** Real clocks of keys run on while a history turns its own, so it begins now and its windows end tomorrow. */
// Behind the clock of Redis, which nothing is decided ahead of.
const startAt = Date.now() - 43_200_000
const resetsAt = startAt + dayMs

const scopesOf =
  (tenantLimit: number | undefined, poolLimit: number, deploymentLimit: number, shadow: boolean) =>
  (tenant: string): readonly Scope[] => [
    {
      name: 'tenant:day',
      counter: `tenant:${tenant}:day`,
      share: 'tenant',
      shadow,
      resetsAt,
      ...(tenantLimit === undefined ? {} : { limitNanoUsd: tenantLimit }),
    },
    { name: 'tenant:month', counter: `tenant:${tenant}:month`, share: 'tenant', shadow: false, resetsAt },
    {
      name: 'deployment:day',
      counter: 'deployment:day',
      share: 'deployment',
      shadow: false,
      resetsAt,
      limitNanoUsd: deploymentLimit,
    },
    {
      name: 'pool:large:day',
      counter: 'pool:large:day',
      share: 'pool:large',
      shadow: false,
      resetsAt,
      limitNanoUsd: poolLimit,
    },
  ]

/** One step of a history; each kind reads the fields that it needs. */
interface Turn {
  readonly kind: 'reserve' | 'settle' | 'extend' | 'wait' | 'expired'
  readonly id: number
  readonly tenant: string
  readonly offers: readonly Amounts[]
  readonly tokens: number
  readonly share: number
  readonly lost: number
  readonly used: number | undefined
  readonly ms: number
}

const amount = fc.integer({ min: 0, max: 60 })
const offer = fc
  .record({ small: amount, large: fc.option(amount, { nil: undefined }) })
  .map(({ small, large }): Amounts => ({
    tenant: small + (large ?? 0),
    deployment: small + (large ?? 0),
    ...(large === undefined ? {} : { 'pool:large': large }),
  }))
const turn: fc.Arbitrary<Turn> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('reserve' as const) },
    { weight: 5, arbitrary: fc.constant('settle' as const) },
    { weight: 1, arbitrary: fc.constant('extend' as const) },
    { weight: 2, arbitrary: fc.constant('wait' as const) },
    { weight: 1, arbitrary: fc.constant('expired' as const) },
  ),
  id: fc.integer({ min: 0, max: 9 }),
  tenant: fc.constantFrom('a', 'b'),
  offers: fc.array(offer, { minLength: 1, maxLength: 3 }),
  tokens: fc.integer({ min: 1, max: 40 }),
  // Over 1 is an overrun.
  share: fc.constantFrom(0, 0.3, 0.5, 1, 1, 1.4),
  lost: fc.constantFrom(0, 0, 7),
  used: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
  ms: fc.integer({ min: 1, max: 4000 }),
})

function settlementOf({ share, lost, used }: Turn, held: Amounts): Settlement {
  const part = (of: number | undefined): number => Math.ceil((of ?? 0) * share)
  return {
    spent: { tenant: part(held.tenant), deployment: part(held.deployment), 'pool:large': part(held['pool:large']) },
    lostNanoUsd: lost,
    estimatedNanoUsd: 0,
    ...(used === undefined ? {} : { tokens: used }),
  }
}

async function take(ledger: Ledger, { kind, ms }: Turn, order: HoldOrder, settlement: Settlement): Promise<unknown> {
  if (kind === 'reserve') return ledger.reserve(order)
  if (kind === 'settle') return ledger.settle(order.holdId, settlement, order.nowMs)
  if (kind === 'extend') return ledger.extend(order.holdId, order.nowMs + ms)
  return kind === 'expired' ? ledger.expired(order.nowMs, 4) : undefined
}

const history = fc.record({
  tenantLimit: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
  poolLimit: fc.integer({ min: 0, max: 120 }),
  deploymentLimit: fc.integer({ min: 0, max: 400 }),
  shadow: fc.boolean(),
  perMinute: fc.integer({ min: 30, max: 600 }),
  tokensShadow: fc.boolean(),
  turns: fc.array(turn, { minLength: 1, maxLength: 25 }),
})

describe('the ledger in Redis', () => {
  it('does in 2,000 random histories what the plain one does, and never holds more than a limit', async () => {
    await fc.assert(
      fc.asyncProperty(history, async settings => {
        const real = await freshLedger()
        const plain = new PlainLedger()
        const { turns, perMinute, tokensShadow, ...limits } = settings
        const scopesFor = scopesOf(limits.tenantLimit, limits.poolLimit, limits.deploymentLimit, limits.shadow)
        const everyScope = [...new Map([...scopesFor('a'), ...scopesFor('b')].map(one => [one.counter, one])).values()]
        const takesFor = (tenant: string, tokens: number): readonly Take[] => [
          { name: 'requests', counter: `${tenant}:r`, perMinute, burst: 5, shadow: false, count: 1 },
          {
            name: 'tokens',
            counter: `${tenant}:t`,
            perMinute: perMinute * 20,
            burst: 60,
            shadow: tokensShadow,
            count: tokens,
          },
        ]
        let nowMs = startAt
        const owed = new Map<number, number>()
        for (const [step, one] of turns.entries()) {
          if (one.kind === 'wait') nowMs += one.ms
          const order: HoldOrder = {
            holdId: `h${one.id}`,
            scopes: scopesFor(one.tenant),
            takes: takesFor(one.tenant, one.tokens),
            offers: one.offers,
            leaseUntil: nowMs + 1000 + step,
            nowMs,
          }
          const settlement = settlementOf(one, plain.holds.get(order.holdId)?.amounts ?? {})
          const [got, wanted] = await Promise.all([real, plain].map(ledger => take(ledger, one, order, settlement)))
          expect(got).toEqual(wanted)
          const settled = one.kind === 'settle' && (wanted as Settled).first
          owed.set(step, settled ? (settlement.spent.deployment ?? 0) + settlement.lostNanoUsd : 0)
        }
        const [got, wanted] = await Promise.all([real, plain].map(ledger => ledger.balances(everyScope)))
        expect(got).toEqual(wanted)
        const rates = ['a', 'b'].flatMap(tenant => takesFor(tenant, 1))
        const [left, leftPlain] = await Promise.all([real, plain].map(ledger => ledger.allowances(rates, nowMs)))
        expect(left).toEqual(leftPlain)
        const over = (got ?? []).filter(
          ({ scope, reservedNanoUsd, spentNanoUsd }) =>
            !scope.shadow && reservedNanoUsd + spentNanoUsd > (scope.limitNanoUsd ?? Infinity),
        )
        expect(over).toEqual([])
        // What was settled is what the deployment shows, to the nano-USD.
        const deployment = (got ?? []).filter(one => one.scope.name === 'deployment:day')
        const shown = deployment.map(one => one.spentNanoUsd + one.overrunNanoUsd + one.lostNanoUsd)
        expect(shown).toEqual([[...owed.values()].reduce((sum, one) => sum + one, 0)])
      }),
      { numRuns: 2000 },
    )
  }, 120_000)
})

describe('5,000 holds that are asked for at once over three connections', () => {
  it('fill their limit to the last one that fits, and are all given back', async () => {
    const connections = Array.from({ length: 3 }, () =>
      connectRedis({ url: server.url, commandTimeoutMs: 20_000 }, logger),
    )
    await Promise.all(connections.map(one => whenReady(one, 5000)))
    const options: GenerationOptions = { prefix: 'many', keepCounterMs: dayMs, onEmpty: 'start' }
    const ledgers = await Promise.all(
      connections.map(async connection => {
        const generation = await createGeneration(options, connection, createMemoryFile(undefined), logger)
        await generation.refresh()
        return createRedisLedger({ prefix: 'many', rememberMs: 600_000, keepCounterMs: dayMs }, connection, generation)
      }),
    )
    const scopes = scopesOf(1_000_000, 1_000_000, 1_000_000, false)('t')
    const offers = [{ tenant: 600, deployment: 600, 'pool:large': 600 }]
    const of = (index: number): Ledger => ledgers[index % 3]!
    const asked = Array.from({ length: 5000 }, (_, index) =>
      of(index).reserve({
        holdId: `h${index}`,
        scopes,
        takes: [],
        offers,
        leaseUntil: startAt + 60_000,
        nowMs: startAt,
      }),
    )
    const held = (await Promise.all(asked)).flatMap(({ kind }, index) => (kind === 'held' ? index : []))
    expect(held).toHaveLength(1666)
    const spent = { tenant: 600, deployment: 600, 'pool:large': 600 }
    const settlement = { spent, lostNanoUsd: 0, estimatedNanoUsd: 0 }
    // Whoever settles, and however many do: one of them is the first.
    const settled = held.flatMap(index =>
      [0, 1, 2].map(other => of(index + other).settle(`h${index}`, settlement, startAt)),
    )
    expect((await Promise.all(settled)).filter(one => one.first)).toHaveLength(1666)
    expect((await of(0).balances(scopes)).map(one => [one.reservedNanoUsd, one.spentNanoUsd])).toEqual(
      scopes.map(() => [0, 1666 * 600]),
    )
    for (const connection of connections) connection.disconnect()
  })
})

/** A memory that a test can look into and hand on. */
function memoryOf(first?: Remembered): LedgerMemory & { last: Remembered | undefined } {
  return {
    last: first,
    async read() {
      return this.last
    },
    async write(seen) {
      this.last = structuredClone(seen)
    },
  }
}

async function guarded(prefix: string, memory: LedgerMemory, onEmpty: 'start' | 'refuse' = 'start') {
  const generation = await createGeneration({ prefix, keepCounterMs: dayMs, onEmpty }, redis, memory, logger)
  const ledger = createRedisLedger({ prefix, rememberMs: 600_000, keepCounterMs: dayMs }, redis, generation)
  const order = (holdId: string, tenant: number): HoldOrder => ({
    holdId,
    scopes: scopesOf(1000, 1000, 1000, false)('t'),
    takes: [],
    offers: [{ tenant, deployment: tenant }],
    leaseUntil: startAt + 1000,
    nowMs: startAt,
  })
  const tenantDay = async () => (await ledger.balances(scopesOf(1000, 1000, 1000, false)('t')))[0]
  return { generation, ledger, order, tenantDay }
}

const spending = (tenant: number): Settlement => ({
  spent: { tenant, deployment: tenant },
  lostNanoUsd: 0,
  estimatedNanoUsd: 0,
})

/** Loses what a power cut may lose: some keys, or all. */
async function lose(pattern: string): Promise<void> {
  const keys = await redis.keys(pattern)
  expect(keys.length).toBeGreaterThan(0)
  await redis.del(...keys)
}

describe('a router whose clock is an hour ahead', () => {
  const hourMs = 3_600_000
  const orderAt = (holdId: string, nowMs: number, leaseUntil: number): HoldOrder => ({
    holdId,
    scopes: scopesOf(1000, 1000, 1000, false)('t'),
    takes: [{ name: 'requests', counter: 't:r', perMinute: 60, burst: 5, shadow: false, count: 1 }],
    offers: [{ tenant: 1, deployment: 1 }],
    leaseUntil,
    nowMs,
  })

  it('refuses nobody else by its rates, and finds no hold of a living router due', async () => {
    const ledger = await freshLedger()
    const ahead = Date.now() + hourMs
    for (const name of ['a', 'b', 'c', 'd']) {
      expect((await ledger.reserve(orderAt(name, ahead, Date.now() + 60_000))).kind).toBe('held')
    }
    expect((await ledger.reserve(orderAt('e', Date.now(), Date.now() + 60_000))).kind).toBe('held')
    expect(await ledger.expired(ahead, 10)).toEqual([])
    await ledger.settle('a', { ...spending(1), tokens: 0 }, ahead)
    expect((await ledger.expired(Date.now(), 10)).length).toBe(0)
  })

  it('whose own time is set back keeps nobody waiting for as long', async () => {
    const ledger = await freshLedger()
    const key = `p${histories}:{money}:rate:t:r`
    const reserve = async (name: string): Promise<string> =>
      (await ledger.reserve(orderAt(name, Date.now(), Date.now() + 60_000))).kind
    for (const name of ['a', 'b', 'c', 'd']) expect(await reserve(name)).toBe('held')
    // As it stands once the server's time is set back by an hour.
    const [clock = 0, writtenAt = 0] = ((await redis.get(key)) ?? '').split(' ').map(Number)
    await redis.set(key, `${clock + hourMs} ${writtenAt + hourMs}`)
    expect(await reserve('e')).toBe('held')
    expect(await reserve('f')).toBe('limited')
  })
})

describe('createGeneration()', () => {
  it('closes when the data is gone, and opens with what was spent and held once it is restored', async () => {
    const { generation, ledger, order, tenantDay } = await guarded('g1', memoryOf())
    expect((await ledger.reserve(order('one', 300))).kind).toBe('held')
    await ledger.settle('one', spending(200), startAt)
    expect((await ledger.reserve(order('two', 100))).kind).toBe('held')
    await generation.keep(startAt)
    await lose('g1:*')
    expect(await ledger.reserve(order('three', 1))).toEqual({ kind: 'closed' })
    expect(generation.isOpen).toBe(false)
    const { counters } = await generation.restore('memory', startAt)
    expect(counters.map(({ counter }) => counter).toSorted()).toEqual([
      'deployment:day',
      'tenant:t:day',
      'tenant:t:month',
    ])
    expect(await tenantDay()).toMatchObject({ spentNanoUsd: 300, reservedNanoUsd: 0 })
    expect(await ledger.reserve(order('four', 701))).toMatchObject({ kind: 'refused', remainingNanoUsd: 700 })
    expect((await ledger.reserve(order('five', 700))).kind).toBe('held')
    await expect(generation.restore('memory', startAt)).rejects.toThrow('nothing to restore')
  })

  it('is remembered beyond the process, and every router follows the one that was restored', async () => {
    const memory = memoryOf()
    const first = await guarded('g2', memory)
    const other = await guarded('g2', memoryOf())
    await first.ledger.reserve(first.order('one', 10))
    await other.ledger.reserve(other.order('two', 20))
    await first.generation.keep(startAt)
    await lose('g2:*')
    const again = await guarded('g2', memory)
    expect(await again.ledger.reserve(again.order('three', 1))).toEqual({ kind: 'closed' })
    expect(await other.ledger.reserve(other.order('three', 1))).toEqual({ kind: 'closed' })
    await again.generation.restore('memory', startAt)
    expect((await other.ledger.reserve(other.order('four', 1))).kind).toBe('held')
    expect(await other.tenantDay()).toMatchObject({ spentNanoUsd: 30, reservedNanoUsd: 1 })
  })

  it('does not take the empty ledger of a newcomer for its own, and adds both when it is restored', async () => {
    const old = await guarded('g3', memoryOf())
    await old.ledger.reserve(old.order('one', 50))
    await old.generation.keep(startAt)
    await lose('g3:*')
    const newcomer = await guarded('g3', memoryOf())
    await newcomer.ledger.reserve(newcomer.order('two', 70))
    await newcomer.ledger.settle('two', spending(60), startAt)
    expect(await old.ledger.reserve(old.order('three', 1))).toEqual({ kind: 'closed' })
    await old.generation.restore('memory', startAt)
    expect(await old.tenantDay()).toMatchObject({ spentNanoUsd: 110 })
    expect((await newcomer.ledger.reserve(newcomer.order('four', 1))).kind).toBe('held')
  })

  it('raises counters that have fallen, since what was spent only grows', async () => {
    const { generation, ledger, order, tenantDay } = await guarded('g4', memoryOf())
    await ledger.reserve(order('one', 300))
    await ledger.settle('one', spending(300), startAt)
    await generation.keep(startAt)
    await redis.hset('g4:{money}:scope:tenant:t:day', 'spent', 40)
    await redis.del('g4:{money}:scope:deployment:day')
    await generation.keep(startAt)
    expect(await tenantDay()).toMatchObject({ spentNanoUsd: 300 })
    expect(await redis.hget('g4:{money}:scope:deployment:day', 'spent')).toBe('300')
  })

  it('starts no ledger on an empty Redis where it is told not to', async () => {
    const { generation, ledger, order } = await guarded('g5', memoryOf(), 'refuse')
    expect(await ledger.reserve(order('one', 1))).toEqual({ kind: 'closed' })
    await generation.restore('nothing', startAt)
    expect((await ledger.reserve(order('one', 1))).kind).toBe('held')
  })
})
