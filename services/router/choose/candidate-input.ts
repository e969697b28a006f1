import type { Capability } from '#services/contract/capabilities'
import type { Modality } from '#services/contract/content'
import type { Ladder, Rung } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import type { Price } from '#services/contract/price'
import type { ServiceForecast } from '#services/state/service-times/predict-service'
import type { Turn } from '#services/router/pools/queue-wait'
import type { PredictInput } from './predict-leg.ts'

/** What the filters and forecasts of a ladder's rungs are computed from. */
export interface CandidateInput extends PredictInput {
  readonly ladder: Ladder
  readonly modalities: readonly Modality[]
  /** The kinds of views of a video among its parts; a rung is sent those that it takes. */
  readonly views?: readonly Modality[]
  /** What the request asks of a model beside modalities. */
  readonly needs: readonly Capability[]
  readonly pin: { readonly model?: string; readonly tier?: string; readonly adapter?: string }
  /** Asynchronous work may wait for workers that are not there yet. */
  readonly mode: 'sync' | 'async'
  readonly nowMs: number
  readonly deadlineAt: number
  /** Whose turn in a queue it would be. */
  readonly turn: Turn
  /** What is left of the money that may be spent; `undefined` before any is held. */
  readonly moneyLeftNanoUsd?: NanoUsd
  /** What a rung costs: what is in force now, or what was fixed when the money was held. */
  readonly priceOf: (rung: Rung) => Price
  /** Most that a leg on this rung can cost. */
  readonly reserveOf: (rung: Rung, price: Price, service: ServiceForecast) => Reserve
  /** Whether an answer is at hand already. */
  readonly hasAnswer: boolean
  /** Whether any budget applies, so that a rung without a known price may not run. */
  readonly isPaid: boolean
}

/** The most that a leg can cost. */
export interface Reserve {
  readonly nanoUsd: NanoUsd
  /** Computing time that is in it. */
  readonly computeMs?: number
}
