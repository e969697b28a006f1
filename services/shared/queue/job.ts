import type { TaskOptions, Task } from '../contract/content.ts'
import type { LegId } from '../contract/ids.ts'
import type { Recipe } from '../contract/model.ts'
import type { NanoUsd } from '../contract/money.ts'
import type { Price } from '../contract/price.ts'

/** Version of the envelope that this build writes. A reader takes this one and the one before. */
export const envelopeVersion = 1

/** Where a part's content lies while a job waits: short text in the envelope itself, everything else in the payload store. */
export type PartReference =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'text-payload'; readonly payloadId: string; readonly payloadBytes: number }
  | {
      readonly kind: 'image' | 'audio' | 'video'
      readonly payloadId: string
      readonly payloadBytes: number
      readonly mediaType: string
    }

/** What a queue carries for one leg of a climb: ids and references, never media. */
export interface Job {
  readonly version: number
  readonly legId: LegId
  /** The tenant whose payloads these are. */
  readonly tenant: string
  /** Name of the rung's model, as the worker's configuration knows it. */
  readonly model: string
  readonly recipe: Recipe
  readonly task: Task
  readonly options: TaskOptions
  readonly parts: readonly PartReference[]
  /** Epoch ms after which nobody wants the answer; the same for every leg of a request. */
  readonly deadlineAt: number
  /** 1 (first) to 2,097,151 (last). */
  readonly priority: number
  /** Mailbox of the router that waits for the answer. */
  readonly replyTo: string
  /** True when text may be sent as it comes. */
  readonly streaming: boolean
  /** Fixed when money was reserved, so that a later price list changes nothing. */
  readonly price: Price
  /** What was reserved for this leg at most. */
  readonly reserveNanoUsd: NanoUsd
  /** W3C trace context. */
  readonly traceparent?: string
  readonly enqueuedAt: number
}
