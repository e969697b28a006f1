import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { runScript } from '#services/platform/redis/script'
import type { ScriptCall } from '#services/state/dispatch/script-call'
import { closeSlice } from '#services/state/ledger/escrow/close-slices'
import type { Escrow } from '#services/state/ledger/escrow/escrow'
import { createRedisEscrow } from '#services/state/ledger/escrow/redis-escrow'
import { createGeneration } from '#services/state/ledger/generation'
import type { HoldOrder, Ledger, Reservation, Scope, Settlement } from '#services/state/ledger/ledger'
import { createLedgerKeys, type LedgerKeys } from '#services/state/ledger/ledger-keys'
import { createMemoryFile } from '#services/state/ledger/memory-file'
import { createRedisLedger } from '#services/state/ledger/redis-ledger'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const logger = pino({ level: 'silent' })
const dayMs = 86_400_000
const resetsAt = Date.now() + dayMs
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

/** A deployment: one ledger, and routers that lease of it. */
interface Deployment {
  readonly keys: LedgerKeys
  readonly ledger: Ledger
  router(leaseMs?: number): Escrow
}

async function deploy(): Promise<Deployment> {
  ledgers += 1
  const prefix = `e${ledgers}`
  const keep = { prefix, keepCounterMs: dayMs }
  const generation = await createGeneration({ ...keep, onEmpty: 'start' }, redis, createMemoryFile(undefined), logger)
  await generation.refresh()
  const ledger = createRedisLedger({ ...keep, rememberMs: 60_000 }, redis, generation)
  let routers = 0
  return {
    keys: createLedgerKeys(prefix),
    ledger,
    router(leaseMs = 60_000) {
      routers += 1
      const options = { ...keep, name: `r${routers}`, leaseMs }
      return createRedisEscrow(options, { redis, ledger, mark: () => generation.mark, logger })
    },
  }
}

const scope = (counter: string, share: Scope['share'], limitNanoUsd?: number): Scope => ({
  name: `${counter}:day`,
  counter,
  share,
  shadow: false,
  resetsAt,
  ...(limitNanoUsd === undefined ? {} : { limitNanoUsd }),
})

const orderOf = (holdId: string, scopes: readonly Scope[], amount: number): HoldOrder => ({
  holdId,
  scopes,
  takes: [],
  offers: [{ tenant: amount, deployment: amount }],
  leaseUntil: Date.now() + 60_000,
  nowMs: Date.now(),
})

const settlementOf = (amount: number): Settlement => ({
  spent: { tenant: amount, deployment: amount },
  lostNanoUsd: 0,
  estimatedNanoUsd: 0,
})

async function run<Result>({ script, keys, args, read }: ScriptCall<Result>): Promise<Result> {
  return read(await runScript(redis, script, keys, args))
}

/** Draws, or reserves in the ledger what the slice does not cover: as a dispatch does. */
async function reserve({ ledger }: Deployment, escrow: Escrow, order: HoldOrder): Promise<'drawn' | Reservation> {
  const draw = escrow.draw(order)
  if (draw === undefined) return ledger.reserve(order)
  const drawn = await run(draw)
  return drawn.kind === 'held' ? 'drawn' : ledger.reserve(order)
}

interface Counter {
  readonly reserved: number
  readonly spent: number
  readonly leased: number
  readonly overrun: number
  readonly lost: number
}

function counterFrom(fields: ReadonlyMap<string, string>): Counter {
  const of = (field: string): number => Number(fields.get(field) ?? 0)
  return {
    reserved: of('reserved'),
    spent: of('spent'),
    leased: of('leased'),
    overrun: of('overrun'),
    lost: of('lost'),
  }
}

async function counterOf(keys: LedgerKeys, name: string): Promise<Counter> {
  return counterFrom(new Map(Object.entries(await redis.hgetall(keys.counter(name)))))
}

/** Reads all of the books in one step, since a router may lease between two. */
const readBooks = `
local pairs_of = function(key)
  local fields = {}
  local flat = redis.call('HGETALL', key)
  for at = 1, #flat, 2 do fields[#fields + 1] = { flat[at], flat[at + 1] } end
  return fields
end
local books = { counters = {}, slices = {} }
for _, key in ipairs(KEYS) do books.counters[#books.counters + 1] = pairs_of(key) end
for _, id in ipairs(redis.call('ZRANGE', ARGV[1], 0, -1)) do
  books.slices[#books.slices + 1] = { slice = pairs_of(ARGV[2] .. id), draws = pairs_of(ARGV[3] .. id) }
end
return cjson.encode(books)`

type Fields = readonly (readonly [string, string])[]

