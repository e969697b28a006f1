import type { DeltaKind } from '#services/contract/answer'
import type { LegId } from '#services/contract/ids'
import type { Outcome, Work } from '#services/backends/work'
import type { BackendSpec } from '#services/backends/create-backend'

/** What a model's process loads. */
export interface ModelOrder {
  readonly model: string
  readonly spec: BackendSpec
  /** Folders of the packs that the spec names. */
  readonly packPaths: Readonly<Record<string, string>>
  readonly executionProviders: readonly string[]
  readonly threads: number
  readonly logLevel: string
}

/** What a worker says to a model's process: `load` first, then one run at a time. */
export type ToModel =
  | { readonly kind: 'load'; readonly order: ModelOrder }
  | {
      readonly kind: 'run'
      readonly batch: readonly Work[]
      /** The clock of the batch's deadlines. */
      readonly nowMs: number
    }
  /** Heard between two steps of a model, since a step holds the process. */
  | { readonly kind: 'unwanted'; readonly legId: LegId }
  | { readonly kind: 'delta-taken'; readonly legId: LegId }
  | { readonly kind: 'close' }

/** What a model's process says to its worker. */
export type FromModel =
  | { readonly kind: 'ready'; readonly maxBatch: number; readonly memoryBytes: number }
  | { readonly kind: 'load-failed'; readonly message: string }
  | { readonly kind: 'delta'; readonly legId: LegId; readonly text: string; readonly of: DeltaKind }
  /** With the times (epoch ms) between which the model was at work, and the memory that is the process's own. */
  | {
      readonly kind: 'ended'
      readonly outcomes: readonly Outcome[]
      readonly startedAt: number
      readonly endedAt: number
      readonly memoryBytes: number
    }
  /** The run threw: a bug, logged and hidden from the caller. */
  | { readonly kind: 'threw'; readonly stack: string }
  | { readonly kind: 'log'; readonly line: string }
