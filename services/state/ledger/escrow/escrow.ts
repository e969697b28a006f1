import type { ScriptCall } from '#services/state/dispatch/script-call'
import type { HoldOrder, Ledger, Reservation } from '../ledger.ts'

/**
 * Money that a router has leased from the ledger, out of which it reserves in memory. It settles what it reserved, and
 * leaves what it did not to the ledger.
 */
export interface Escrow extends Pick<Ledger, 'settle'> {
  /** Requests that it drew for, and those that it left to the ledger. */
  readonly counts: { readonly drawn: number; readonly reserved: number }
  /**
   * Reserves the best offer of an order, and returns the call by which Redis notes it; `undefined` when the order is to
   * be reserved in the ledger.
   */
  draw(order: HoldOrder): ScriptCall<Reservation> | undefined
  /** Keeps the leases, and moves money to where it is wanted; to be called several times within a lease. */
  renew(): Promise<void>
  /** Gives everything back: what is not settled becomes a hold of the ledger. */
  close(): Promise<void>
}