interface Book extends Counter {
  /** What slices hold of the counter, by their own account. */
  readonly inSlices: number
  /** Whether more is drawn of a slice than it holds. */
  readonly isOverdrawn: boolean
}

async function booksOf(keys: LedgerKeys, names: readonly string[]): Promise<readonly Book[]> {
  const counters = names.map(name => keys.counter(name))
  const told = [...counters, keys.slices, keys.slice(''), keys.draws('')]
  const text = String(await redis.eval(readBooks, counters.length, ...told))
  const books = JSON.parse(text) as { counters: Fields[]; slices: { slice: Fields; draws: Fields }[] | object }
  // An empty table of Lua is an object in JSON.
  const slices = Array.isArray(books.slices) ? books.slices : []
  const listOf = (fields: Fields): Fields => (Array.isArray(fields) ? fields : [])
  return counters.map((counter, at) => {
    let inSlices = 0
    let isOverdrawn = false
    for (const { slice, draws } of slices) {
      const index = listOf(slice)
        .find(([field, value]) => /^c\d+$/u.test(field) && value === counter)?.[0]
        .slice(1)
      if (index === undefined) continue
      const leased = Number(new Map(listOf(slice)).get(`a${index}`))
      inSlices += leased
      isOverdrawn ||= listOf(draws).reduce((sum, [, drawn]) => sum + drawnOf(drawn, index), 0) > leased
    }
    return { ...counterFrom(new Map(listOf(books.counters[at] ?? []))), inSlices, isOverdrawn }
  })
}

function drawnOf(text: string, wanted: string): number {
  const words = text.split(' ')
  let sum = 0
  for (let at = 0; at + 2 < words.length; at += 3) {
    if (words[at] === wanted && words[at + 2] === '1') sum += Number(words[at + 1])
  }
  return sum
}

/** Keeps the slice of a counter warm: the first request shows what is wanted, and reserves in the ledger. */
async function warm(deployment: Deployment, escrow: Escrow, scopes: readonly Scope[], amount: number): Promise<void> {
  await reserve(deployment, escrow, orderOf('warm', scopes, amount))
  await escrow.renew()
  await escrow.settle('warm', settlementOf(0), Date.now())
}

