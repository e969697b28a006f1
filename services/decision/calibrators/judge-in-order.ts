import { judgeAnswer } from './judge-answer.ts'
import type { Called, Estimate, Judged } from '#services/decision/policy/policy'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { agreement, foreseenLogit } from './features/companion-features.ts'
import { logit, ownSigns, type Signs } from './features/own-features.ts'

/*
 * Policies of schema 3 judge each answer by those before it alone. They are read so that a gateway that is made newer goes on with the
 * policies that it has; fitting them anew makes them of the newest.
 */

/** P(correct) of each of some answers in the order in which they were given, by a policy of schema 3. Pure. */
export function judgeInOrder(
  { judges }: Pick<PolicyFile, 'judges'>,
  answers: readonly Judged[],
  estimate: Estimate,
): readonly number[] {
  const called: Called[] = []
  for (const one of answers) {
    const judge = judges[one.model]
    const confidence =
      judge === undefined ? (one.rawConfidence ?? 0) : judgeAnswer(judge, signsOf(one, estimate, called))
    called.push({ ...one, confidence, costNanoUsd: 0 })
  }
  return called.map(one => one.confidence)
}

/** The signs by which a policy of schema 3 judges what one more call would gain. Pure. */
export function prospectSignsInOrder(called: readonly Called[], next: string, estimate: Estimate): Signs {
  const last = called.at(-1)
  if (last === undefined) return {}
  const best = called.reduce((top, one) => Math.max(top, one.confidence), 0)
  return {
    ...signsOf(last, estimate, called.slice(0, -1)),
    best_confidence: best,
    best_logit: logit(best),
    foreseen_next_logit: foreseenLogit(next, estimate),
  }
}

function signsOf(judged: Judged, estimate: Estimate, before: readonly Called[]): Signs {
  const own = { ...ownSigns(judged), foreseen_logit: foreseenLogit(judged.model, estimate) }
  const last = before.at(-1)
  if (last === undefined) return own
  const agrees = agreesWith(last, judged)
  return {
    ...own,
    agrees,
    agreeing: before.filter(one => agreesWith(one, judged) === 1).length / before.length,
    agrees_logit: agrees * logit(last.rawConfidence ?? 0.5),
    before_logit: logit(last.confidence),
  }
}

/** In schema 3 answers that are not told disagree. */
function agreesWith(a: Judged, b: Judged): number {
  return agreement(a, b) === 1 ? 1 : -1
}
