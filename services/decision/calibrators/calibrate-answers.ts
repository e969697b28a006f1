import { standardise } from '#services/decision/policy/featurize'
import type { Called, Estimate, ModelAnswer } from '#services/decision/policy/policy'
import { coherent } from './coherent.ts'
import { trustedBy } from '#services/decision/domain/check-domain'
import { floorOf } from '#services/decision/domain/outside'
import { labelChances, labelFeatures } from './label-model.ts'
import type { Calibrator, PolicyFile } from '#services/decision/policy/policy-schema'
import { agreement, companionFeatures, predictedLogit } from './features/companion-features.ts'
import { aloneFeatures, logistic, logit, named, ownFeatures, type Features } from './features/own-features.ts'

/**
 * The features that an answer is calibrated by: its confidence, its signals, its label where it is one, what was
 * predicted, and what the other answers say of it, whether they were given before or after: each by itself, and the
 * labels of all together. Pure.
 */
export function answerFeaturesOf(
  modelAnswer: ModelAnswer,
  estimate: Estimate,
  others: readonly ModelAnswer[],
  chances: ReadonlyMap<string, number> = new Map(),
): Features {
  const own = ownFeatures(modelAnswer)
  return {
    ...own,
    predicted_logit: predictedLogit(modelAnswer.model, estimate),
    ...(others.length === 0 ? aloneFeatures(modelAnswer, own) : companionFeatures(modelAnswer, estimate, others)),
    ...labelFeatures(modelAnswer, others, chances),
  }
}

/**
 * P(correct) of each of some answers, given all of them: one that a sure answer contradicts is less sure than it
 * was alone. Outside the domain of the policy it falls to what is known there. Pure.
 */
export function calibrateAnswers(
  { calibrators, labelModel }: Pick<PolicyFile, 'calibrators' | 'labelModel'>,
  answers: readonly ModelAnswer[],
  estimate: Estimate,
): readonly number[] {
  const chances = chancesOf(labelModel, answers)
  const each = answers.map((one, index) => {
    const calibrator = calibrators[one.model]
    const others = answers.filter((_, at) => at !== index)
    return calibrator === undefined
      ? (one.rawConfidence ?? 0)
      : applyCalibrator(calibrator, answerFeaturesOf(one, estimate, others, chances))
  })
  const together = chances.size === 0 ? each : coherent([...chances.keys()], answers, each)
  const { domain } = estimate
  return domain === undefined
    ? together
    : together.map((one, index) => trustedBy(domain, one, floorOf(domain, answers[index]!)))
}

/**
 * P(label) of each label given some answers, where a policy has a label model and there is more than one answer.
 * Pure.
 */
export function chancesOf(
  model: PolicyFile['labelModel'],
  answers: readonly ModelAnswer[],
): ReadonlyMap<string, number> {
  return model === undefined || answers.length < 2 ? new Map() : labelChances(model, answers)
}

/**
 * The features by which the predicted loss of accepting an answer is computed. They hold nothing that was fitted:
 * neither what was predicted nor calibrated confidences, so that rows which certify a limit had no part in them. Pure.
 */
export function riskFeaturesOf(modelAnswer: ModelAnswer, estimate: Estimate, before: readonly Called[]): Features {
  const last = before.at(-1)
  return {
    ...ownFeatures(modelAnswer),
    ...agreementFeatures(modelAnswer, before),
    ...(last?.rawConfidence === undefined ? {} : { before_raw_logit: logit(last.rawConfidence) }),
    ...named('input.', estimate.features),
  }
}

/** The output of a calibrator, in [0,1]: for an answer P(correct). Pure. */
export function applyCalibrator(calibrator: Calibrator, features: Features): number {
  const values = standardise(features, calibrator)
  return logistic(values.reduce((sum, value, index) => sum + value * (calibrator.weights[index] ?? 0), calibrator.bias))
}

function agreementFeatures(modelAnswer: ModelAnswer, before: readonly Called[]): Features {
  const last = before.at(-1)
  if (last === undefined) return {}
  const agreeing = before.filter(one => agreement(one, modelAnswer) > 0).length
  const agrees = agreement(last, modelAnswer) > 0 ? 1 : -1
  return {
    agrees,
    agreeing: agreeing / before.length,
    agrees_logit: agrees * logit(last.rawConfidence ?? 0.5),
  }
}
