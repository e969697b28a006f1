import type { NanoUsd } from '#services/contract/money'

/**
 * What a share of a hold is for: what the tenant pays, what the deployment pays in all, and what legs of one pool
 * cost.
 */
export type Share = 'tenant' | 'deployment' | `pool:${string}`

/** Amounts by what they are for; a share that is not named is none. */
export type Amounts = Readonly<Partial<Record<Share, NanoUsd>>>

/** A place where spending is counted, against a limit or without one, in one window of time. */
export interface Scope {
  /** Shown to callers: `tenant:day`, `pool:large:month`. */
  readonly name: string
  /** Counter that holds it, such as `tenant:acme:day:2026-11-24`. */
  readonly counter: string
  /** Which share of a hold counts here. */
  readonly share: Share
  /** Most that reserved and spent may be together; absent means no limit. */
  readonly limitNanoUsd?: NanoUsd
  /** A limit that is only observed: requests that exceed it pass and are counted. */
  readonly shadow: boolean
  /** Epoch ms at which the window ends and the counter starts again. */
  readonly resetsAt: number
}

/** A limit on how much may begin in a minute. */
export interface Rate {
  /** Shown to callers: `tenant:requests`, `tenant:tokens`. */
  readonly name: string
  /** Such as `tenant:acme:requests`. */
  readonly counter: string
  readonly perMinute: number
  /** Most that may begin at once. */
  readonly burst: number
  readonly shadow: boolean
}

/** A rate with what a request takes of it. */
export interface Take extends Rate {
  readonly count: number
}

/** What is asked of the ledger: the first offer that every scope can carry is held. */
export interface HoldOrder {
  readonly holdId: string
  readonly scopes: readonly Scope[]
  readonly takes: readonly Take[]
  /** What may be held, best first. */
  readonly offers: readonly Amounts[]
  /** Epoch ms until which the router answers for the hold. */
  readonly leaseUntil: number
  readonly nowMs: number
}

/** What came of asking for money. */
export type Reservation =
  /** The offer, from 0, and the names of shadowed limits that would have refused. */
  | { readonly kind: 'held'; readonly offer: number; readonly shadowed: readonly string[] }
  /** A scope that has not enough left for the last offer. */
  | {
      readonly kind: 'refused'
      readonly scope: Scope
      readonly remainingNanoUsd: NanoUsd
      /** What open holds there may still give back. */
      readonly reservedNanoUsd: NanoUsd
    }
  /** Too much has begun lately; absent `retryAfterMs` means that it is more than may ever begin at once. */
  | { readonly kind: 'limited'; readonly rate: Rate; readonly retryAfterMs?: number }
  /** The hold was there before and is settled. */
  | { readonly kind: 'settled' }
  /** The ledger's data is gone, and nobody has restored it. */
  | { readonly kind: 'closed' }

/** What the work of a hold has cost. */
export interface Settlement {
  readonly spent: Amounts
  /** Attempts that lost their legs: paid by the deployment. */
  readonly lostNanoUsd: NanoUsd
  /** How much of it is billed by reserves, since receipts are missing. */
  readonly estimatedNanoUsd: NanoUsd
  /** What is given back to the rate of tokens is what was taken less this; absent gives nothing back. */
  readonly tokens?: number
}

/** What a settlement came to. */
export interface Settled {
  /** False when the hold was settled before, or is not known; nothing has changed then. */
  readonly first: boolean
  /** What went beyond the tenant's share of the hold: paid by the deployment. */
  readonly overrunNanoUsd: NanoUsd
}

/** What a counter holds now. */
export interface Counts {
  /** Held by requests, or leased by routers for requests to come. */
  readonly reservedNanoUsd: NanoUsd
  readonly spentNanoUsd: NanoUsd
  /** Costs of attempts that lost their legs. */
  readonly lostNanoUsd: NanoUsd
  /** Costs beyond the holds. */
  readonly overrunNanoUsd: NanoUsd
}

/** A scope with what it holds now. */
export interface Balance extends Counts {
  readonly scope: Scope
}

/** A hold that is not settled. */
export interface OpenHold {
  readonly holdId: string
  readonly leaseUntil: number
  /** What was held, by share. */
  readonly held: Amounts
}

/** Holds money before work and settles it once after. Every change is one atomic step. */
export interface Ledger {
  /** Holds an offer in every scope, or nothing anywhere. Asked again with the same id, it gives what was given. */
  reserve(order: HoldOrder): Promise<Reservation>
  /** Turns a hold into what was spent, once. */
  settle(holdId: string, settlement: Settlement, nowMs: number): Promise<Settled>
  balances(scopes: readonly Scope[]): Promise<readonly Balance[]>
  /** How much of each rate may begin now. */
  allowances(rates: readonly Rate[], nowMs: number): Promise<readonly number[]>
  /** Holds whose lease is past, oldest first: their routers have died. */
  expired(nowMs: number, limit: number): Promise<readonly OpenHold[]>
  /** Holds that are not settled, those that end first first. */
  openHolds(limit: number): Promise<readonly OpenHold[]>
  /** Gives a hold more time. False when it is settled. */
  extend(holdId: string, leaseUntil: number): Promise<boolean>
}

/**
 * What is left of a scope's limit; what the deployment lost counts against its own limits and those of pools, never
 * against a tenant's.
 */
export function remainingOf({ scope, ...counts }: Balance): NanoUsd | undefined {
  if (scope.limitNanoUsd === undefined) return undefined
  const { reservedNanoUsd, spentNanoUsd, lostNanoUsd, overrunNanoUsd } = counts
  const own = reservedNanoUsd + spentNanoUsd
  const used = scope.share === 'tenant' ? own : own + lostNanoUsd + overrunNanoUsd
  return Math.max(0, scope.limitNanoUsd - used)
}
