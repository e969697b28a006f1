import type { CascadeLog, CascadeState } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import type { Answer, Output } from '#services/contract/answer'
import type { OutcomeStore } from '#services/state/outcomes/outcome-store'
import { sleep } from '#services/platform/process/every'
import { comparable, comparableText, isSameAnswer } from '#services/decision/answers/same-answer'
import type { Finished } from '#services/router/request/states'
import { recordOf, type Scored } from './record-of.ts'
import { feedbackLookEveryMs } from '#services/router/lifecycle/timings'

/** A caller's feedback on an answer. */
export type Feedback =
  | { readonly kind: 'score'; readonly score: number }
  | { readonly kind: 'corrected'; readonly answer: string }

/**
 * Takes a caller's word on an answer of theirs.
 * @throws GatewayError NotFound when the request is unknown, its time is over, or it is another tenant's
 */
export type TakeFeedback = (tenant: string, requestId: RequestId, feedback: Feedback) => Promise<void>

/** What taking feedback needs. */
export interface FeedbackDependencies {
  readonly cascadeLog: Pick<CascadeLog, 'read'>
  readonly outcomes: Pick<OutcomeStore, 'append'>
  readonly clock: Clock
  readonly keepContent: boolean
  /**
   * Rungs of a ladder, from cheap to expensive; `undefined` for a ladder that a pinned model made, of which nothing is
   * to be learnt.
   */
  readonly rungsOf: (ladder: string) => readonly string[] | undefined
  /** Told of the score of the answer that was delivered, with the confidence that it was delivered with. */
  readonly scored: (finished: Finished, confidence: number, score: number) => void
}

/**
 * Makes the taker. It joins the score with the rungs in the cascade log; a corrected answer is compared and let go of.
 */
export function createTakeFeedback(dependencies: FeedbackDependencies): TakeFeedback {
  const { cascadeLog, outcomes, clock, keepContent, rungsOf, scored } = dependencies
  return async (tenant, requestId, feedback) => {
    const state = await readEnded(cascadeLog, requestId)
    if (state === undefined || state.request.tenant !== tenant) {
      throw new GatewayError('NotFound', 'there is no such request, or it has expired')
    }
    const { end } = state
    if (end?.kind !== 'answered') throw new GatewayError('NotFound', 'the request has no answer to rate')
    const { request, plan, legs } = state
    const ladderRungs = rungsOf(plan.ladder)
    if (ladderRungs === undefined) return
    const finished: Finished = { requestId, request, plan, legs, end, endedAt: state.endedAt ?? request.deadlineAt }
    const { answer } = end
    const scoreOf = scorer(finished, answer, feedback)
    await outcomes.append(
      tenant,
      recordOf(finished, answer.model, { source: 'feedback', ladderRungs, at: clock.now(), keepContent, scoreOf }),
    )
    const own = scoreOf(answer.model, answer.output)
    if (own !== undefined) scored(finished, answer.confidence, own.score)
  }
}

/**
 * The end of an answer is written behind it, so a caller who is quick and asks another router may be here before it.
 */
async function readEnded(
  cascadeLog: FeedbackDependencies['cascadeLog'],
  requestId: RequestId,
): Promise<CascadeState | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const state = await cascadeLog.read(requestId)
    if (state === undefined || state.end !== undefined || attempt === mostLooks) return state
    await sleep(feedbackLookEveryMs)
  }
}

const mostLooks = 5

/**
 * A corrected answer scores every rung. A score is that of the delivered answer and of those that say the same; where
 * it is full, an answer that says something else is wrong.
 */
function scorer({ request: { task } }: Finished, answer: Answer, feedback: Feedback) {
  return (rung: string, output: Output): Scored | undefined => {
    if (feedback.kind === 'corrected') {
      const given = comparable(task, output)
      // A text cannot be compared with a vector or a picture.
      if (given === undefined) return undefined
      const right = given === comparableText(task, feedback.answer)
      return { score: Number(right), scoreBy: 'correction' }
    }
    const same = rung === answer.model || isSameAnswer(task, output, answer.output)
    if (same === true) return { score: feedback.score, scoreBy: 'caller' }
    return same === false && feedback.score === 1 ? { score: 0, scoreBy: 'caller' } : undefined
  }
}
