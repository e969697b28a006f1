import type { CascadePlan, CascadeRequest, LegState } from '#services/state/cascade-log/cascade-log'
import type { DispatchOrder } from '#services/state/dispatch/dispatch'
import type { Modality } from '#services/contract/content'
import { isMedium } from '#services/state/queue/job'
import type { Estimate } from '#services/decision/policy/policy'
import type { GuidedLadder } from '#services/router/request/states'

/** A cascade under way on this router: just started, or taken over from a router that died. */
export interface Cascade {
  readonly request: CascadeRequest
  readonly plan: CascadePlan
  readonly guided: GuidedLadder
  readonly estimate: Estimate
  readonly modalities: readonly Modality[]
  /** The kinds of views of a medium among its parts. */
  readonly views?: readonly Modality[]
  /** Fences this router's writes. */
  readonly epoch: number
  /** Legs so far, as the log has them. */
  readonly legs: readonly LegState[]
  /** What the dispatch of the first leg holds and opens; absent where the log has the cascade. */
  readonly opening?: Pick<DispatchOrder, 'hold' | 'firstLeg'>
  /** Aborted when another router has taken the cascade. */
  readonly lost: AbortSignal
}

/** The modalities of stored parts, each once. */
export function modalitiesOf(parts: CascadeRequest['parts']): readonly Modality[] {
  return [...new Set(parts.map(part => (isMedium(part) ? (part.viewOf === undefined ? part.kind : 'video') : 'text')))]
}

/**
 * Whether another router may go on with it, as no call of this one is its only reader: a job, and a run with an
 * idempotency key.
 */
export function canMove({ mode, idempotent }: CascadeRequest): boolean {
  return mode === 'async' || idempotent
}

/**
 * Epoch ms by which the caller wants the answer: later rungs are to keep to it, and an answer at hand is given by
 * then.
 */
export function answerByOf({ deadlineAt, answerBy = deadlineAt }: CascadeRequest): number {
  return answerBy
}
