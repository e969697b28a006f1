import type { QualityPoint } from '#services/decision/policy/policy-schema'
import type { CostTable } from '#services/calibrate/states'
import { chainsOf } from '#services/calibrate/ladder'
import type { RowReplay } from '#services/calibrate/replay-row'
import { drawOf } from '#services/calibrate/draw'
import { thinned } from '#services/calibrate/thinned'

/** Each price of quality is so many times the one before. */
const priceRatio = 1.4
/** Prices of quality that are tried, in units of the score that the most expensive model's mean cost must bring. */
const prices = [0, ...Array.from({ length: 20 }, (_, index) => 0.003 * priceRatio ** index)]
/**
 * Steps between two neighbours of a price that did well; a mix of two points a whole step apart asks for calls that
 * are not worth theirs.
 */
const finer = [-7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7].map(step => step / 8)

/** P(correct) from which an answer is taken, where the plain rule is tried. */
const trusts = Array.from({ length: 19 }, (_, index) => (index + 1) / 20)

/** A row to be replayed by fits that have not seen it; what a replay has judged is kept as long as the replay. */
export interface UnseenRow {
  readonly id: string
  readonly replay: () => RowReplay
}

/**
 * Points are looked for on so many rows: what more would move them by is far below what a request's score varies
 * by.
 */
const mostSearched = 10_000

/**
 * The path of cost against score: every chain of rungs at every price of quality, on rows that the replays had not
 * seen, and of these the points that no mix of others beats (the upper convex hull), looked at again in finer
 * steps. From cheap to expensive. With very many rows the points are found on some of them; what each scores and costs
 * is always measured on all.
 */
export function fitPath(
  unseen: readonly UnseenRow[],
  models: readonly string[],
  costTable: CostTable,
  seed: number,
): QualityPoint[] {
  const searched = thinned(unseen, mostSearched, ({ id }) => drawOf(id, 'search', seed))
  const points = findPoints(
    searched.map(one => one.replay()),
    models,
    costTable,
  )
  return searched.length === unseen.length ? points : upperHull(measureAll(unseen, costTable, points))
}

function findPoints(replays: readonly RowReplay[], models: readonly string[], costTable: CostTable): QualityPoint[] {
  // Where contents say nothing, the same start is predicted for every row, and chains without lower rungs are tried
  // anyway.
  const predictsApart = replays.some(replay => Object.keys(replay.estimate.features).length > 0)
  const unit = Math.max(...costTable.usual.values()) || 1
  const asked = chainsOf(models).flatMap(chain =>
    (['cheapest', 'predicted'] as const).flatMap(first => {
      if (first === 'predicted' && (chain.length === 1 || !predictsApart)) return []
      const priced = (chain.length === 1 ? [0] : prices).map(price => ({ costWeight: price / unit }))
      const plain = chain.length === 1 ? [] : trusts.map(acceptAt => ({ costWeight: 0, acceptAt }))
      return [...priced, ...plain].map((rule): Asked => ({ models: [...chain], first, ...rule }))
    }),
  )
  const points = asked.map(point => measure(replays, costTable, point))
  const coarse = upperHull(points)
  return upperHull([...points, ...coarse.flatMap(nearbyOf).map(point => measure(replays, costTable, point))])
}

/** The same chain at prices in between. */
function nearbyOf({ models, first, costWeight, acceptAt }: QualityPoint): Asked[] {
  if (acceptAt !== undefined || costWeight === 0) return []
  return finer.map(step => ({ models, first, costWeight: costWeight * priceRatio ** step }))
}

type Asked = Pick<QualityPoint, 'models' | 'first' | 'costWeight' | 'acceptAt'>

function measure(replays: readonly RowReplay[], costTable: CostTable, point: Asked): QualityPoint {
  const sums = createSums(point, costTable)
  for (const replay of replays) sums.add(replay)
  return sums.mean(replays.length)
}

/** Several points at once, so that no more than one replay is there at a time. */
function measureAll(unseen: readonly UnseenRow[], costTable: CostTable, points: readonly Asked[]): QualityPoint[] {
  const sums = points.map(point => createSums(point, costTable))
  for (const one of unseen) {
    const replay = one.replay()
    for (const sum of sums) sum.add(replay)
  }
  return sums.map(one => one.mean(unseen.length))
}

/** What a point scores and costs, row by row. */
function createSums({ models, first, costWeight, acceptAt }: Asked, costTable: CostTable) {
  const point = { models, first, costWeight, ...(acceptAt === undefined ? {} : { acceptAt }) }
  const asked = { ...point, meanScore: 0, meanCostUsd: 0, escalationRatio: 0 }
  let score = 0
  let cost = 0
  let escalated = 0
  return {
    add(replay: RowReplay): void {
      const { calls, answer } = replay.byUtility(asked)
      score += replay.row.outcomes[answer]?.score ?? 0
      cost += costTable.spent(replay.row, calls)
      if (calls.length > 1) escalated += 1
    },
    mean: (rows: number): QualityPoint => ({
      ...point,
      meanScore: score / rows,
      meanCostUsd: cost / rows,
      escalationRatio: escalated / rows,
    }),
  }
}

/** The points that no mix of two others beats, from the cheapest to the best. */
function upperHull(points: readonly QualityPoint[]): QualityPoint[] {
  const sorted = points.toSorted((a, b) => a.meanCostUsd - b.meanCostUsd || b.meanScore - a.meanScore)
  const hull: QualityPoint[] = []
  for (const point of sorted) {
    const last = hull.at(-1)
    if (last !== undefined && point.meanScore <= last.meanScore) continue
    while (hull.length > 1 && isBelow(hull.at(-2)!, hull.at(-1)!, point)) hull.pop()
    hull.push(point)
  }
  return hull
}

function isBelow(left: QualityPoint, middle: QualityPoint, right: QualityPoint): boolean {
  const rise = (right.meanScore - left.meanScore) * (middle.meanCostUsd - left.meanCostUsd)
  return (middle.meanScore - left.meanScore) * (right.meanCostUsd - left.meanCostUsd) <= rise
}

/**
 * The point to run at when a caller sets no limit: the cheapest whose score is within one standard error of the
 * best. The rows cannot tell it from the best, and they can tell what it costs.
 * @source Breiman, Friedman, Olshen, Stone, Classification and Regression Trees (1984), section 3.4.3 (the
 * one-standard-error rule)
 */
export function choosePoint(path: readonly QualityPoint[], rows: number): number {
  const best = path.at(-1)?.meanScore ?? 0
  const error = Math.sqrt((best * (1 - best)) / rows)
  return path.findIndex(point => point.meanScore >= best - error)
}
