/** Places far down count about the same. @source Cormack, Clarke, Büttcher 2009, "Reciprocal Rank Fusion", section 2 */
const rankOffset = 60

/** One list of what was found, best first. */
export type Ranking<Key> = readonly Key[]

/** Joins rankings by the sum of reciprocal ranks; best first, equals by the first list that has them. */
export function joinRanks<Key>(
  rankings: readonly Ranking<Key>[],
): readonly { readonly key: Key; readonly score: number }[] {
  const scores = new Map<Key, number>()
  for (const ranking of rankings) {
    for (const [place, key] of ranking.entries()) scores.set(key, (scores.get(key) ?? 0) + 1 / (rankOffset + place + 1))
  }
  return [...scores].map(([key, score]) => ({ key, score })).toSorted((one, other) => other.score - one.score)
}

/** How many of each list are joined, for so many hits. */
export function joinedDepth(limit: number): number {
  return Math.max(50, limit * 4)
}
