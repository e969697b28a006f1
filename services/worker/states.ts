import type { DeltaKind, LegResult } from '#services/contract/answer'
import type { Cacheable, MediumKind, Task, TaskOptions, WordPart } from '#services/contract/content'
import type { MessageSpan } from '#services/contract/conversation'
import type { LegId } from '#services/contract/ids'
import type { Recipe } from '#services/contract/model'
import type { Workload } from '#services/state/service-times/workload'
import type { Usage } from '#services/contract/price'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import type { LegFailure } from '#services/state/cascade-log/cascade-log'

/** A part with its content at hand. */
export type LoadedPart =
  | WordPart
  | (Cacheable & { readonly kind: MediumKind; readonly bytes: Uint8Array; readonly mediaType: string })

/** One leg ready to be computed. */
export interface Work {
  readonly legId: LegId
  readonly attempt: number
  readonly model: string
  /** Whose it is, for fairness among those who wait. */
  readonly tenant?: string
  readonly recipe: Recipe
  readonly task: Task
  readonly options: TaskOptions
  readonly parts: readonly LoadedPart[]
  /** The messages that the parts make; one of the user when absent. */
  readonly messages?: readonly MessageSpan[]
  /** How much work the parts are, as the router foresaw it. */
  readonly workload?: Workload
  readonly deadlineAt: number
  readonly streaming: boolean
  /** W3C trace context for a server that is asked. */
  readonly traceparent?: string
  readonly tracestate?: string
  /** Legs with one key prefer one server, whose prefix cache knows them. */
  readonly affinityKey?: string
}

/** What came of computing one leg. */
export type Outcome =
  | { readonly kind: 'done'; readonly result: LegResult }
  | { readonly kind: 'failed'; readonly reason: LegFailure; readonly message: string; readonly usage: Usage }

/** What a computation may ask and tell while it runs. */
export interface RunHooks {
  /** Aborted when nobody wants this leg any more, or its time is over. */
  signal(legId: LegId): AbortSignal
  /** A piece of text, or of reasoning, as it comes; resolves when more may be sent (back-pressure). */
  onDelta(legId: LegId, text: string, of?: DeltaKind): Promise<void>
  /** A leg waits for something that is no computing of its own; what is given ends the wait. */
  waits?(legId: LegId): () => void
  /** A leg has waited so long for others to be checked, which says nothing of how long its model takes. */
  waited?(legId: LegId, waitedMs: number): void
  /** The model was at work on the batch between these two times (epoch ms), waiting for its turn not counted. */
  ran?(startedAt: number, endedAt: number): void
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
  close(): Promise<void>
}
