import type { NanoUsd } from '#services/contract/money'
import type { RequestConstraints } from '#services/contract/request'

/** Requests of a file that are run together, as their tenant sees them. */
export interface Batch extends BatchOrder {
  readonly batchId: string
  readonly status: BatchStatus
  readonly createdAt: number
  readonly expiresAt: number
  /** When it came to each status, epoch ms. */
  readonly reachedAt: Readonly<Partial<Record<BatchStatus, number>>>
  readonly rows: BatchCounts
  readonly tokens: BatchTokens
  /** Of every row that is recorded. */
  readonly costNanoUsd: NanoUsd
  /** What is wrong with the input, where it failed. */
  readonly faults: readonly BatchFault[]
  /** Present when it has ended, where any row came to that. */
  readonly outputFileId?: string
  readonly errorFileId?: string
}

/** What is asked for. */
export interface BatchOrder {
  readonly tenant: string
  readonly endpoint: string
  readonly inputFileId: string
  /** As it was written, such as `24h`. */
  readonly window: string
  readonly windowMs: number
  readonly metadata: Readonly<Record<string, string>>
  /** Limits and tags of every row. */
  readonly constraints: RequestConstraints
  readonly labels: Readonly<Record<string, string>>
  /** How long its result files are kept. */
  readonly outputTtlMs: number
}

/** Where a batch stands. */
export type BatchStatus =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled'

/** Rows of a batch. */
export interface BatchCounts {
  readonly total: number
  readonly completed: number
  readonly failed: number
}

/** Tokens of the answers of a batch. */
export interface BatchTokens {
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly reasoning: number
}

/** A fault of the input file. */
export interface BatchFault {
  readonly code: string
  readonly message: string
  /** From 1; absent where it is the file's. */
  readonly line?: number
  readonly param?: string
}

/** A batch that a router drives, at an epoch that fences those before it. */
export interface BatchLease {
  readonly tenant: string
  readonly batchId: string
  readonly epoch: number
}

/** What came of one row: a line of the output file, or of the error file. */
export interface RowRecord {
  /** Place in the input file, from 0. */
  readonly row: number
  readonly line: string
  readonly succeeded: boolean
  readonly tokens: BatchTokens
  readonly costNanoUsd: NanoUsd
}

/** A batch that was taken over, with what is done of it. */
export interface TakenBatch {
  readonly lease: BatchLease
  readonly batch: Batch
  /** Whether a row is recorded. */
  readonly isDone: (row: number) => boolean
}

/** Keeps batches: what was asked for, how far it is, and which router drives it. All of a tenant is in one slot. */
export interface BatchStore {
  /**
   * A new batch, or the one that was made before with the same key.
   * @throws GatewayError RateLimited when the tenant has too many that are under way, AlreadyExists when the key came
   * with another order
   */
  create(order: BatchOrder, key?: string): Promise<Batch>
  find(tenant: string, batchId: string): Promise<Batch | undefined>
  /** Newest first, from behind `after` where that is given. */
  list(tenant: string, query: { readonly limit: number; readonly after?: string }): Promise<readonly Batch[]>
  /** Calls off a batch that is under way; one that has ended stays as it is. `undefined` when there is none. */
  cancel(tenant: string, batchId: string): Promise<Batch | undefined>
  /** Takes batches that no router drives (at most `limit`), each at a new epoch. */
  takeOver(owner: BatchOwner, limit: number): Promise<readonly TakenBatch[]>
  /** Renews the lease and returns the status; `undefined` when it is lost. */
  renew(lease: BatchLease, leaseUntil: number): Promise<BatchStatus | undefined>
  /** Lets another router take the batch at once. */
  release(lease: BatchLease): Promise<void>
  /** The input is sound and has so many rows. False when the lease is lost, or it was cancelled. */
  begin(lease: BatchLease, rows: number): Promise<boolean>
  /** Records rows, each exactly once. False when the lease is lost. */
  record(lease: BatchLease, rows: readonly RowRecord[]): Promise<boolean>
  /** Ends the batch and shows its files. False when the lease is lost. */
  finish(lease: BatchLease, end: BatchEnd): Promise<boolean>
}

/** A router, and until when it drives what it takes. */
export interface BatchOwner {
  readonly name: string
  readonly leaseUntil: number
}

/** How a batch ends. */
export interface BatchEnd {
  readonly status: 'completed' | 'failed' | 'expired' | 'cancelled'
  readonly faults?: readonly BatchFault[]
  /** What was spent on rows that are not recorded, since it was cancelled. */
  readonly unrecordedNanoUsd?: NanoUsd
}

/** Statuses that nothing follows. */
export const endedStatuses: readonly BatchStatus[] = ['completed', 'failed', 'expired', 'cancelled']