describe('money by escrow', () => {
  it('reserves in the slice, settles exactly, and gives back what is idle when the router ends', async () => {
    const deployment = await deploy()
    const { keys, ledger } = deployment
    const escrow = deployment.router()
    const scopes = [scope('t', 'tenant', 10_000), scope('d', 'deployment')]
    await warm(deployment, escrow, scopes, 100)
    expect(await counterOf(keys, 't')).toMatchObject({ reserved: 0, spent: 0, leased: 800 })
    expect(await reserve(deployment, escrow, orderOf('a', scopes, 100))).toBe('drawn')
    expect(await reserve(deployment, escrow, orderOf('b', scopes, 100))).toBe('drawn')
    // What is leased and not drawn is left for whoever asks.
    expect(await ledger.balances(scopes)).toMatchObject([{ reservedNanoUsd: 200 }, { reservedNanoUsd: 200 }])
    const settled = await Promise.all([
      escrow.settle('a', settlementOf(30), Date.now()),
      escrow.settle('b', { ...settlementOf(130), lostNanoUsd: 7 }, Date.now()),
    ])
    expect(settled).toEqual([
      { first: true, overrunNanoUsd: 0 },
      { first: true, overrunNanoUsd: 30 },
    ])
    expect(await escrow.settle('a', settlementOf(30), Date.now())).toEqual({ first: false, overrunNanoUsd: 0 })
    expect(await counterOf(keys, 't')).toEqual({ reserved: 0, spent: 130, leased: 670, overrun: 30, lost: 0 })
    expect(await counterOf(keys, 'd')).toEqual({ reserved: 0, spent: 130, leased: 0, overrun: 30, lost: 7 })
    await escrow.close()
    expect(await counterOf(keys, 't')).toMatchObject({ reserved: 0, spent: 130, leased: 0 })
    expect(await redis.exists(keys.slices)).toBe(0)
  })

  it('turns the draws of a router that died into holds after its lease, and not before', async () => {
    const deployment = await deploy()
    const { keys, ledger } = deployment
    const [lasting, dying] = [deployment.router(), deployment.router(150)]
    const scopes = [scope('t', 'tenant', 10_000), scope('d', 'deployment', 50_000)]
    await warm(deployment, lasting, scopes, 100)
    await warm(deployment, dying, scopes, 100)
    expect(await reserve(deployment, lasting, orderOf('alive', scopes, 100))).toBe('drawn')
    expect(await reserve(deployment, dying, orderOf('dead', scopes, 100))).toBe('drawn')
    await expect
      .poll(() => ledger.expired(Date.now(), 10), { timeout: 5000, interval: 20 })
      .toMatchObject([{ holdId: 'dead', held: { tenant: 100, deployment: 100 } }])
    expect(await counterOf(keys, 't')).toMatchObject({ reserved: 100, leased: 800 })
    // The router was only slow: its request goes on, and is settled once.
    expect(await dying.settle('dead', settlementOf(60), Date.now())).toEqual({ first: true, overrunNanoUsd: 0 })
    expect(await reserve(deployment, dying, orderOf('later', scopes, 100))).toMatchObject({ kind: 'held' })
    expect(await counterOf(keys, 't')).toMatchObject({ reserved: 100, spent: 60, leased: 800 })
  })

  it('refuses a draw that comes after its settlement, or after its slice was taken', async () => {
    const deployment = await deploy()
    const escrow = deployment.router()
    const scopes = [scope('t', 'tenant', 10_000)]
    await warm(deployment, escrow, scopes, 100)
    const late = escrow.draw(orderOf('late', scopes, 100))!
    expect(await escrow.settle('late', settlementOf(0), Date.now())).toMatchObject({ first: false })
    expect(await run(late)).toEqual({ kind: 'settled' })
    const fenced = escrow.draw(orderOf('fenced', scopes, 100))!
    await closeSlice(redis, deployment.keys, 'r1-1', true)
    expect(await run(fenced)).toEqual({ kind: 'closed' })
    expect(await counterOf(deployment.keys, 't')).toMatchObject({ reserved: 0, spent: 0, leased: 0 })
  })

  it('leases nothing near a limit, and what another router holds idle comes back at its renewals', async () => {
    const deployment = await deploy()
    const [rich, poor] = [deployment.router(), deployment.router()]
    const scopes = [scope('t', 'tenant', 1000)]
    await warm(deployment, rich, scopes, 30)
    expect((await counterOf(deployment.keys, 't')).leased).toBe(240)
    expect(await reserve(deployment, poor, orderOf('large', scopes, 700))).toMatchObject({ kind: 'held' })
    expect(await reserve(deployment, poor, orderOf('more', scopes, 200))).toMatchObject({ kind: 'refused' })
    await rich.renew()
    await rich.renew()
    expect((await counterOf(deployment.keys, 't')).leased).toBeLessThan(100)
    expect(await reserve(deployment, poor, orderOf('again', scopes, 200))).toMatchObject({ kind: 'held' })
  })

  it('leaves rates and watched limits to the ledger', async () => {
    const deployment = await deploy()
    const escrow = deployment.router()
    const watched = { ...scope('t', 'tenant', 10_000), shadow: true }
    const rate = { name: 'r', counter: 'r', perMinute: 60, burst: 5, shadow: false, count: 1 }
    await warm(deployment, escrow, [scope('u', 'tenant', 10_000)], 100)
    expect(escrow.draw(orderOf('a', [watched], 100))).toBeUndefined()
    expect(escrow.draw({ ...orderOf('b', [scope('u', 'tenant', 10_000)], 100), takes: [rate] })).toBeUndefined()
    expect(escrow.draw(orderOf('c', [scope('u', 'tenant', 10_000)], 100))).toBeDefined()
  })
})

/** One step of a history; each kind reads the fields that it needs. */
interface Step {
  readonly kind: 'reserve' | 'settle' | 'renew' | 'crash' | 'seize' | 'arrive'
  readonly router: number
  readonly tenant: 'a' | 'b'
  readonly amount: number
  readonly usedRatio: number
  readonly isDelayed: boolean
  readonly many: number
}

const weighted = (weight: number, kind: Step['kind']) => ({ weight, arbitrary: fc.constant(kind) })
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    weighted(10, 'reserve'),
    weighted(4, 'settle'),
    weighted(5, 'renew'),
    weighted(1, 'crash'),
    weighted(1, 'seize'),
    weighted(2, 'arrive'),
  ),
  router: fc.integer({ min: 0, max: 2 }),
  tenant: fc.constantFrom('a', 'b'),
  amount: fc.integer({ min: 0, max: 60 }),
  usedRatio: fc.constantFrom(0, 0.3, 1),
  isDelayed: fc.boolean(),
  many: fc.integer({ min: 1, max: 6 }),
})

