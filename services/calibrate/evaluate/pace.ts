import type { QualityPoint } from '#services/decision/policy/policy-schema'

/** Keeps spending to a mean budget: for each request the point of the path to run at. */
export interface Pace {
  /** The point for a request; `share` in [0,1) is drawn from the request alone and mixes neighbours of the path. */
  next(share: number): QualityPoint
  /** Reports what the request came to. */
  spend(costUsd: number): void
}

/** What was spent too much is saved over as many requests, and what was saved is spent over them. */
const horizon = 40

/**
 * Paces a policy to a mean budget. The path says what each point costs on rows like those it was fitted on; between
 * two points lies a third where their prices alone differ, else requests are mixed. Where requests cost otherwise,
 * the allowance of the next follows what has been spent: a lasting difference of a share e leaves a mean of
 * `1 + e × horizon / n` of the budget after n requests.
 */
export function createPace(path: readonly QualityPoint[], budgetUsd: number): Pace {
  let owedUsd = 0
  return {
    next: share => mixed(path, budgetUsd + owedUsd / horizon, share),
    spend(costUsd) {
      owedUsd += budgetUsd - costUsd
    },
  }
}

function mixed(path: readonly QualityPoint[], allowanceUsd: number, share: number): QualityPoint {
  const above = path.findIndex(point => point.meanCostUsd > allowanceUsd)
  if (above === -1) return path.at(-1)!
  const expensive = path[above]!
  const cheap = path[above - 1]
  if (cheap === undefined) return expensive
  const weight = (allowanceUsd - cheap.meanCostUsd) / (expensive.meanCostUsd - cheap.meanCostUsd)
  return between(cheap, expensive, weight) ?? (share < weight ? expensive : cheap)
}

/**
 * A point between two that differ in their price of quality alone: it asks for the calls that are worth most at a
 * price in between, where a mix asks for some that are not. `undefined` where they differ otherwise.
 */
function between(cheap: QualityPoint, expensive: QualityPoint, weight: number): QualityPoint | undefined {
  const alike = cheap.first === expensive.first && cheap.models.join('>') === expensive.models.join('>')
  const priced = cheap.acceptAt === undefined && expensive.acceptAt === undefined && expensive.costWeight > 0
  return alike && priced
    ? { ...cheap, costWeight: cheap.costWeight ** (1 - weight) * expensive.costWeight ** weight }
    : undefined
}
