import { createHash } from 'node:crypto'

/** The fold of a row, from its id and the seed alone: the same whatever stands around it. */
export function foldOf(id: string, seed: number, folds: number): number {
  return createHash('sha256').update(`${seed}\0${id}`).digest().readUInt32LE(0) % folds
}

/** Fits on all folds but one and applies to that one, for each: every row is foretold by a fit that has not seen it. */
export function crossFit<Row, Fit, Result>(
  rows: readonly Row[],
  foldOfRow: readonly number[],
  folds: number,
  fit: (train: readonly Row[]) => Fit,
  apply: (fitted: Fit, row: Row) => Result,
): readonly Result[] {
  const results = new Map<Row, Result>()
  for (let fold = 0; fold < folds; fold += 1) {
    const train = rows.filter((_, index) => foldOfRow[index] !== fold)
    const test = rows.filter((_, index) => foldOfRow[index] === fold)
    if (test.length === 0) continue
    const fitted = fit(train.length === 0 ? rows : train)
    for (const row of test) results.set(row, apply(fitted, row))
  }
  return rows.map(row => results.get(row)!)
}
