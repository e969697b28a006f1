import { logistic } from '#services/decision/calibrators/features/own-features'
import type { DomainCheck, ModelAnswer } from '#services/decision/policy/policy'

/** A confidence as it is calibrated by itself: the logarithms of p and of 1 - p, the second turned round. */
export function confidenceInputs(confidence: number): readonly [sure: number, doubt: number] {
  const p = Math.min(0.9999, Math.max(0.0001, confidence))
  return [Math.log(p), -Math.log(1 - p)]
}

/**
 * P(correct) of an answer far outside the domain: of its own confidence what held for the group of rows on which it
 * held least, where calibration left out each group in turn; else what a guess scores. Pure.
 */
export function floorOf({ floor, outside }: DomainCheck, { model, rawConfidence }: ModelAnswer): number {
  if (outside === undefined) return floor
  const known = Object.hasOwn(outside, model) ? outside[model] : undefined
  if (known === undefined || rawConfidence === undefined) return 0
  const [sure, doubt] = confidenceInputs(rawConfidence)
  return logistic(known.bias + known.sure * sure + known.doubt * doubt)
}
