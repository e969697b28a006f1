import type { CascadePlan, CascadeRequest, Owner, PlannedLeg } from '#services/state/cascade-log/cascade-log'
import type { HoldOrder, Reservation } from '#services/state/ledger/ledger'
import type { Job } from '#services/state/queue/job'
import type { ExpressBegun, ExpressOrder } from './express-legs.ts'

/** A cascade that is about to begin. */
export interface DispatchOrder {
  /** The money to hold first; absent where it is held already. Its best offer alone is tried. */
  readonly hold?: HoldOrder
  readonly request: CascadeRequest
  readonly plan: CascadePlan
  readonly firstLeg: PlannedLeg
  readonly owner: Owner
  /** The first leg as workers take it. */
  readonly job: Job
  /** The router runs the first leg itself, in a pool with so many slots; absent: the leg is queued. */
  readonly express?: Pick<ExpressOrder, 'concurrency'>
}

/** What became of a dispatch. */
export type Dispatched =
  /**
   * The money is held, the cascade is open and its first leg waits; `shadowed` names watched limits that would have
   * refused.
   */
  | { readonly kind: 'queued'; readonly shadowed: readonly string[] }
  /**
   * The same for a leg that the router is to run: `begun` says how, or that no slot is free and the leg is nowhere
   * yet.
   */
  | { readonly kind: 'express'; readonly begun: ExpressBegun; readonly shadowed: readonly string[] }
  /** The log has this cascade already, or has an order to refuse it. A hold that was made stays, to be settled. */
  | { readonly kind: 'refused' }
  /** The ledger did not hold the money, and nothing has changed. */
  | { readonly kind: 'not-held'; readonly reason: Exclude<Reservation['kind'], 'held'> }

/**
 * Begins cascades: holds the money, opens the cascade in the log and puts the first leg in its queue, or
 * begins it where the router runs it, as one call.
 */
export interface Dispatch {
  /**
   * @throws GatewayError Overloaded when the queue is full (the cascade is open then, without a leg in its queue)
   * or Redis is away
   */
  dispatch(order: DispatchOrder): Promise<Dispatched>
}
