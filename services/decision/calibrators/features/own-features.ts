import { withoutMarks } from '#services/decision/answers/without-marks'
import type { ModelAnswer } from '#services/decision/policy/policy'

/**
 * Named numbers that an answer is calibrated by. One that starts with `=` is 0 where it is absent; any other is then
 * unknown.
 */
export type Features = Readonly<Record<string, number>>

/**
 * Features of an answer by itself: the log of p and of 1 - p apart make it a beta calibration where nothing else is
 * known.
 * @source Kull, Silva Filho, Flach, Beta calibration (2017)
 */
export function ownFeatures(modelAnswer: ModelAnswer): Features {
  const characters = modelAnswer.outputChars ?? modelAnswer.answer?.length
  const raw = modelAnswer.rawConfidence
  return {
    ...(raw === undefined
      ? {}
      : { confidence: raw, confidence_ln: Math.log(inside(raw)), doubt_ln: Math.log(1 - inside(raw)) }),
    ...(characters === undefined ? {} : { log_characters: Math.log1p(characters) }),
    ...labelFeatures(modelAnswer),
    ...named('signal.', modelAnswer.signals ?? {}),
  }
}

/**
 * Where the slope of a confidence may change, as logits: it matters little below a half, much between 0.7 and
 * 0.998.
 */
const knots = [-1, 0, 1, 2, 4, 6]

/**
 * Adds a confidence as a line that may bend at each knot.
 * @source Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 5.2
 */
export function addKnots(features: Record<string, number>, name: string, confidence: number): void {
  const at = logit(confidence)
  for (const knot of knots) features[`${name}over_${knot}`] = Math.max(0, at - knot)
}

/**
 * Features of an answer that nothing is held against yet. What its confidence and its label say is then all that is
 * known, while beside others much of it is said by them too: one weight for both would be wrong for both. 0 where
 * others were given; `own` are the answer's own features, where they are at hand. Pure.
 */
export function aloneFeatures(modelAnswer: ModelAnswer, own: Features = ownFeatures(modelAnswer)): Features {
  const features: Record<string, number> = { '=alone': 1 }
  for (const [name, value] of Object.entries(own)) features[`=alone.${name}`] = value
  if (modelAnswer.rawConfidence !== undefined) addKnots(features, '=alone.', modelAnswer.rawConfidence)
  return features
}

/**
 * An answer that is one of few labels has an offset and a slope of its own; ridge shrinks both towards those of
 * all.
 */
function labelFeatures(modelAnswer: ModelAnswer): Features {
  const label = labelOf(modelAnswer)
  if (label === undefined) return {}
  const raw = modelAnswer.rawConfidence
  return { [`=label.${label}`]: 1, ...(raw === undefined ? {} : { [`=slope.${label}`]: logit(raw) }) }
}

/** An answer that may be one of few labels, but for case, space and punctuation outside numbers. */
export function labelOf(modelAnswer: ModelAnswer): string | undefined {
  const { answer, isLabel = true } = modelAnswer
  if (!isLabel || answer === undefined || answer.length > longestLabel) return undefined
  return comparableOf(modelAnswer) || undefined
}

/** An answer in the form in which it is compared with others. */
export function comparableOf({ answer, comparable }: ModelAnswer): string | undefined {
  return answer === undefined ? undefined : (comparable ?? withoutMarks(answer))
}

/** A longer answer is no label. */
export const longestLabel = 24

/** Features under a prefix. */
export function named(prefix: string, features: Features): Features {
  return Object.fromEntries(Object.entries(features).map(([name, value]) => [`${prefix}${name}`, value]))
}

/**
 * The logit of a probability; surer than one in ten thousand is not told apart, since recorded confidences are
 * rounded.
 */
export function logit(probability: number): number {
  const p = inside(probability)
  return Math.log(p / (1 - p))
}

/** The probability of a logit. */
export function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value))
}

function inside(probability: number): number {
  return Math.min(0.9999, Math.max(0.0001, probability))
}
