/**
 * As many rows as that, those with the lowest draws, in their own order; all of them where there are no more. A
 * draw is of a row's id, so that no order of the table, such as two data sets in turn, decides who stays.
 */
export function thinned<Row>(rows: readonly Row[], most: number, drawFor: (row: Row) => number): readonly Row[] {
  if (rows.length <= most) return rows
  const drawn = rows.map((row, index) => ({ index, draw: drawFor(row) }))
  const kept = drawn.toSorted((a, b) => a.draw - b.draw || a.index - b.index).slice(0, most)
  return kept.toSorted((a, b) => a.index - b.index).map(({ index }) => rows[index]!)
}
