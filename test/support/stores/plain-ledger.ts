import type {
  Amounts,
  Counts,
  HoldOrder,
  Ledger,
  Rate,
  Reservation,
  Scope,
  Settled,
  Settlement,
  Share,
} from '#services/state/ledger/ledger'

interface Hold {
  readonly order: HoldOrder
  readonly offer: number
  readonly amounts: Amounts
  readonly tokens: { readonly counter: string; readonly count: number; readonly perMinute: number } | undefined
}

type Counter = { -readonly [Name in keyof Counts]: Counts[Name] }

/**
 * The ledger as it is written down: maps and sums in one process, no Redis. What the one in Redis does is compared
 * with it.
 */
export class PlainLedger implements Ledger {
  readonly holds = new Map<string, Hold>()
  readonly settled = new Set<string>()
  readonly leases = new Map<string, number>()
  readonly #counters = new Map<string, Counter>()
  readonly #clocks = new Map<string, number>()

  async reserve(order: HoldOrder): Promise<Reservation> {
    const before = this.holds.get(order.holdId)
    if (before !== undefined) return { kind: 'held', offer: before.offer, shadowed: [] }
    if (this.settled.has(order.holdId)) return { kind: 'settled' }
    const shadowed: string[] = []
    const clocks = new Map<string, number>()
    for (const take of order.takes) {
      const next = Math.max(this.#clocks.get(take.counter) ?? 0, order.nowMs) + take.count * (60_000 / take.perMinute)
      const waitMs = next - order.nowMs - take.burst * (60_000 / take.perMinute)
      if (waitMs <= 0.001) clocks.set(take.counter, next)
      else if (take.shadow) shadowed.push(take.name)
      else {
        const never = take.count > take.burst
        return { kind: 'limited', rate: take, ...(never ? {} : { retryAfterMs: Math.ceil(waitMs) }) }
      }
    }
    const isShort = (scope: Scope, offer: Amounts): boolean => {
      const amount = offer[scope.share]
      return scope.limitNanoUsd !== undefined && amount !== undefined && amount > 0 && amount > this.#left(scope)
    }
    const offer = order.offers.findIndex(one => !order.scopes.some(scope => !scope.shadow && isShort(scope, one)))
    const amounts = order.offers[offer]
    if (amounts === undefined) {
      const last = order.offers.at(-1) ?? {}
      const scope = order.scopes.find(one => !one.shadow && isShort(one, last))
      if (scope === undefined) throw new Error('no offers')
      const remainingNanoUsd = Math.max(0, this.#left(scope))
      return { kind: 'refused', scope, remainingNanoUsd, reservedNanoUsd: this.#counter(scope.counter).reservedNanoUsd }
    }
    for (const scope of order.scopes) {
      const amount = amounts[scope.share]
      if (amount === undefined) continue
      if (scope.shadow && isShort(scope, amounts)) shadowed.push(scope.name)
      this.#counter(scope.counter).reservedNanoUsd += amount
    }
    for (const [counter, clock] of clocks) this.#clocks.set(counter, clock)
    const tokens = order.takes.find(take => take.count !== 1 && clocks.has(take.counter))
    this.holds.set(order.holdId, { order, offer, amounts, tokens })
    this.leases.set(order.holdId, order.leaseUntil)
    return { kind: 'held', offer, shadowed }
  }

  async settle(holdId: string, settlement: Settlement, nowMs: number): Promise<Settled> {
    const hold = this.holds.get(holdId)
    if (hold === undefined) return { first: false, overrunNanoUsd: 0 }
    let overrunNanoUsd = 0
    for (const { counter: name, share } of hold.order.scopes) {
      const held = hold.amounts[share]
      if (held === undefined) continue
      const counter = this.#counter(name)
      const used = settlement.spent[share] ?? 0
      counter.reservedNanoUsd -= held
      counter.spentNanoUsd += Math.min(used, held)
      counter.overrunNanoUsd += Math.max(0, used - held)
      if (share === 'tenant') overrunNanoUsd = Math.max(0, used - held)
      if (share === 'deployment') counter.lostNanoUsd += settlement.lostNanoUsd
    }
    if (hold.tokens !== undefined && settlement.tokens !== undefined) {
      const { counter, count, perMinute } = hold.tokens
      const used = Math.min(settlement.tokens, 10 * count)
      const later = (this.#clocks.get(counter) ?? 0) - (count - used) * (60_000 / perMinute)
      this.#clocks.set(counter, later > nowMs ? later : 0)
    }
    this.holds.delete(holdId)
    this.leases.delete(holdId)
    this.settled.add(holdId)
    return { first: true, overrunNanoUsd }
  }

  async balances(scopes: readonly Scope[]) {
    return scopes.map(scope => ({ scope, ...this.#counter(scope.counter) }))
  }

  async allowances(rates: readonly Rate[], nowMs: number) {
    return rates.map(({ counter, perMinute, burst }) => {
      const ahead = Math.max(0, (this.#clocks.get(counter) ?? 0) - nowMs) / (60_000 / perMinute)
      return Math.max(0, Math.floor(burst - ahead))
    })
  }

  async expired(nowMs: number, limit: number) {
    return [...this.leases]
      .filter(([, leaseUntil]) => leaseUntil <= nowMs)
      .toSorted(([one, a], [other, b]) => a - b || (one < other ? -1 : 1))
      .slice(0, limit)
      .map(([holdId, leaseUntil]) => {
        const { order, amounts } = this.holds.get(holdId)!
        const shares = order.scopes.map(({ share }) => share).filter(share => amounts[share] !== undefined)
        const held = Object.fromEntries(shares.map((share): [Share, number] => [share, amounts[share]!]))
        return { holdId, leaseUntil, held }
      })
  }

  async openHolds(limit: number) {
    return this.expired(Number.POSITIVE_INFINITY, limit)
  }

  async extend(holdId: string, leaseUntil: number) {
    const before = this.leases.get(holdId)
    if (before === undefined || before === leaseUntil) return false
    this.leases.set(holdId, leaseUntil)
    return true
  }

  #counter(name: string): Counter {
    const found = this.#counters.get(name)
    if (found !== undefined) return found
    const made = { reservedNanoUsd: 0, spentNanoUsd: 0, lostNanoUsd: 0, overrunNanoUsd: 0 }
    this.#counters.set(name, made)
    return made
  }

  #left({ counter, share, limitNanoUsd = 0 }: Scope): number {
    const { reservedNanoUsd, spentNanoUsd, lostNanoUsd, overrunNanoUsd } = this.#counter(counter)
    const own = limitNanoUsd - reservedNanoUsd - spentNanoUsd
    return share === 'tenant' ? own : own - lostNanoUsd - overrunNanoUsd
  }
}
