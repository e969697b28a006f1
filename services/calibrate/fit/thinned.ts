/** As many rows, evenly spread; all of them where there are no more. */
export function thinned<Row>(rows: readonly Row[], most: number): readonly Row[] {
  const share = most / rows.length
  return share >= 1 ? rows : rows.filter((_, index) => Math.floor((index + 1) * share) > Math.floor(index * share))
}
