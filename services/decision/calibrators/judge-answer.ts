import { standardise } from '#services/decision/policy/featurize'
import type { Called, Estimate, Judged } from '#services/decision/policy/policy'
import { coherent } from './coherent.ts'
import { trustedBy } from '#services/decision/domain/check-domain'
import { labelChances, labelFeatures } from './label-model.ts'
import type { Judge, PolicyFile } from '#services/decision/policy/policy-schema'
import { agreement, companionFeatures, predictedLogit } from './features/companion-features.ts'
import { aloneFeatures, logistic, logit, named, ownFeatures, type Features } from './features/own-features.ts'

/**
 * Every sign by which an answer is judged: its confidence, its signals, its label where it is one, what was
 * predicted, and what the other answers say of it, whether they were given before or after: each by itself, and the
 * labels of all together. Pure.
 */
export function signsOf(
  judged: Judged,
  estimate: Estimate,
  others: readonly Judged[],
  chances: ReadonlyMap<string, number> = new Map(),
): Features {
  return {
    ...ownFeatures(judged),
    predicted_logit: predictedLogit(judged.model, estimate),
    ...(others.length === 0 ? aloneFeatures(judged) : companionFeatures(judged, estimate, others)),
    ...labelFeatures(judged, others, chances),
  }
}

/**
 * P(correct) of each of some answers, given all of them: one that a sure answer contradicts is less sure than it
 * was alone. Outside the domain of the policy it falls to what is known there. Pure.
 */
export function judgeAll(
  { judges, labelModel }: Pick<PolicyFile, 'judges' | 'labelModel'>,
  answers: readonly Judged[],
  estimate: Estimate,
): readonly number[] {
  const chances = chancesOf(labelModel, answers)
  const each = answers.map((one, index) => {
    const judge = judges[one.model]
    const others = answers.filter((_, at) => at !== index)
    return judge === undefined ? (one.rawConfidence ?? 0) : judgeAnswer(judge, signsOf(one, estimate, others, chances))
  })
  const together = chances.size === 0 ? each : coherent([...chances.keys()], answers, each)
  return estimate.domain === undefined ? together : together.map(one => trustedBy(estimate.domain, one))
}

/**
 * P(label) of each label given some answers, where a policy has a label model and there is more than one answer.
 * Pure.
 */
export function chancesOf(model: PolicyFile['labelModel'], answers: readonly Judged[]): ReadonlyMap<string, number> {
  return model === undefined || answers.length < 2 ? new Map() : labelChances(model, answers)
}

/**
 * The features by which the predicted loss of accepting an answer is judged. They hold nothing that was fitted:
 * neither what was predicted nor calibrated confidences, so that rows which certify a limit had no part in them. Pure.
 */
export function riskFeaturesOf(judged: Judged, estimate: Estimate, before: readonly Called[]): Features {
  const last = before.at(-1)
  return {
    ...ownFeatures(judged),
    ...agreementFeatures(judged, before),
    ...(last?.rawConfidence === undefined ? {} : { before_raw_logit: logit(last.rawConfidence) }),
    ...named('input.', estimate.features),
  }
}

/** What a judge says, in [0,1]: for an answer P(correct). Pure. */
export function judgeAnswer(judge: Judge, features: Features): number {
  const values = standardise(features, judge)
  return logistic(values.reduce((sum, value, index) => sum + value * (judge.weights[index] ?? 0), judge.bias))
}

function agreementFeatures(judged: Judged, before: readonly Called[]): Features {
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
