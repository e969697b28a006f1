import type { Called, Estimate } from '#services/decision/policy/policy'
import { agreement, predictedLogit } from './companion-features.ts'
import { addKnots, logit, ownFeatures, type Features } from './own-features.ts'

/**
 * The features by which it is judged what one more call would gain, given what was called: of each answer all that
 * speaks for it, whose is the best, and who agrees with whom. What was not called is 0. Pure.
 */
export function prospectFeaturesOf(called: readonly Called[], next: string, estimate: Estimate): Features {
  const [first] = called
  if (first === undefined) return {}
  const best = called.reduce((top, one) => (one.confidence > top.confidence ? one : top), first)
  const features: Record<string, number> = {
    best_confidence: best.confidence,
    best_logit: logit(best.confidence),
    predicted_next_logit: predictedLogit(next, estimate),
    predicted_best_logit: predictedLogit(best.model, estimate),
    '=called': called.length,
  }
  called.forEach((one, index) => {
    addAnswerFeatures(features, one, one === best)
    for (const other of called.slice(0, index)) {
      features[`=pair.${other.model}.${one.model}`] = agreement(other, one)
    }
  })
  return features
}

/**
 * Written into what is there: a record of its own for each step costs five times as much, and this is asked at
 * every step of a cascade.
 */
function addAnswerFeatures(features: Record<string, number>, one: Called, isBest: boolean): void {
  const name = `=of.${one.model}.`
  for (const [sign, value] of Object.entries(ownFeatures(one))) features[name + sign] = value
  if (one.rawConfidence !== undefined) addKnots(features, name, one.rawConfidence)
  features[`${name}called`] = 1
  features[`${name}correct`] = one.confidence
  features[`${name}correct_logit`] = logit(one.confidence)
  if (!isBest) return
  const bestName = `=best.${one.model}.`
  if (one.rawConfidence !== undefined) addKnots(features, bestName, one.rawConfidence)
  features[`${bestName}is`] = 1
}
