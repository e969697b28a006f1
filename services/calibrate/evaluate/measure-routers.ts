import { standardise } from '#services/decision/policy/featurize'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { drawOf } from '#services/calibrate/draw'
import type { Walk } from '#services/calibrate/walk-row'
import type { RouterLine } from '#services/calibrate/report'
import { figureOf } from './bootstrap.ts'
import { byNeighbours } from './nearest.ts'
import { createRouterGauge } from './routing.ts'

/**
 * What each router between the cheapest and the most expensive model is worth before any call: ours and the
 * baselines.
 */
export function measureRouters(
  walks: readonly Walk[],
  file: PolicyFile,
  resampled: readonly Uint16Array[],
  seed: number,
): readonly RouterLine[] {
  const small = file.models[0] ?? ''
  const large = file.models.at(-1) ?? ''
  const gains = walks.map(walk => scoreOf(walk, large) - scoreOf(walk, small))
  const near = byNeighbours(
    walks.map(walk => standardise(walk.estimate.features, file.estimator)),
    gains,
  )
  const routers: [string, (walk: Walk, index: number) => number][] = [
    ['policy, before any call', walk => qualityOf(walk, large) - qualityOf(walk, small)],
    ['random', ({ row }) => drawOf(row.id, 'random router', seed)],
    ['length only', ({ row }) => charactersOf(row.parts)],
    ['nearest neighbours', (_, index) => near[index]!],
    ['oracle', (_, index) => gains[index]!],
  ]
  return routers.map(([name, urgeOf]) => {
    const gauge = createRouterGauge(
      walks.map((walk, index) => ({
        small: scoreOf(walk, small),
        large: scoreOf(walk, large),
        urge: urgeOf(walk, index),
      })),
    )
    return {
      name,
      apgr: figureOf(resampled, counts => gauge(counts).apgr),
      cpt50: figureOf(resampled, counts => gauge(counts).cpt50),
      cpt80: figureOf(resampled, counts => gauge(counts).cpt80),
    }
  })
}

function charactersOf(parts: Walk['row']['parts']): number {
  return parts.reduce((sum, part) => sum + ('text' in part ? (part.text?.length ?? 0) : 0), 0)
}

function scoreOf({ row }: Walk, model: string): number {
  return row.outcomes[model]?.score ?? 0
}

function qualityOf({ estimate }: Walk, model: string): number {
  return estimate.models[model]?.quality ?? 0.5
}
