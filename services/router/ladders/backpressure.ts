import { bestOf, type Situation } from './next-step.ts'
import type { CandidateRung } from '#services/router/request/states'
import { showApart } from '#services/contract/figures'

/**
 * Takes out the rungs whose pool is short and that would gain less than its price: after an answer, against that
 * answer; before any, against the rungs below them. Nothing is bent for a caller who has set a risk or a quality,
 * and never the last rung that is open. Pure.
 */
export function applyBackpressure(
  candidateRungs: readonly CandidateRung[],
  { called, limits }: Pick<Situation, 'called' | 'limits'>,
): readonly CandidateRung[] {
  if (limits.maxRisk !== undefined || limits.minQuality !== undefined) return candidateRungs
  const best = bestOf(called)
  return candidateRungs.map((one, index) => {
    const price = one.overloadPrice ?? 0
    if (one.removedBy !== undefined || price === 0) return one
    const gain =
      best === undefined ? gainOver(candidateRungs.slice(0, index), one) : (one.predictedQuality ?? 1) - best.confidence
    if (gain === undefined || gain >= price) return one
    const [needed, gained] = showApart(price, Math.max(0, gain), 2)
    return {
      ...one,
      removedBy: 'overload',
      removedWhy: `pool ${one.rung.model.pool} is overloaded: a call must gain ${needed} in quality, this one gains at most ${gained}`,
    }
  })
}

/**
 * What is predicted of a rung above the best of those below it, their prices counted; `undefined` where nothing is
 * predicted.
 */
function gainOver(below: readonly CandidateRung[], { predictedQuality }: CandidateRung): number | undefined {
  const worths = below.flatMap(one =>
    one.removedBy === undefined && one.predictedQuality !== undefined
      ? one.predictedQuality - (one.overloadPrice ?? 0)
      : [],
  )
  if (predictedQuality === undefined || worths.length === 0) return undefined
  return predictedQuality - Math.max(...worths)
}
