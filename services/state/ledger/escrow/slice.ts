import type { NanoUsd } from '#services/contract/money'
import type { Amounts, HoldOrder, Scope } from '../ledger.ts'

/** A counter in a slice. */
interface Entry {
  readonly index: number
  readonly scope: Scope
  /** What is leased of it and not spent; without a limit there is nothing to lease. */
  amountNanoUsd: NanoUsd
  /** What open draws may spend. */
  drawnNanoUsd: NanoUsd
  /** Most that was drawn at once lately. */
  peakNanoUsd: NanoUsd
  /** What was wanted since the last renewal and not covered. */
  missedNanoUsd: NanoUsd
  /** Largest draw that was asked for. */
  largestNanoUsd: NanoUsd
  /** What was left for others when Redis was last asked; `undefined` while Redis does not know the counter here. */
  leftNanoUsd: NanoUsd | undefined
  /** Redis leased nothing: it is asked again at the next renewal. */
  isRefused: boolean
  /** Renewals since the last draw. */
  idleTurns: number
}

interface Part {
  readonly entry: Entry
  readonly amountNanoUsd: NanoUsd
}

/** What is asked of Redis for one counter. */
export interface LeaseLine {
  readonly entry: Entry
  /** Amount to lease, below 0 to give back; `all` gives up the counter. */
  readonly asked: NanoUsd | 'all'
}

/** What came of it. */
export interface LeaseGrant {
  readonly movedNanoUsd: NanoUsd
  readonly leftNanoUsd: NanoUsd
}

/** Counters that a slice has at most; requests against others reserve one by one. */
const mostCounters = 1000
/** Leases are for so many times what was drawn at once, and for so many of the largest draws. */
const peaksLeased = 2
const drawsLeased = 8
/** A counter that nobody drew on for so many renewals gives back all, and leaves the slice. */
const idleTurnsLeased = 2
const idleTurnsKept = 10

/** What one router has leased of every counter, and what its requests have drawn of it. */
export interface Slice {
  readonly id: string
  /**
   * Draws the best offer of an order, and returns the words by which Redis notes it; `undefined` when the slice does
   * not cover it. What is missing is asked for with the next lines.
   */
  draw(order: HoldOrder): string | undefined
  /** Ends a draw: what was charged is gone from the slice, the rest can be drawn again. */
  release(holdId: string, spent: Amounts): void
  /** Whether Redis should be asked before the next renewal. */
  readonly isShort: boolean
  /** What Redis is asked for; what is given back cannot be drawn from here on. A renewal asks about every counter. */
  lines(isRenewal: boolean): readonly LeaseLine[]
  /** Takes what Redis did. */
  take(line: LeaseLine, grant: LeaseGrant): void
}

/** Makes an empty slice: whole nano-USD in memory. Its holder updates Redis. */
export function createSlice(id: string): Slice {
  const entries = new Map<string, Entry>()
  const draws = new Map<string, readonly Part[]>()
  let nextIndex = 0
  let isShort = false

  const add = (scope: Scope): Entry | undefined => {
    if (entries.size >= mostCounters) return undefined
    const none = { amountNanoUsd: 0, drawnNanoUsd: 0, peakNanoUsd: 0, missedNanoUsd: 0, largestNanoUsd: 0 }
    const entry: Entry = { index: nextIndex, scope, ...none, leftNanoUsd: undefined, isRefused: false, idleTurns: 0 }
    nextIndex += 1
    entries.set(scope.counter, entry)
    return entry
  }
  /** Notes what is wanted of a counter, whether it is there or not. */
  const want = (scope: Scope, amountNanoUsd: NanoUsd): Part | undefined => {
    const entry = entries.get(scope.counter) ?? add(scope)
    if (entry === undefined) return undefined
    entry.idleTurns = 0
    entry.largestNanoUsd = Math.max(entry.largestNanoUsd, amountNanoUsd)
    const part = { entry, amountNanoUsd }
    if (!isCovered(part)) entry.missedNanoUsd += amountNanoUsd
    entry.peakNanoUsd = Math.max(entry.peakNanoUsd, entry.drawnNanoUsd + entry.missedNanoUsd, amountNanoUsd)
    isShort ||= isShortOf(entry)
    return part
  }

  return {
    id,
    get isShort() {
      return isShort
    },
    draw({ holdId, scopes, takes, offers }) {
      const [offer = {}] = offers
      // Rates and watched limits are shared by all routers at every moment.
      if (takes.length > 0 || draws.has(holdId) || scopes.some(isWatched)) return undefined
      const wanted = scopes.flatMap(scope => {
        const amount = offer[scope.share]
        return amount === undefined ? [] : [want(scope, amount)]
      })
      const parts = wanted.filter(part => part !== undefined)
      if (parts.length === 0 || parts.length < wanted.length || !parts.every(isCovered)) return undefined
      for (const { entry, amountNanoUsd } of parts) {
        entry.drawnNanoUsd += amountNanoUsd
        entry.peakNanoUsd = Math.max(entry.peakNanoUsd, entry.drawnNanoUsd)
      }
      draws.set(holdId, parts)
      return parts.map(wordsOfPart).join(' ')
    },
    release(holdId, spent) {
      for (const { entry, amountNanoUsd } of draws.get(holdId) ?? []) {
        entry.drawnNanoUsd -= amountNanoUsd
        if (isLimited(entry)) entry.amountNanoUsd -= Math.min(spent[entry.scope.share] ?? 0, amountNanoUsd)
      }
      draws.delete(holdId)
    },
    lines(isRenewal) {
      isShort = false
      if (isRenewal) for (const entry of entries.values()) renew(entry)
      const leaving = isRenewal ? [...entries].filter(([, entry]) => isForgotten(entry)) : []
      for (const [counter] of leaving) entries.delete(counter)
      const left = leaving.filter(([, { leftNanoUsd }]) => leftNanoUsd !== undefined)
      const lines = left.map(([, entry]): LeaseLine => ({ entry, asked: 'all' }))
      lines.push(...[...entries.values()].flatMap(entry => lineOf(entry, isRenewal)))
      return lines
    },
    take({ entry, asked }, { movedNanoUsd, leftNanoUsd }) {
      entry.leftNanoUsd = leftNanoUsd
      if (asked === 'all') return
      if (asked > 0) {
        entry.amountNanoUsd += movedNanoUsd
        entry.isRefused = movedNanoUsd < asked
      }
      isShort ||= askedFor(entry) < 0
    },
  }
}

