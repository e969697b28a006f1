import type { LegResult } from '#services/contract/answer'
import type { Cacheable, MediumKind, Task, TaskOptions, WordPart } from '#services/contract/content'
import type { MessageSpan } from '#services/contract/conversation'
import type { LegId } from '#services/contract/ids'
import type { Recipe } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import type { Usage } from '#services/contract/price'
import type { LegFailure } from '#services/state/cascade-log/cascade-log'
import type { Workload } from '#services/state/service-times/workload'

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
  /** How much work the parts are, as the router predicted it. */
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
  | {
      readonly kind: 'failed'
      readonly reason: LegFailure
      readonly message: string
      readonly usage: Usage
      /** Cost of the other models that the recipe had asked before, at their own prices. */
      readonly othersNanoUsd?: NanoUsd
    }
