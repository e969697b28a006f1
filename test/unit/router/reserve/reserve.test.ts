import { describe, expect, it } from 'vitest'
import { createReserve } from '#services/router/reserve/reserve'
import { createReserveShadow } from '#services/router/reserve/reserve-shadow'
import { createBudgets, type BudgetOptions } from '#services/router/ledger/budgets'
import type { Ledger } from '#services/state/ledger/ledger'
import type { Chosen, CandidateRung } from '#services/router/request/states'
import { createRequestId } from '#services/contract/ids'
import type { Payers, Rung } from '#services/contract/model'
import { PlainLedger } from '../../../support/stores/plain-ledger.ts'

const nowMs = Date.parse('2026-11-24T12:00:00Z')
const clock = { now: () => nowMs }
const limit = (nanoUsd: number, shadow = false) => ({ nanoUsd, shadow })

function rung(name: string, pool: string, reserveNanoUsd: number, more: Partial<Rung> = {}): CandidateRung {
  const model = { name, pool } as unknown as Rung['model']
  return {
    rung: { name, model, recipe: {}, ...more },
    reserveNanoUsd,
    predictedCostNanoUsd: 1,
    predictedWaitMs: 0,
    neededMs: 0,
  }
}

const ladder = [rung('small', 'p1', 100), rung('medium', 'p2', 300), rung('large', 'p3', 1000)]

function chosen(candidateRungs: readonly CandidateRung[] = ladder, more: Partial<Chosen> = {}): Chosen {
  const sum = candidateRungs.reduce((all, one) => all + one.reserveNanoUsd, 0)
  return {
    requestId: createRequestId(nowMs),
    caller: { tenant: 'acme', credentialId: 'c', scopes: ['infer'] },
    request: { task: 'generate', parts: [], options: {}, constraints: { priority: 'normal' }, labels: {} },
    candidateRungs,
    firstStep: { kind: 'call', model: candidateRungs.at(-1)?.rung.name ?? '', reason: 'predicted' },
    guided: { ladder: { name: 'l', task: 'generate', modalities: [], rungs: candidateRungs.map(one => one.rung) } },
    estimate: { models: {}, features: {} },
    reserveNanoUsd: sum,
    mostTokens: 50,
    deadlineAt: nowMs + 1000,
    ...more,
  } as unknown as Chosen
}

function setUp(more: Partial<BudgetOptions> = {}, payers: Payers = {}, ledger: Ledger = new PlainLedger()) {
  const seen: string[] = []
  const budgets = createBudgets({
    timeZone: 'UTC',
    tenant: {},
    tenants: new Map(),
    pools: new Map(),
    deployment: {},
    ...more,
  })
  const observe = (name: string, outcome: string): void => void seen.push(`${name} ${outcome}`)
  const reserve = createReserve({ holdLeaseMs: 500, payers }, { ledger, budgets, clock, observe })
  const balances = async () =>
    Object.fromEntries(
      (await ledger.balances(budgets.scopes('acme', nowMs))).map(one => [one.scope.name, one.reservedNanoUsd]),
    )
  return { reserve, ledger, budgets, seen, balances }
}

const left = (reserved: { candidateRungs: readonly CandidateRung[] }): readonly string[] =>
  reserved.candidateRungs.filter(one => one.removedBy === undefined).map(one => one.rung.name)

