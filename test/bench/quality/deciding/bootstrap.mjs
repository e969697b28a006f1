const resamples = 1000

/** A statistic of rows with its 95 % interval over resamples of them. */
export function bootstrap(rows, statistic, seed) {
  let state = seed >>> 0
  const random = () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const values = Array.from({ length: resamples }, () =>
    statistic(rows.map(() => rows[Math.floor(random() * rows.length)])),
  ).toSorted((a, b) => a - b)
  return {
    value: statistic(rows),
    low: values[Math.floor(0.025 * resamples)],
    high: values[Math.floor(0.975 * resamples)],
  }
}
