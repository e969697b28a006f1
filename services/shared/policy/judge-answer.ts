import { standardise } from './featurize.ts'
import type { Called, Estimate, Judged } from './policy.ts'
import type { Judge, PolicyFile } from './policy-schema.ts'
import { agreement, companionSigns, foreseenLogit } from './signs/companion-signs.ts'
import { aloneSigns, logit, named, ownSigns, type Signs } from './signs/own-signs.ts'

/**
 * Every sign by which an answer is judged: its confidence, its signals, its label where it is one, what was foreseen, and what each of
 * the other answers says of it, whether it was given before or after. Pure.
 */
export function signsOf(judged: Judged, estimate: Estimate, others: readonly Judged[]): Signs {
  return {
    ...ownSigns(judged),
    foreseen_logit: foreseenLogit(judged.model, estimate),
    ...(others.length === 0 ? aloneSigns(judged) : companionSigns(judged, estimate, others)),
  }
}

/** P(correct) of each of some answers, given all of them: one that a sure answer contradicts is less sure than it was alone. Pure. */
export function judgeAll(
  judges: PolicyFile['judges'],
  answers: readonly Judged[],
  estimate: Estimate,
): readonly number[] {
  return answers.map((one, index) => {
    const judge = judges[one.model]
    const others = answers.filter((_, at) => at !== index)
    return judge === undefined ? (one.rawConfidence ?? 0) : judgeAnswer(judge, signsOf(one, estimate, others))
  })
}

/**
 * The signs by which the danger of accepting an answer is judged. They hold nothing that was fitted: neither what was foreseen nor
 * calibrated confidences, so that rows which certify a limit had no part in them. Pure.
 */
export function riskSignsOf(judged: Judged, estimate: Estimate, before: readonly Called[]): Signs {
  const last = before.at(-1)
  return {
    ...ownSigns(judged),
    ...agreementSigns(judged, before),
    ...(last?.rawConfidence === undefined ? {} : { before_raw_logit: logit(last.rawConfidence) }),
    ...named('input.', estimate.features),
  }
}

/** What a judge says, in [0,1]: for an answer P(correct). Pure. */
export function judgeAnswer(judge: Judge, signs: Signs): number {
  const values = standardise(signs, judge)
  return logistic(values.reduce((sum, value, index) => sum + value * (judge.weights[index] ?? 0), judge.bias))
}

function agreementSigns(judged: Judged, before: readonly Called[]): Signs {
  const last = before.at(-1)
  if (last === undefined) return {}
  const agreeing = before.filter(one => agreement(one, judged) > 0).length
  const agrees = agreement(last, judged) > 0 ? 1 : -1
  return {
    agrees,
    agreeing: agreeing / before.length,
    agrees_logit: agrees * logit(last.rawConfidence ?? 0.5),
  }
}

function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
