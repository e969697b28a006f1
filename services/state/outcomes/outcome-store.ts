import type { OutcomeRecord } from './outcome-record.ts'

/** Keeps what is learnt from, apart by ladder, policy version and tenant, and never without bound. */
export interface OutcomeStore {
  append(tenant: string, record: OutcomeRecord): Promise<void>
  /** Every record of a ladder, of one tenant where it is named; stream by stream, each oldest first. */
  read(ladder: string, tenant?: string): AsyncIterable<KeptOutcome>
}

/** A record and whose it is. */
export interface KeptOutcome {
  readonly tenant: string
  readonly record: OutcomeRecord
}
