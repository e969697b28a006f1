import type { PathPoint } from '../../shared/policy/policy-schema.ts'
import { upperBound } from './binomial-bound.ts'
import { isLoss, walkRow, type UsualCosts, type WalkableRow } from './walk-rows.ts'

/** How many thresholds are looked at: steps of half a percentage point, finer than any judge is sure of. */
const thresholds = Array.from({ length: 201 }, (_, index) => index / 200)
const never = 1.01

/** The one-parameter path of policies: for every threshold what it scores, costs and loses on rows whose judges had not seen them. */
export function fitPath(rows: readonly WalkableRow[], costs: UsualCosts, delta: number): readonly PathPoint[] {
  const dearest = costs.at(-1)?.model ?? ''
  return [...thresholds, never].map(threshold => {
    let score = 0
    let cost = 0
    let losses = 0
    let escalated = 0
    for (const one of rows) {
      const walked = walkRow(one, costs, threshold)
      score += one.row.outcomes[walked.answer]?.score ?? 0
      cost += walked.costUsd
      if (isLoss(one.row, walked.answer, dearest)) losses += 1
      if (walked.calls.length > 1) escalated += 1
    }
    return {
      threshold,
      meanScore: score / rows.length,
      meanCostUsd: cost / rows.length,
      escalationRatio: escalated / rows.length,
      losses,
      riskBound: upperBound(losses, rows.length, delta),
    }
  })
}

/**
 * The threshold to run with when a caller sets no limit: the cheapest whose score is within one standard error of the best. Beyond
 * that the rows cannot tell them apart.
 * @source Breiman, Friedman, Olshen, Stone, Classification and Regression Trees (1984), section 3.4.3 (the one-standard-error rule)
 */
export function chooseThreshold(path: readonly PathPoint[], rows: number): number {
  const best = Math.max(...path.map(point => point.meanScore))
  const error = Math.sqrt((best * (1 - best)) / rows)
  const near = path.filter(point => point.meanScore >= best - error)
  return near.reduce((cheapest, point) => (point.meanCostUsd < cheapest.meanCostUsd ? point : cheapest)).threshold
}