function isShortOf(entry: Entry): boolean {
  return entry.leftNanoUsd === undefined || (!entry.isRefused && askedFor(entry) !== 0)
}

function wordsOfPart({ entry, amountNanoUsd }: Part): string {
  return `${entry.index} ${amountNanoUsd} ${Number(isLimited(entry))}`
}

/** The words of a line, as `lease.lua` reads them. */
export function wordsOfLine({ entry: { index, scope, largestNanoUsd }, asked }: LeaseLine): string {
  return `${index} ${scope.limitNanoUsd ?? '-'} ${scope.share} ${scope.resetsAt} ${asked} ${largestNanoUsd}`
}

/** What is asked for a counter, where anything is; what it gives back is gone from here on. */
function lineOf(entry: Entry, isRenewal: boolean): LeaseLine | [] {
  const asked = entry.isRefused ? Math.min(0, askedFor(entry)) : askedFor(entry)
  if (asked < 0) entry.amountNanoUsd += asked
  const isKept = isRenewal && isLimited(entry)
  return isKept || asked !== 0 || entry.leftNanoUsd === undefined ? { entry, asked } : []
}

function isForgotten({ drawnNanoUsd, idleTurns }: Entry): boolean {
  return drawnNanoUsd === 0 && idleTurns > idleTurnsKept
}

function isLimited({ scope }: Entry): boolean {
  return scope.limitNanoUsd !== undefined
}

function isWatched({ limitNanoUsd, shadow }: Scope): boolean {
  return limitNanoUsd !== undefined && shadow
}

function isCovered({ entry, amountNanoUsd }: Part): boolean {
  if (entry.leftNanoUsd === undefined) return false
  return !isLimited(entry) || entry.drawnNanoUsd + amountNanoUsd <= entry.amountNanoUsd
}

/**
 * What would bring the counter to its target; 0 while it is near enough. Where less is left for others than is leased
 * here, nothing is kept for requests to come.
 */
function askedFor(entry: Entry): NanoUsd {
  if (!isLimited(entry)) return 0
  const { amountNanoUsd, drawnNanoUsd, peakNanoUsd, largestNanoUsd, leftNanoUsd = 0, idleTurns } = entry
  const isScarce = entry.leftNanoUsd !== undefined && leftNanoUsd < amountNanoUsd
  if (isScarce || idleTurns > idleTurnsLeased) return drawnNanoUsd - amountNanoUsd
  const target = Math.max(peaksLeased * peakNanoUsd, drawsLeased * largestNanoUsd)
  if (amountNanoUsd > 2 * target) return Math.max(target, drawnNanoUsd) - amountNanoUsd
  return amountNanoUsd < target / 2 + drawnNanoUsd / 2 ? target - amountNanoUsd : 0
}

function renew(entry: Entry): void {
  entry.peakNanoUsd = Math.max(entry.drawnNanoUsd, Math.floor(entry.peakNanoUsd / 2))
  entry.missedNanoUsd = 0
  entry.isRefused = false
  entry.idleTurns += 1
}
