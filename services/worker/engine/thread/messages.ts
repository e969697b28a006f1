import type { LegId } from '#services/contract/ids'
import type { Outcome, Work } from '#services/worker/states'
import type { BackendSpec } from '#services/worker/backends/create-backend'

/** What a thread is born with. */
export interface ThreadBirth {
  readonly model: string
  readonly spec: BackendSpec
  /** Folders of the packs that the spec names. */
  readonly packPaths: Readonly<Record<string, string>>
  readonly executionProviders: readonly string[]
  readonly threads: number
  readonly logLevel: string
  /** One cell a place in the batch at work: 1 once nobody wants the leg. Read while the thread computes, when no message gets through. */
  readonly unwanted: Int32Array<SharedArrayBuffer>
}

/** What the main thread says to a model's thread. One run at a time. */
export type ToThread =
  | { readonly kind: 'run'; readonly batch: readonly Work[] }
  /** The same news as the shared cell, for backends that wait rather than compute. */
  | { readonly kind: 'unwanted'; readonly legId: LegId }
  | { readonly kind: 'delta-taken'; readonly legId: LegId }
  | { readonly kind: 'close' }

/** What a model's thread says to the main thread. */
export type FromThread =
  | { readonly kind: 'ready'; readonly maxBatch: number }
  | { readonly kind: 'load-failed'; readonly message: string }
  | { readonly kind: 'delta'; readonly legId: LegId; readonly text: string }
  /** With the time (epoch ms) between which the model was at work. */
  | {
      readonly kind: 'ended'
      readonly outcomes: readonly Outcome[]
      readonly startedAt: number
      readonly endedAt: number
    }
  /** The run threw: a bug, told to the log and not to the caller. */
  | { readonly kind: 'threw'; readonly stack: string }
  | { readonly kind: 'log'; readonly line: string }

/** Places in a batch that a thread can have. */
export const batchPlaces = 256
