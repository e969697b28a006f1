import type { NanoUsd } from '../../shared/contract/money.ts'

/** A place where spending is counted against a limit. */
export interface Scope {
  /** Shown to callers: `request`, `tenant:day`. */
  readonly name: string
  /** Counter that holds it, such as `tenant:acme:day:2026-11-24`. */
  readonly counter: string
  /** Most that reserved and spent may be together; absent means no limit. */
  readonly limitNanoUsd?: NanoUsd
  /** Epoch ms at which the counter starts anew. */
  readonly resetsAt?: number
}

/** What a counter holds now. */
export interface Balance {
  readonly scope: Scope
  readonly reservedNanoUsd: NanoUsd
  readonly spentNanoUsd: NanoUsd
}

/** What came of asking for money. */
export type Reservation =
  | { readonly kind: 'held' }
  /** The first scope that has not enough left. */
  | { readonly kind: 'refused'; readonly scope: Scope; readonly remainingNanoUsd: NanoUsd }

/** Holds money before work and settles it once after. */
export interface Ledger {
  /** Holds an amount in every scope, or in none. Idempotent by hold id. */
  reserve(holdId: string, amountNanoUsd: NanoUsd, scopes: readonly Scope[], leaseUntil: number): Promise<Reservation>
  /** Turns a hold into what was spent. True the first time; later calls change nothing. */
  settle(holdId: string, spentNanoUsd: NanoUsd): Promise<boolean>
  balances(scopes: readonly Scope[]): Promise<readonly Balance[]>
  /** Holds whose lease is past, oldest first: their routers have died. */
  expired(nowMs: number, limit: number): Promise<readonly string[]>
  /** Gives a hold more time. False when it is settled. */
  extend(holdId: string, leaseUntil: number): Promise<boolean>
}
