import { standardise } from '#services/decision/policy/featurize'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { drawOf } from '#services/calibrate/draw'
import type { RowReplay } from '#services/calibrate/replay-row'
import type { RouterLine } from '#services/calibrate/report'
import { figureOf } from './bootstrap.ts'
import { byNeighbours } from './nearest.ts'
import { createRouterEvaluation } from './routing.ts'

/**
 * What each router between the cheapest and the most expensive model is worth before any call: ours and the
 * baselines.
 */
export function measureRouters(
  replays: readonly RowReplay[],
  file: PolicyFile,
  resampled: readonly Uint16Array[],
  seed: number,
): readonly RouterLine[] {
  const small = file.models[0] ?? ''
  const large = file.models.at(-1) ?? ''
  const gains = replays.map(replay => scoreOf(replay, large) - scoreOf(replay, small))
  const near = byNeighbours(
    replays.map(replay => standardise(replay.estimate.features, file.estimator)),
    gains,
  )
  const routers: [string, (replay: RowReplay, index: number) => number][] = [
    ['policy, before any call', replay => qualityOf(replay, large) - qualityOf(replay, small)],
    ['random', ({ row }) => drawOf(row.id, 'random router', seed)],
    ['length only', ({ row }) => charactersOf(row.parts)],
    ['nearest neighbours', (_, index) => near[index]!],
    ['oracle', (_, index) => gains[index]!],
  ]
  return routers.map(([name, urgeOf]) => {
    const evaluate = createRouterEvaluation(
      replays.map((replay, index) => ({
        small: scoreOf(replay, small),
        large: scoreOf(replay, large),
        urge: urgeOf(replay, index),
      })),
    )
    return {
      name,
      apgr: figureOf(resampled, counts => evaluate(counts).apgr),
      cpt50: figureOf(resampled, counts => evaluate(counts).cpt50),
      cpt80: figureOf(resampled, counts => evaluate(counts).cpt80),
    }
  })
}

function charactersOf(parts: RowReplay['row']['parts']): number {
  return parts.reduce((sum, part) => sum + ('text' in part ? (part.text?.length ?? 0) : 0), 0)
}

function scoreOf({ row }: RowReplay, model: string): number {
  return row.outcomes[model]?.score ?? 0
}

function qualityOf({ estimate }: RowReplay, model: string): number {
  return estimate.models[model]?.quality ?? 0.5
}
