import type { Cacheable, MediumKind, Task, TaskOptions, WordPart } from '#services/contract/content'
import type { MessageSpan } from '#services/contract/conversation'
import type { LegId } from '#services/contract/ids'
import type { Recipe } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import type { Price } from '#services/contract/price'
import type { PriorityClass } from '#services/contract/request'
import type { Workload } from '#services/state/service-times/workload'
import type { HistoryReference } from './payloads/history-payload.ts'
import type { WordPayloadKind } from './payloads/word-payload.ts'

/** Version of the envelope that this build writes. A reader takes this one and the one before. */
export const envelopeVersion = 1

/** The classes in the order in which they run. A class runs only while none before it waits. */
export const priorityRanks: Readonly<Record<PriorityClass, number>> = {
  interactive: 1,
  normal: 2,
  batch: 3,
  sheddable: 4,
}

/**
 * Where a part's content lies while a job waits: short words in the envelope itself, everything else in the payload
 * store.
 */
export type PartReference =
  | WordPart
  | HistoryReference
  | { readonly kind: WordPayloadKind; readonly payloadId: string; readonly payloadBytes: number }
  | MediumReference

/** A medium in the payload store. */
export interface MediumReference extends Cacheable {
  readonly kind: MediumKind
  readonly payloadId: string
  readonly payloadBytes: number
  readonly mediaType: string
  /** Place of the medium that it is one of several views of. */
  readonly viewOf?: number
}

/** Whether a part is a medium and no words, stored ones among them. */
export function isMedium(part: PartReference): part is MediumReference {
  return 'mediaType' in part
}

/** What a queue carries for one leg of a cascade: ids and references, never media. */
export interface Job {
  readonly version: number
  readonly legId: LegId
  /** The tenant whose payloads these are. */
  readonly tenant: string
  /** Name of the rung's model, as the worker's configuration knows it. */
  readonly model: string
  /** Name of the rung, by which service times are kept. */
  readonly rung: string
  readonly recipe: Recipe
  readonly task: Task
  readonly options: TaskOptions
  readonly parts: readonly PartReference[]
  /** The messages that the parts make; one of the user when absent. A stored history has its own. */
  readonly messages?: readonly MessageSpan[]
  /** How much work the parts are. */
  readonly work: Workload
  /** Epoch ms after which nobody wants the answer; the same for every leg of a request. */
  readonly deadlineAt: number
  /** The leg is stopped when it has run for this long, so that it cannot use more than was reserved. */
  readonly longestMs?: number
  /** Class: 1 (first) to 4 (last, and shed first). */
  readonly priority: number
  /** Estimated time at work, by which tenants take turns; 1 ms when absent. */
  readonly serviceMs?: number
  /** The tenant's share of a pool that is busy, against that of others; 1 when absent. */
  readonly weight?: number
  /** Epoch ms after which it cannot end in time; the deadline when absent. */
  readonly latestStartAt?: number
  /** ReplyStream of the router that waits for the answer. */
  readonly replyTo: string
  /** True when text may be sent as it comes. */
  readonly streaming: boolean
  /** Fixed when money was reserved, so that a later price list changes nothing. */
  readonly price: Price
  /** What was reserved for this leg at most. */
  readonly reserveNanoUsd: NanoUsd
  /** Computing time that was reserved for: more is not charged. */
  readonly chargedComputeMs?: number
  /** The caller's session, for servers that remember prefixes. */
  readonly sessionKey?: string
  /** W3C trace context. */
  readonly traceparent?: string
  /** Passed on with it. */
  readonly tracestate?: string
  readonly enqueuedAt: number
}
