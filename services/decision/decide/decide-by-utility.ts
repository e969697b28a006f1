import { bestOf, compared, show } from './decide-step.ts'
import type { Called, Step } from '#services/decision/policy/policy'
import type { QualityPoint } from '#services/decision/policy/policy-schema'

/** Inputs of a decision by utility. */
export interface UtilityView {
  readonly called: readonly Called[]
  /** Models that may still be called, from cheap to expensive. */
  readonly open: readonly string[]
  /** From cheap to expensive: a rung below the last one called is not called any more. */
  readonly models: readonly string[]
  readonly costUsdOf: (model: string) => number
  readonly predictedOf: (model: string) => number
  /** The score to be expected when a model is called too. */
  readonly prospectOf: (model: string) => number
}

/** The call with the highest utility, or none. */
export interface BestCall {
  readonly model?: string
  /** Score in prospect less the score that its price must bring. */
  readonly utility: number
}

/**
 * The call that is worth most at a price of quality: before any answer by what is predicted, or the cheapest of the
 * point's models; after one by what the better of both answers is expected to score, against what the best answer
 * so far is. Pure.
 * @source Dekoninck, Baader, Vechev, A Unified Approach to Routing and Cascading for LLMs (2024): one trade-off at
 * every step
 */
export function highestUtility(point: QualityPoint, view: UtilityView): BestCall {
  const last = view.called.at(-1)
  const from = last === undefined ? -1 : view.models.indexOf(last.model)
  const open = view.open.filter(model => view.models.indexOf(model) > from)
  const meant = open.filter(model => point.models.includes(model))
  if (last === undefined) return start(point, view, meant.length === 0 ? open : meant)
  let best: BestCall = { utility: bestOf(view.called)?.confidence ?? 0 }
  if (point.acceptAt !== undefined) return below(point.acceptAt, best, meant[0])
  for (const model of meant) {
    const utility = view.prospectOf(model) - point.costWeight * view.costUsdOf(model)
    if (utility > best.utility) best = { model, utility }
  }
  return best
}

/**
 * The plain rule of a cascade: with few rows the gain of a further call is hard to predict, while P(correct) of an
 * answer is not.
 */
function below(acceptAt: number, best: BestCall, next: string | undefined): BestCall {
  return best.utility >= acceptAt || next === undefined ? best : { model: next, utility: acceptAt }
}

function start(point: QualityPoint, view: UtilityView, open: readonly string[]): BestCall {
  const valued = open.map(model => ({
    model,
    utility: view.predictedOf(model) - point.costWeight * view.costUsdOf(model),
  }))
  const [cheapest] = valued
  if (cheapest === undefined) return { utility: 0 }
  if (point.first === 'cheapest') return cheapest
  return valued.reduce((best, one) => (one.utility > best.utility ? one : best), cheapest)
}

/** The next step of a cascade at a point of the path of cost against score. Pure. */
export function decideByUtility(point: QualityPoint, view: UtilityView): Step {
  const { model, utility } = highestUtility(point, view)
  const best = bestOf(view.called)
  if (model !== undefined) {
    const reason =
      best === undefined
        ? `predicted quality ${show(view.predictedOf(model))}`
        : `P(correct) ${compared(best.confidence, '<', utility)}${point.acceptAt === undefined ? ', the expected gain of this call after its cost' : ''}`
    return { kind: 'call', model, reason }
  }
  if (best === undefined) return { kind: 'stop', model: '', reason: 'no rung is left' }
  return {
    kind: 'stop',
    model: best.model,
    reason: reasonToStop(point.acceptAt, best.confidence),
  }
}

function reasonToStop(acceptAt: number | undefined, confidence: number): string {
  if (acceptAt === undefined) return `P(correct) ${show(confidence)}: no further call is worth its cost`
  return confidence >= acceptAt
    ? `P(correct) ${compared(confidence, '≥', acceptAt)}`
    : `P(correct) ${show(confidence)}: the best answer available`
}
