import type { Called, Estimate } from '#services/decision/policy/policy'
import { agreement, predictedLogit } from './companion-features.ts'
import { addKnots, logit, ownSigns, type Signs } from './own-features.ts'

/**
 * The signs by which it is judged what one more call would gain, given what was called: of each answer all that
 * speaks for it, whose is the best, and who agrees with whom. What was not called is 0. Pure.
 */
export function prospectSignsOf(called: readonly Called[], next: string, estimate: Estimate): Signs {
  const [first] = called
  if (first === undefined) return {}
  const best = called.reduce((top, one) => (one.confidence > top.confidence ? one : top), first)
  const signs: Record<string, number> = {
    best_confidence: best.confidence,
    best_logit: logit(best.confidence),
    foreseen_next_logit: predictedLogit(next, estimate),
    foreseen_best_logit: predictedLogit(best.model, estimate),
    '=called': called.length,
  }
  called.forEach((one, index) => {
    addAnswerSigns(signs, one, one === best)
    for (const other of called.slice(0, index)) {
      signs[`=pair.${other.model}.${one.model}`] = agreement(other, one)
    }
  })
  return signs
}

/**
 * Written into what is there: a record of its own for each step costs five times as much, and this is asked at
 * every step of a climb.
 */
function addAnswerSigns(signs: Record<string, number>, one: Called, isBest: boolean): void {
  const name = `=of.${one.model}.`
  for (const [sign, value] of Object.entries(ownSigns(one))) signs[name + sign] = value
  if (one.rawConfidence !== undefined) addKnots(signs, name, one.rawConfidence)
  signs[`${name}called`] = 1
  signs[`${name}correct`] = one.confidence
  signs[`${name}correct_logit`] = logit(one.confidence)
  if (!isBest) return
  const bestName = `=best.${one.model}.`
  if (one.rawConfidence !== undefined) addKnots(signs, bestName, one.rawConfidence)
  signs[`${bestName}is`] = 1
}
