import type { DeltaKind } from '#services/contract/answer'
import type { LegId } from '#services/contract/ids'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import type { Outcome, Work } from '#services/backends/work'

/** Callbacks of a running computation. */
export interface RunHooks {
  /** Aborted when nobody wants this leg any more, or its time is over. */
  signal(legId: LegId): AbortSignal
  /** A piece of an answer as it comes; resolves when more may be sent (back-pressure). */
  onDelta(legId: LegId, text: string, of?: DeltaKind): Promise<void>
  /** A leg waits for something that is no computing of its own; what is given ends the wait. */
  waits?(legId: LegId): () => void
  /** Time that a leg waited for a sandbox, which is no part of its model's time. */
  waited?(legId: LegId, waitedMs: number): void
  /** The model was at work on the batch between these two times (epoch ms), waiting for its turn not counted. */
  ran?(startedAt: number, endedAt: number): void
}

/** Memory of one model's process; nothing of a model that computes elsewhere. */
export interface ModelMemory {
  readonly model: string
  /** What is its own, without mapped files; 0 while it is started. */
  readonly memoryBytes: number
  readonly renewals: number
}

/** Computes legs with the models of this worker. */
export interface Engine {
  /** The models that are loaded and ready. */
  readonly models: readonly string[]
  /** Those of them that another batch would not have to wait for long. */
  readonly takers: readonly string[]
  /** The largest batch that a model takes at once (1 or more). */
  maxBatch(model: string): number
  /**
   * Whether runs of this model get on side by side, as those do that wait for a server; those that compute take
   * turns.
   */
  isParallel(model: string): boolean
  /** Whether a batch of this model is being computed now. */
  isBusy(model: string): boolean
  /** Computes a batch of one model; one outcome a leg, in order. Never rejects: a failure is an outcome. */
  run(batch: readonly Work[], hooks: RunHooks): Promise<readonly Outcome[]>
  /** What the engine behind a model has to do, where it tells. */
  engineQueue(model: string): EngineQueue | undefined
  /** Memory of the models that compute in processes of their own, and how often these were started again for it. */
  memory(): readonly ModelMemory[]
  close(): Promise<void>
}
