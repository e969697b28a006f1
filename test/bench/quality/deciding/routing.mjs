/** Mean share of the gap that is closed over all shares of calls to the large model; ties share their gain. */
export function apgr(rows, urgeOf) {
  const sorted = rows
    .map(row => ({ urge: urgeOf(row), gain: row.large - row.small }))
    .toSorted((a, b) => b.urge - a.urge)
  const gap = sorted.reduce((sum, row) => sum + row.gain, 0)
  let area = 0
  let gained = 0
  for (let from = 0; from < sorted.length;) {
    let to = from
    let gain = 0
    while (to < sorted.length && sorted[to].urge === sorted[from].urge) gain += sorted[to++].gain
    area += ((to - from) / sorted.length) * ((gained + gain / 2) / gap)
    gained += gain
    from = to
  }
  return area
}
