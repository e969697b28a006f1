import type { BeginLeg, LegEnd, Owner, Receipt } from '#services/state/cascade-log/cascade-log'
import type { LegId } from '#services/contract/ids'
import type { Job } from '#services/state/queue/job'

/** What a router needs to run a leg itself. */
export interface ExpressOrder {
  readonly pool: string
  readonly job: Job
  /** Batches that the workers of the pool may have at work: slots and batches together keep to it. */
  readonly concurrency: number
  readonly owner: Owner
}

/** What became of an order: how the leg was begun, or that no slot is free and nothing has changed. */
export type ExpressBegun = BeginLeg | { readonly kind: 'busy' }

/** Legs that a router runs itself, each under a slot of its pool. */
export interface ExpressLegs {
  /**
   * Takes a slot and begins the leg in the log, as a worker does that takes it out of the queue. A slot goes out only
   * where nobody waits in the queue of the pool.
   */
  begin(order: ExpressOrder): Promise<ExpressBegun>
  /** Writes a leg's end and receipt, and gives its slot back. */
  end(pool: string, legId: LegId, end: LegEnd): Promise<'recorded' | 'fenced' | 'gone'>
  /** Keeps what an attempt has cost that lost its leg, and gives its slot back. Ends nothing. */
  leave(pool: string, legId: LegId, receipt: Pick<Receipt, 'attempt' | 'costNanoUsd'>): Promise<void>
  /** Keeps slots until then: those of a router that does not are given to others. */
  renew(slots: ReadonlyMap<LegId, string>, leaseUntil: number): Promise<void>
}
