/** What an endpoint has done lately. */
export interface Record {
  readonly endedAt: number
  readonly good: boolean
  /** From the request to the first piece, where there was one. */
  readonly firstMs?: number
}

/** Ends that are evaluated; fewer than the minimum are no evidence. */
export const recordsKept = 50
const leastRecords = 10
const lookBackMs = 60_000
/** How much more often than the others an endpoint may fail. */
const failureMargin = 0.3
/** How much slower than the others it may be, and by how much at least. */
const slowFactor = 3
const slowMarginMs = 500

/**
 * Names the endpoints (by place) that do far worse than the others: they fail more often, or their first piece
 * comes much later. Never more than half of them, the worst first, so that trouble of all is not taken for trouble
 * of each. Pure.
 * @source Envoy, "Outlier detection": success rate and maximum ejection percentage
 */
export function outliersOf(histories: readonly (readonly Record[])[], nowMs: number): readonly number[] {
  const views = histories.map((history, place) => viewOf(history, place, nowMs))
  const known = views.filter(view => view.count >= leastRecords)
  if (known.length < 2) return []
  const worse = known.flatMap(view => {
    const others = known.filter(other => other.place !== view.place)
    const failsMore = view.failRatio - mean(others.map(other => other.failRatio))
    const slower = view.firstMs - median(others.map(other => other.firstMs))
    const isSlow = slower > slowMarginMs && view.firstMs > slowFactor * (view.firstMs - slower)
    return failsMore > failureMargin || isSlow ? [{ place: view.place, badness: failsMore + (isSlow ? 1 : 0) }] : []
  })
  const most = Math.floor(histories.length / 2)
  return worse
    .toSorted((one, other) => other.badness - one.badness)
    .slice(0, most)
    .map(({ place }) => place)
}

interface View {
  readonly place: number
  readonly count: number
  readonly failRatio: number
  readonly firstMs: number
}

function viewOf(history: readonly Record[], place: number, nowMs: number): View {
  const recent = history.filter(({ endedAt }) => nowMs - endedAt <= lookBackMs)
  const failed = recent.filter(({ good }) => !good).length
  return {
    place,
    count: recent.length,
    failRatio: failed / Math.max(1, recent.length),
    firstMs: median(recent.flatMap(({ firstMs }) => firstMs ?? [])),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0
}
