import { answerText } from '../../shared/contract/answer.ts'
import { GatewayError } from '../../shared/contract/errors.ts'
import type { RequestId } from '../../shared/contract/ids.ts'
import type { ClimbLog, ClimbState } from '../../shared/climb/climb-log.ts'

/** What a caller says of an answer. */
export type Feedback =
  | { readonly kind: 'score'; readonly score: number }
  | { readonly kind: 'corrected'; readonly answer: string }

/** One row of experience for calibration. It holds no content: a corrected answer is compared and let go of. */
export interface FeedbackRow {
  readonly requestId: RequestId
  readonly task: string
  readonly ladder: string
  readonly policyVersion: string
  readonly model: string
  readonly score: number
  readonly estimate: unknown
  readonly rungs: readonly { readonly model: string; readonly confidence?: number; readonly costNanoUsd: number }[]
  readonly labels: Readonly<Record<string, string>>
}

/** Keeps rows for the calibrator. */
export interface FeedbackStore {
  append(row: FeedbackRow): Promise<void>
}

/** Takes a caller's word on an answer of theirs. @throws GatewayError NotFound when the request is unknown, its time is over, or it is another tenant's */
export type TakeFeedback = (tenant: string, requestId: RequestId, feedback: Feedback) => Promise<void>

/** Makes the taker. */
export function createTakeFeedback(climbLog: ClimbLog, store: FeedbackStore): TakeFeedback {
  return async (tenant, requestId, feedback) => {
    const state = await climbLog.read(requestId)
    if (state === undefined || state.request.tenant !== tenant) {
      throw new GatewayError('NotFound', 'there is no such request, or its time is over')
    }
    await store.append(rowOf(state, feedback))
  }
}

function rowOf(state: ClimbState, feedback: Feedback): FeedbackRow {
  const { request, plan, end } = state
  if (end?.kind !== 'answered') throw new GatewayError('NotFound', 'the request has no answer to speak of')
  const { answer } = end
  const score =
    feedback.kind === 'score' ? feedback.score : Number(plain(feedback.answer) === plain(answerText(answer.output)))
  return {
    requestId: request.requestId,
    task: request.task,
    ladder: plan.ladder,
    policyVersion: plan.policyVersion,
    model: answer.model,
    score,
    estimate: plan.estimate,
    rungs: answer.rungs.map(({ model, confidence, costNanoUsd }) => ({
      model,
      costNanoUsd,
      ...(confidence === undefined ? {} : { confidence }),
    })),
    labels: request.labels,
  }
}

/** Answers are the same when they differ in case, space and punctuation only. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}
