import type { Called, Estimate } from '../policy.ts'
import { agreement, foreseenLogit } from './companion-signs.ts'
import { logit, named, ownSigns, type Signs } from './own-signs.ts'

/** Where the slope of a confidence may change, as logits: it matters little below a half, much between 0.7 and 0.998. */
const knots = [-1, 0, 1, 2, 4, 6]

/**
 * The signs by which it is judged what one more call would gain, given what was called: of each answer all that speaks for it, whose is
 * the best, and who agrees with whom. What was not called is 0. Pure.
 */
export function prospectSignsOf(called: readonly Called[], next: string, estimate: Estimate): Signs {
  const [first] = called
  if (first === undefined) return {}
  const best = called.reduce((top, one) => (one.confidence > top.confidence ? one : top), first)
  const signs: Record<string, number> = {
    best_confidence: best.confidence,
    best_logit: logit(best.confidence),
    foreseen_next_logit: foreseenLogit(next, estimate),
    foreseen_best_logit: foreseenLogit(best.model, estimate),
    '=called': called.length,
  }
  called.forEach((one, index) => {
    Object.assign(signs, answerSigns(one, one === best))
    for (const other of called.slice(0, index)) {
      signs[`=pair.${other.model}.${one.model}`] = agreement(other, one)
    }
  })
  return signs
}

function answerSigns(one: Called, isBest: boolean): Signs {
  const name = `=of.${one.model}.`
  const bends = one.rawConfidence === undefined ? {} : bendsOf(one.rawConfidence)
  return {
    ...named(name, {
      ...ownSigns(one),
      ...bends,
      called: 1,
      correct: one.confidence,
      correct_logit: logit(one.confidence),
    }),
    ...(isBest ? named(`=best.${one.model}.`, { ...bends, is: 1 }) : {}),
  }
}

/** A confidence as a line that may bend at each knot. @source Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 5.2 */
function bendsOf(confidence: number): Signs {
  const at = logit(confidence)
  return Object.fromEntries(knots.map(knot => [`over_${knot}`, Math.max(0, at - knot)]))
}