describe('money by escrow in random histories', () => {
  it('never exceeds a limit, draws no more than is leased, and settles what was held once, whoever dies', async () => {
    let drawn = 0
    const history = fc.record({
      tenantLimit: fc.integer({ min: 0, max: 2500 }),
      deploymentLimit: fc.integer({ min: 0, max: 4000 }),
      steps: fc.array(step, { minLength: 5, maxLength: 40 }),
    })
    await fc.assert(
      fc.asyncProperty(history, async ({ tenantLimit, deploymentLimit, steps }) => {
        const deployment = await deploy()
        const { keys, ledger } = deployment
        const limits = new Map([
          ['a', tenantLimit],
          ['b', tenantLimit],
          ['d', deploymentLimit],
        ])
        const routers = [deployment.router(), deployment.router(), deployment.router()]
        /** The plain model: what each request that was held has used, and who is to settle it. */
        const held = new Map<string, { tenant: 'a' | 'b'; used: number; router: Escrow }>()
        const settled = new Set<string>()
        /** Redis has confirmed these, so each is to be settled in the end. */
        const confirmed = new Set<string>()
        const delayed: { holdId: string; call: ScriptCall<Reservation> }[] = []

        const check = async (): Promise<void> => {
          const books = await booksOf(keys, [...limits.keys()])
          for (const [at, limit] of [...limits.values()].entries()) {
            const { reserved, spent, leased, inSlices, isOverdrawn } = books[at]!
            expect(Math.min(reserved, spent, leased)).toBeGreaterThanOrEqual(0)
            expect(reserved + spent + leased).toBeLessThanOrEqual(limit)
            expect({ inSlices, isOverdrawn }).toEqual({ inSlices: leased, isOverdrawn: false })
          }
        }
        const arrive = async (count: number): Promise<void> => {
          const due = delayed.splice(0, count)
          const replies = await Promise.all(due.map(({ call }) => run(call)))
          for (const [at, { kind }] of replies.entries()) if (kind === 'held') confirmed.add(due[at]!.holdId)
        }
        const settle = async (holdId: string, by: Pick<Ledger, 'settle'>): Promise<void> => {
          const { first } = await by.settle(holdId, settlementOf(held.get(holdId)?.used ?? 0), Date.now())
          expect(first && settled.has(holdId)).toBe(false)
          if (first) settled.add(holdId)
        }
        const reserveMany = async (one: Step, at: number): Promise<void> => {
          const router = routers[one.router]!
          const { tenant, amount } = one
          const about = { tenant, used: Math.floor(amount * one.usedRatio), router }
          for (let turn = 0; turn < one.many; turn += 1) {
            const holdId = `h${at}-${turn}`
            const scopes = [scope(tenant, 'tenant', tenantLimit), scope('d', 'deployment', deploymentLimit)]
            const order = orderOf(holdId, scopes, amount)
            const call = router.draw(order)
            if (call !== undefined) drawn += 1
            if (call !== undefined && one.isDelayed) {
              held.set(holdId, about)
              delayed.push({ holdId, call })
              continue
            }
            const { kind } = await (call === undefined ? ledger.reserve(order) : run(call))
            if (kind !== 'held') continue
            held.set(holdId, about)
            confirmed.add(holdId)
          }
        }
        /** Settles, and reserves while the settlements are on their way. */
        const settleMany = async (one: Step, at: number): Promise<void> => {
          const router = routers[one.router]!
          const open = [...held].filter(([id, about]) => about.router === router && !settled.has(id))
          const settling = Promise.all(open.slice(0, one.many).map(([id]) => settle(id, router)))
          await reserveMany(one, at)
          await check()
          await settling
        }
        const take = async (one: Step, at: number): Promise<void> => {
          if (one.kind === 'reserve') await reserveMany(one, at)
          else if (one.kind === 'settle') await settleMany(one, at)
          else if (one.kind === 'renew') await routers[one.router]!.renew()
          else if (one.kind === 'crash') routers[one.router] = deployment.router()
          else if (one.kind === 'arrive') await arrive(one.many)
          else for (const id of await redis.zrange(keys.slices, '0', '-1')) await closeSlice(redis, keys, id, true)
        }

        for (const [at, one] of steps.entries()) {
          await take(one, at)
          await check()
        }
        await arrive(delayed.length)
        for (const id of await redis.zrange(keys.slices, '0', '-1')) await closeSlice(redis, keys, id, true)
        await check()
        for (const { holdId } of await ledger.openHolds(1000)) await settle(holdId, ledger)
        expect([...confirmed].filter(id => !settled.has(id))).toEqual([])
        for (const name of limits.keys()) {
          const owed = [...settled].filter(id => name === 'd' || held.get(id)?.tenant === name)
          const used = owed.reduce((sum, id) => sum + (held.get(id)?.used ?? 0), 0)
          expect(await counterOf(keys, name)).toMatchObject({ reserved: 0, leased: 0, spent: used })
        }
        expect(await redis.zcard(keys.holds)).toBe(0)
      }),
      { numRuns: 60, seed: 24 },
    )
    expect(drawn).toBeGreaterThan(200)
  }, 60_000)
})
