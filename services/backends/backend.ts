import type { DeltaKind } from '#services/contract/answer'
import type { LegId } from '#services/contract/ids'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import type { Outcome, Work } from '#services/backends/work'

/**
 * One model at work: encode → infer → interpret for its task. Lives in a process of its own when it computes, in the
 * main thread when it calls a server.
 */
export interface Backend {
  /** The largest batch taken at once (1 or more). */
  readonly maxBatch: number
  /** Computes a batch; one outcome a leg, in order. Never rejects for one leg's fault. */
  run(batch: readonly Work[], control: RunControl): Promise<readonly Outcome[]>
  /** Whether several runs may be under way at once: true of those that wait for a server. */
  readonly concurrent?: boolean
  /** What the engine behind it has to do, where that tells. */
  engineQueue?(): EngineQueue | undefined
  close(): Promise<void>
}

/** Callbacks of a running backend. */
export interface RunControl {
  /**
   * True once the leg is cancelled; a model that decodes token by token checks it between two steps.
   */
  cancelled(legId: LegId): boolean
  /** The same as a signal, for backends that wait rather than compute. */
  signal(legId: LegId): AbortSignal
  /** A piece of an answer as it comes, of its text if nothing else is said; resolves when more may be sent. */
  onDelta(legId: LegId, text: string, of?: DeltaKind): Promise<void>
  /** Told of a leg that waits for its turn or for a check rather than computes; what is given ends the wait. */
  waits?(legId: LegId): () => void
  /** Told how long a leg has waited for others to be checked. */
  waited?(legId: LegId, waitedMs: number): void
  /** Told by a backend that computes: when its kernels were at work, in epoch ms. */
  ran?(startedAt: number, endedAt: number): void
}
