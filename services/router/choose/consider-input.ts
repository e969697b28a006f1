import type { Modality } from '#services/contract/content'
import type { Ladder, Rung } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import type { Price } from '#services/contract/price'
import type { Estimate } from '#services/decision/policy/policy'
import type { Turn } from '#services/router/pools/queue-wait'

/** What the filters and forecasts of a ladder's rungs are computed from. */
export interface ConsiderInput {
  readonly ladder: Ladder
  readonly estimate: Estimate
  readonly modalities: readonly Modality[]
  /** Whether calls of tools and their results are among the content. */
  readonly hasToolTurns: boolean
  readonly pin: { readonly model?: string; readonly tier?: string; readonly adapter?: string }
  /** Asynchronous work may wait for workers that are not there yet. */
  readonly mode: 'sync' | 'async'
  readonly nowMs: number
  readonly deadlineAt: number
  /** Whose turn in a queue it would be. */
  readonly turn: Turn
  readonly inputBytes: number
  /** What is left of the money that may be spent; `undefined` before any is held. */
  readonly moneyLeftNanoUsd?: NanoUsd
  /** What a rung costs: what is in force now, or what was fixed when the money was held. */
  readonly priceOf: (rung: Rung) => Price
  /** Dearest that a leg on this rung can get. */
  readonly reserveOf: (rung: Rung, price: Price) => NanoUsd
  /** Whether somebody's money is limited here, so that nothing may run whose price nobody knows. */
  readonly isPaid: boolean
}