describe('createReserve()', () => {
  it('holds the most expensive path in every scope, and of each pool what its own legs may cost', async () => {
    const { reserve, balances } = setUp({ pools: new Map([['p3', { day: limit(5000) }]]) })
    const reserved = await reserve.hold(chosen())
    expect(reserved).toMatchObject({ reserveNanoUsd: 1400, firstStep: { model: 'large' } })
    expect(await balances()).toEqual({
      'tenant:day': 1400,
      'tenant:month': 1400,
      'deployment:day': 1400,
      'deployment:month': 1400,
      'pool:p3:day': 1000,
    })
  })

  it('holds every leg beside a rung too: the tenant its own, the deployment what it pays', async () => {
    const { reserve, balances } = setUp({}, { hedge: 'deployment' })
    const hedged = rung('large', 'p3', 1000, { extraLegs: { hedge: 1, retry: 2, sample: 0 } })
    expect(await reserve.hold(chosen([hedged]))).toMatchObject({
      reserveNanoUsd: 3000,
      payers: { hedge: 'deployment' },
    })
    expect(await balances()).toMatchObject({ 'tenant:day': 3000, 'deployment:day': 4000 })
  })

  it('holds as much of the ladder as a budget covers, and steps on what is paid for', async () => {
    const { reserve, balances } = setUp({ tenant: { month: limit(450) } })
    const reserved = await reserve.hold(chosen())
    expect(left(reserved)).toEqual(['small', 'medium'])
    expect(reserved.candidateRungs[2]).toMatchObject({ removedBy: 'cost' })
    expect(reserved.firstStep.model).toBe('small')
    expect(await balances()).toMatchObject({ 'tenant:day': 400 })
  })

  it('goes round a pool whose money is spent', async () => {
    const { reserve } = setUp({ pools: new Map([['p1', { day: limit(50) }]]) })
    expect(left(await reserve.hold(chosen()))).toEqual(['medium', 'large'])
  })

  it('refuses what not even the cheapest rung fits in, and says when to come back', async () => {
    const spent = setUp({ tenant: { day: limit(99) } })
    await expect(spent.reserve.hold(chosen())).rejects.toMatchObject({
      code: 'BudgetExceeded',
      details: { reason: 'BUDGET_SPENT', quota: { subject: 'tenant:day' }, retryAfterMs: 12 * 3_600_000 },
    })
    expect(spent.seen).toEqual(['tenant:day refused'])
    const held = setUp({ tenant: { day: limit(1450) } })
    await held.reserve.hold(chosen())
    // What is held may come back at any moment.
    await expect(held.reserve.hold(chosen())).rejects.toMatchObject({ details: { retryAfterMs: 1000 } })
  })

  it('keeps a request within what one may cost, by the deployment and by the caller', async () => {
    const { reserve } = setUp({ request: limit(350) })
    const reserved = await reserve.hold(chosen())
    expect(reserved.reserveNanoUsd).toBe(350)
    expect(left(reserved)).toEqual(['small', 'medium'])
    const { reserve: strict, seen } = setUp({ request: limit(99) })
    await expect(strict.hold(chosen())).rejects.toMatchObject({ details: { reason: 'BUDGET_REQUEST' } })
    expect(seen).toEqual(['request refused'])
  })

  it('lets through what a shadowed limit would refuse, and tells of it', async () => {
    const { reserve, seen } = setUp({
      request: limit(10, true),
      tenant: { day: limit(10, true), requests: { perMinute: 60, burst: 1, shadow: true } },
    })
    expect((await reserve.hold(chosen())).reserveNanoUsd).toBe(1400)
    await reserve.hold(chosen())
    expect(seen).toEqual([
      'request shadowed',
      'tenant:day shadowed',
      'request shadowed',
      'tenant:requests shadowed',
      'tenant:day shadowed',
    ])
  })

  it('limits what begins in a minute, by requests and by tokens', async () => {
    const { reserve } = setUp({ tenant: { requests: { perMinute: 60, burst: 2, shadow: false } } })
    await reserve.hold(chosen())
    await reserve.hold(chosen())
    await expect(reserve.hold(chosen())).rejects.toMatchObject({
      code: 'RateLimited',
      details: { reason: 'RATE_LIMIT', quota: { subject: 'tenant:requests' }, retryAfterMs: 1000 },
    })
    const { reserve: tokens } = setUp({ tenant: { tokens: { perMinute: 40, burst: 40, shadow: false } } })
    const never = await tokens.hold(chosen()).catch((error: unknown) => error)
    expect(never).toMatchObject({ details: { reason: 'RATE_NEVER' } })
    expect(never).not.toHaveProperty('details.retryAfterMs')
  })

  it('refuses what is limited while the ledger has lost its data, and lets the rest through', async () => {
    const closed: Ledger = Object.assign(new PlainLedger(), { reserve: async () => ({ kind: 'closed' as const }) })
    const paid = setUp({ tenant: { day: limit(5000) } }, {}, closed)
    await expect(paid.reserve.hold(chosen())).rejects.toMatchObject({
      code: 'Overloaded',
      details: { reason: 'LEDGER_CLOSED' },
    })
    const free = setUp({}, {}, closed)
    expect((await free.reserve.hold(chosen())).reserveNanoUsd).toBe(1400)
  })

  describe('leaves the hold to the dispatch', () => {
    const direct = { mode: 'sync', parts: [{ kind: 'text', text: 'hello' }] } as const

    it('of a caller who waits and whose content travels with the leg, and reserves nothing itself', async () => {
      const { reserve, balances } = setUp({ tenant: { month: limit(450) } })
      const reserved = reserve.defer(chosen(ladder, direct))
      expect(reserved).toMatchObject({
        reserveNanoUsd: 1400,
        holdId: reserved?.requestId,
        firstStep: { model: 'large' },
      })
      expect(reserved?.hold).toMatchObject({ holdId: reserved?.requestId, nowMs })
      expect(reserved?.hold?.offers[0]).toMatchObject({ tenant: 1400, deployment: 1400 })
      expect(await balances()).toMatchObject({ 'tenant:month': 0 })
      expect((await reserve.hold(chosen(ladder, direct))).hold).toBeUndefined()
    })

    it('of no job, no request with an idempotency key, and none beside media and long texts', () => {
      const { reserve } = setUp()
      const { request } = chosen()
      const image = { kind: 'image' as const, bytes: new Uint8Array(8), mediaType: 'image/png', header: {} }
      const long = { kind: 'text' as const, text: 'x'.repeat(20_000) }
      for (const more of [
        { mode: 'async' as const },
        { request: { ...request, idempotencyKey: 'k' } },
        { parts: [image] },
        { parts: [long] },
      ]) {
        expect(reserve.defer(chosen(ladder, { ...direct, ...more }))).toBeUndefined()
      }
      expect(reserve.defer(chosen(ladder, direct))).toBeDefined()
    })

    it('of nothing that may not cost what its cheapest rung may', () => {
      const { reserve } = setUp({ request: limit(99) })
      expect(() => reserve.defer(chosen(ladder, direct))).toThrow('the cheapest rung may cost')
    })
  })
})

describe('createReserveShadow()', () => {
  it('takes from the deployment alone, within a limit of its own', async () => {
    const { ledger, budgets, balances } = setUp({ pools: new Map([['p3', { day: limit(5000) }]]) })
    const reserve = createReserveShadow({ perDayNanoUsd: 1500, holdLeaseMs: 500 }, { ledger, budgets, clock })
    expect(await reserve(chosen([ladder[2]!]))).toMatchObject({ payers: { answer: 'deployment' } })
    expect(await balances()).toMatchObject({ 'tenant:day': 0, 'deployment:day': 1000, 'pool:p3:day': 1000 })
    await expect(reserve(chosen([ladder[2]!]))).rejects.toMatchObject({
      details: { quota: { subject: 'shadow:day' } },
    })
  })
})
