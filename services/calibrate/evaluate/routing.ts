/**
 * One row as a router between two models sees it: what each scores, and in which order rows are sent to the expensive
 * one.
 */
export interface RoutedRow {
  readonly small: number
  readonly large: number
  /** Rows with a higher urge go to the expensive model first. */
  readonly urge: number
}

/** What a router between two models is worth. */
export interface RouterFigures {
  /** Mean share of the gap between the models that is closed, over all shares of calls to the expensive one. */
  readonly apgr: number
  /** Share of calls to the expensive model that closes half, and four fifths, of the gap. */
  readonly cpt50: number
  readonly cpt80: number
}

/**
 * Prepares an evaluation: rows are sorted once, and each resample only counts how often a row is in it. Ties share
 * their gain evenly.
 */
export function createRouterEvaluation(rows: readonly RoutedRow[]): (counts?: Uint16Array) => RouterFigures {
  const order = rows.map((_, index) => index).toSorted((a, b) => rows[b]!.urge - rows[a]!.urge || a - b)
  const blocks = blocksOf(order, rows)
  return counts => evaluate(blocks, rows, counts)
}

function blocksOf(order: readonly number[], rows: readonly RoutedRow[]): readonly (readonly number[])[] {
  const blocks: number[][] = []
  for (const index of order) {
    const last = blocks.at(-1)
    if (last !== undefined && rows[last[0]!]!.urge === rows[index]!.urge) last.push(index)
    else blocks.push([index])
  }
  return blocks
}

/**
 * @source Ong et al., RouteLLM (2024), section 2: performance gap recovered, its average over call shares (by
 * trapezoids, exactly), and call-performance thresholds
 */
function evaluate(
  blocks: readonly (readonly number[])[],
  rows: readonly RoutedRow[],
  counts: Uint16Array | undefined,
): RouterFigures {
  const curve = blocks.map(block => {
    let weight = 0
    let gain = 0
    for (const index of block) {
      const count = counts?.[index] ?? 1
      weight += count
      gain += count * (rows[index]!.large - rows[index]!.small)
    }
    return { weight, gain }
  })
  const weight = curve.reduce((sum, one) => sum + one.weight, 0)
  const gap = curve.reduce((sum, one) => sum + one.gain, 0)
  if (gap === 0 || weight === 0) return { apgr: Number.NaN, cpt50: Number.NaN, cpt80: Number.NaN }
  let area = 0
  let sent = 0
  let gained = 0
  const reached = { half: Number.NaN, most: Number.NaN }
  for (const one of curve) {
    area += (one.weight / weight) * ((gained + one.gain / 2) / gap)
    const closed = (gained + one.gain) / gap
    const crossing = (wanted: number): number => (sent + ((wanted * gap - gained) / one.gain) * one.weight) / weight
    if (Number.isNaN(reached.half) && closed >= 0.5) reached.half = crossing(0.5)
    if (Number.isNaN(reached.most) && closed >= 0.8) reached.most = crossing(0.8)
    sent += one.weight
    gained += one.gain
  }
  return { apgr: area, cpt50: reached.half, cpt80: reached.most }
}
