/** A row and its score. */
export interface ScoredRow {
  readonly row: number
  readonly score: number
}

/** Keeps the best rows that it is shown. */
export interface TopRows {
  /** Score that a further row must beat. */
  readonly least: number
  add(row: number, score: number): void
  /** Best first. */
  sorted(): readonly ScoredRow[]
}

/** Makes it: a heap with the worst on top. */
export function createTopRows(most: number): TopRows {
  const rows: number[] = []
  const scores: number[] = []
  const swap = (one: number, other: number): void => {
    const [row = 0, score = 0] = [rows[one], scores[one]]
    rows[one] = rows[other] ?? 0
    scores[one] = scores[other] ?? 0
    rows[other] = row
    scores[other] = score
  }
  const scoreAt = (at: number): number => scores[at] ?? Infinity
  const rise = (from: number): void => {
    for (let at = from; at > 0;) {
      const above = (at - 1) >> 1
      if (scoreAt(above) <= scoreAt(at)) return
      swap(above, at)
      at = above
    }
  }
  const sink = (): void => {
    for (let at = 0; ;) {
      const left = 2 * at + 1
      const least = scoreAt(left + 1) < scoreAt(left) ? left + 1 : left
      if (scoreAt(least) >= scoreAt(at)) return
      swap(least, at)
      at = least
    }
  }
  return {
    get least() {
      return scores.length < most ? -Infinity : scoreAt(0)
    },
    add(row, score) {
      if (scores.length < most) {
        rows.push(row)
        scores.push(score)
        rise(scores.length - 1)
      } else if (score > scoreAt(0)) {
        rows[0] = row
        scores[0] = score
        sink()
      }
    },
    sorted: () =>
      rows.map((row, at) => ({ row, score: scores[at] ?? 0 })).toSorted((one, other) => other.score - one.score),
  }
}
