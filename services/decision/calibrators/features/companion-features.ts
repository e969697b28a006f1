import type { Estimate, ModelAnswer } from '#services/decision/policy/policy'
import { comparableOf, labelOf, logit, type Features } from './own-features.ts'

/**
 * What other answers say of one: of each whether it agrees, weighed by how sure it is, how sure the judged one is
 * and what was predicted of it; its label where they differ; and how the votes fall. Features of an answer that was not
 * given are 0, so one calibrator serves every set of answers. Pure.
 */
export function companionFeatures(
  modelAnswer: ModelAnswer,
  estimate: Estimate,
  others: readonly ModelAnswer[],
): Features {
  if (others.length === 0) return {}
  const features: Record<string, number> = {}
  for (const other of others) addCompanion(features, modelAnswer, other, estimate)
  const agreeing = others.filter(other => agreement(modelAnswer, other) > 0).length
  features['=others'] = others.length
  features['=votes'] = agreeing
  features['=votes_all'] = Number(agreeing === others.length)
  features['=votes_none'] = Number(agreeing === 0)
  features['=outvoted'] = pairsAgainst(modelAnswer, others)
  return features
}

function addCompanion(
  features: Record<string, number>,
  modelAnswer: ModelAnswer,
  other: ModelAnswer,
  estimate: Estimate,
): void {
  const name = `=with.${other.model}`
  const agrees = agreement(modelAnswer, other)
  features[name] = 1
  features[`${name}.agrees`] = agrees
  features[`${name}.agrees_predicted`] = agrees * predictedLogit(other.model, estimate)
  if (modelAnswer.rawConfidence !== undefined) {
    features[`${name}.agrees_own`] = agrees * modelAnswer.rawConfidence
    features[`${name}.agrees_own_logit`] = agrees * logit(modelAnswer.rawConfidence)
  }
  if (other.rawConfidence !== undefined) {
    features[`${name}.logit`] = logit(other.rawConfidence)
    features[`${name}.agrees_sure`] = agrees * other.rawConfidence
    features[`${name}.agrees_logit`] = agrees * logit(other.rawConfidence)
  }
  const label = labelOf(other)
  if (agrees < 0 && label !== undefined) features[`${name}.against.${label}`] = 1
}

/**
 * 1 when two answers are the same but for case, space and punctuation outside numbers, -1 when not, 0 where it
 * cannot be told. Pure.
 */
export function agreement(a: ModelAnswer, b: ModelAnswer): number {
  const [one, other] = [comparableOf(a), comparableOf(b)]
  if (one === undefined || other === undefined) return 0
  return one === other ? 1 : -1
}

/** How many pairs of others agree with each other against the judged answer. */
function pairsAgainst(modelAnswer: ModelAnswer, others: readonly ModelAnswer[]): number {
  const against = others.filter(other => agreement(modelAnswer, other) < 0)
  return against.reduce(
    (sum, one, index) => sum + against.slice(0, index).filter(other => agreement(one, other) > 0).length,
    0,
  )
}

/** What was predicted of a model, as a logit. */
export function predictedLogit(model: string, estimate: Estimate): number {
  return logit(estimate.models[model]?.quality ?? 0.5)
}
