import { upperBound } from '#services/calibrate/bounds/binomial-bound'
import type { RowReplay } from '#services/calibrate/replay-row'
import type { Figure, Slice, Slicing } from '#services/calibrate/report'
import type { OutcomeRow } from '#services/calibrate/states'
import { figureOf } from './bootstrap.ts'
import { doAll, meanOf, type Done, type MeasureInput } from './measure-policy.ts'

/** How to slice. */
export interface SliceOptions {
  /** `group`, `dataset`, or any column of the rows. */
  readonly by: string
  /** Decides under this limit and holds every slice to it; as it runs without limits when absent. */
  readonly maxRisk?: number
  /** Bounds the risk of every slice, all at once with chance 1 - δ. */
  readonly delta?: number
}

/** Chance of a warning where no slice is over the limit. */
const falseWarning = 0.05

/** The value of a row by which it is sliced; `undefined` where it has none. */
export function sliceOf({ group, dataset, columns }: OutcomeRow, by: string): string | undefined {
  if (by === 'group') return group
  return by === 'dataset' ? dataset : columns?.[by]
}

/**
 * Measures every slice, the largest first. Rows have fitted nothing where a certificate is asked for, so the policy is
 * fixed and the losses of a slice are Binomial: each bound is Clopper-Pearson's at δ over the number of slices, which
 * holds for all of them together by the union bound.
 */
export function measureSlices(
  input: MeasureInput,
  asItRuns: readonly Done[],
  { by, maxRisk, delta }: SliceOptions,
): { readonly slicing: Slicing; readonly slices: readonly Slice[] } {
  const done = maxRisk === undefined ? asItRuns : doAll(input, replay => replay.byRisk(maxRisk))
  const limit = maxRisk ?? meanOf(done, one => Number(one.loss))
  const groups = groupsOf(input.replays, by)
  const slices = [...groups]
    .map(([name, rows]) => sliceFor(name, rows, { input, done, limit, slices: groups.size, delta }))
    .toSorted((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1))
  const rowsWithout = input.replays.filter(({ row }) => sliceOf(row, by) === undefined).length
  const slicing = { by, limit, isLimitOfCaller: maxRisk !== undefined, rowsWithout }
  return { slicing: { ...slicing, ...(delta === undefined ? {} : { delta }) }, slices }
}

function groupsOf(replays: readonly RowReplay[], by: string): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>()
  replays.forEach(({ row }, index) => {
    const name = sliceOf(row, by) ?? ''
    const rows = groups.get(name)
    if (rows === undefined) groups.set(name, [index])
    else rows.push(index)
  })
  return groups
}

interface Measured {
  readonly input: MeasureInput
  readonly done: readonly Done[]
  readonly limit: number
  readonly slices: number
  readonly delta: number | undefined
}

function sliceFor(name: string, rows: readonly number[], { input, done, limit, slices, delta }: Measured): Slice {
  const { replays, file, resampled } = input
  const [small, large] = [file.models[0], file.models.at(-1)].map(model =>
    meanOver(rows, row => replays[row]!.row.outcomes[model ?? '']?.score ?? 0),
  )
  const own = rows.map(row => done[row]!)
  const losses = own.filter(({ loss }) => loss).length
  const escalationRatio = meanOver(rows, row => Number(done[row]!.calls.length > 1))
  const warning = warningOf(losses, rows.length, limit, falseWarning / slices)
  const riskBound = delta === undefined ? undefined : upperBound(losses, rows.length, delta / slices)
  return {
    name,
    rows: rows.length,
    small: small ?? 0,
    large: large ?? 0,
    policy: wilson(
      meanOver(rows, row => done[row]!.score),
      rows.length,
    ),
    escalationRatio,
    escalation: wilson(escalationRatio, rows.length),
    costUsd: figureOf(
      resampled.map(counts => Uint16Array.from(rows, row => counts[row]!)),
      counts => meanOf(own, one => one.costUsd, counts),
    ),
    losses,
    risk: exact(losses, rows.length),
    ...(warning === undefined ? {} : { warning }),
    ...(riskBound === undefined ? {} : { riskBound, isCertified: riskBound <= limit }),
  }
}

function warningOf(losses: number, rows: number, limit: number, alpha: number): Slice['warning'] {
  if (lowerBound(losses, rows, alpha) > limit) return 'exceeds'
  return losses / rows > limit ? 'may exceed' : undefined
}

/** Below this the chance is not, with probability at least 1 - alpha. */
function lowerBound(hits: number, trials: number, alpha: number): number {
  return 1 - upperBound(trials - hits, trials, alpha)
}

/** @source Clopper and Pearson (1934) */
function exact(hits: number, trials: number): Figure {
  return {
    value: hits / trials,
    low: lowerBound(hits, trials, 0.025),
    high: upperBound(hits, trials, 0.025),
  }
}

/** @source Wilson, Probable inference, the law of succession, and statistical inference (1927) */
function wilson(share: number, rows: number): Figure {
  const z = 1.96
  const middle = (share + z ** 2 / (2 * rows)) / (1 + z ** 2 / rows)
  const half = (z / (1 + z ** 2 / rows)) * Math.sqrt((share * (1 - share)) / rows + z ** 2 / (4 * rows ** 2))
  return { value: share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}

function meanOver(rows: readonly number[], of: (row: number) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0) / rows.length
}
