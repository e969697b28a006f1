import { isGatewayError } from '#services/contract/errors'
import type { TakeFeedback } from '#services/router/learn/take-feedback'
import type { AnswerCache } from './answer-cache.ts'

/** A score below this, or a corrected answer, marks an answer as wrong. */
const rightFrom = 0.5

/** Takes feedback, and gives an answer no more that it calls wrong. */
export function forgettingWrong(takeFeedback: TakeFeedback, forget: AnswerCache['forget']): TakeFeedback {
  return async (tenant, requestId, feedback) => {
    const isWrong = feedback.kind === 'corrected' || feedback.score < rightFrom
    const isForgotten = isWrong && (await forget(tenant, requestId))
    try {
      await takeFeedback(tenant, requestId, feedback)
    } catch (error) {
      // A kept answer has no cascade that could learn from it.
      if (!isForgotten || !isGatewayError(error) || error.code !== 'NotFound') throw error
    }
  }
}
