/** What comes in is averaged over this: long enough for bursts, short enough to follow a change. */
const windowMs = 1000
/** An average over less than this is meaningless. */
const leastMs = 200

/**
 * Takes a reading of how much work was put in the queue so far, by class; gives how many slots keep up with what comes
 * in.
 */
export type Inflow = (
  putMs: ReadonlyMap<number, number> | undefined,
  nowMs: number,
) => ReadonlyMap<number, number> | undefined

/** Makes the average over the last readings of one pool. */
export function createInflow(): Inflow {
  const readings: { readonly atMs: number; readonly putMs: ReadonlyMap<number, number> }[] = []
  return (putMs, nowMs) => {
    if (putMs === undefined) return undefined
    readings.push({ atMs: nowMs, putMs })
    while ((readings[1]?.atMs ?? nowMs) <= nowMs - windowMs) readings.shift()
    const [first] = readings
    if (first === undefined || nowMs - first.atMs < leastMs) return undefined
    // A store that lost its data counts from zero again.
    return new Map(
      [...putMs].map(([priority, ms]) => [
        priority,
        Math.max(0, ms - (first.putMs.get(priority) ?? 0)) / (nowMs - first.atMs),
      ]),
    )
  }
}
