/** How rows are split: the fold of the row at an index, and how many folds there are. */
export interface Folds {
  readonly ofRow: (index: number) => number
  readonly count: number
}

/**
 * Fits on all folds but one and applies to that one, for each: every row is predicted by a fit that has not seen it.
 */
export function crossFit<Row, Fit, Result>(
  rows: readonly Row[],
  folds: Folds,
  fit: (train: readonly Row[]) => Fit,
  apply: (fitted: Fit, row: Row, index: number) => Result,
): readonly Result[] {
  const results: Result[] = []
  for (let fold = 0; fold < folds.count; fold += 1) {
    const train = rows.filter((_, index) => folds.ofRow(index) !== fold)
    const test = rows.map((_, index) => index).filter(index => folds.ofRow(index) === fold)
    if (test.length === 0) continue
    const fitted = fit(train.length === 0 ? rows : train)
    for (const index of test) results[index] = apply(fitted, rows[index]!, index)
  }
  return results
}
