import { certifiedPoint } from '#services/decision/decide/decide-by-risk'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { isLoss } from '#services/calibrate/ladder'
import type { CostTable } from '#services/calibrate/states'
import type { RowReplay, Replayed } from '#services/calibrate/replay-row'
import type { CurvePoint, EvalReport, Figure, Mistake } from '#services/calibrate/report'
import { figureOf } from './bootstrap.ts'
import { binsOf, calibrationError, errorOfChance, type Prediction } from './reliability.ts'

/** Inputs of a measurement. */
export interface MeasureInput {
  readonly replays: readonly RowReplay[]
  readonly file: PolicyFile
  readonly costTable: CostTable
  readonly resampled: readonly Uint16Array[]
  /** Limits on the marginal risk that are tried. */
  readonly maxRisks?: readonly number[]
}

const usualRisks = [0.01, 0.02, 0.05, 0.1]

/** What was done on one row and what came of it. */
export interface Done extends Replayed {
  readonly score: number
  readonly costUsd: number
  readonly loss: boolean
}

/** Replays every row by a way of deciding. */
export function doAll(
  { replays, file, costTable }: MeasureInput,
  go: (replay: RowReplay) => Replayed,
): readonly Done[] {
  const mostExpensive = file.models.at(-1) ?? ''
  return replays.map(replay => {
    const replayed = go(replay)
    return {
      ...replayed,
      score: replay.row.outcomes[replayed.answer]?.score ?? 0,
      costUsd: costTable.spent(replay.row, replayed.calls),
      loss: isLoss(replay.row, replayed.answer, mostExpensive),
    }
  })
}

/** Results of the policy as a whole cascade. */
export function measurePolicy(input: MeasureInput): Pick<
  EvalReport,
  | 'alone'
  | 'curve'
  | 'oracle'
  | 'chosen'
  | 'aiq'
  | 'ece'
  | 'eceOfChance'
  | 'reliability'
  | 'paths'
  | 'risks'
  | 'mistakes'
> & {
  /** What was done on every row, in order. */
  readonly done: readonly Done[]
} {
  const { file, resampled, replays } = input
  const along = file.decision.path.map(point => doAll(input, replay => replay.byUtility(point)))
  const done = along[file.decision.chosen]!
  const alone = file.models.map(model => doAll(input, () => ({ calls: [model], answer: model })))
  const predictions = predictionsOf(replays, file.models)
  const figure = (statistic: (counts?: Uint16Array) => number): Figure => figureOf(resampled, statistic)
  const ends = [alone[0]!, alone.at(-1)!]
  const area = (lines: readonly (readonly Done[])[]) => (counts?: Uint16Array) => areaUnder(lines, ends, counts)
  return {
    alone: file.models.map((model, index) => ({ model, ...pointOf(alone[index]!) })),
    curve: along.map(line => pointOf(line)),
    oracle: pointOf(doAll(input, replay => oracleOf(replay, file.models))),
    chosen: {
      score: figure(counts => meanOf(done, one => one.score, counts)),
      costUsd: figure(counts => meanOf(done, one => one.costUsd, counts)),
      marginalRisk: figure(counts => meanOf(done, one => Number(one.loss), counts)),
      selectiveRisk: figure(counts => selectiveOf(done, file, counts)),
    },
    aiq: {
      policy: figure(area(along)),
      randomMix: figure(area(ends)),
      gain: figure(counts => area(along)(counts) - area(ends)(counts)),
    },
    ece: figure(counts => calibrationError(binsOf(predictions, counts))),
    eceOfChance: errorOfChance(predictions),
    reliability: binsOf(predictions),
    paths: pathsOf(done),
    risks: (input.maxRisks ?? usualRisks).map(maxRisk => riskOf(input, maxRisk)),
    mistakes: mistakesOf(replays, done),
    done,
  }
}

function riskOf(input: MeasureInput, maxRisk: number): EvalReport['risks'][number] {
  const done = doAll(input, replay => replay.byRisk(maxRisk))
  return {
    maxRisk,
    certified: certifiedPoint(input.file.risk.path, maxRisk) !== undefined,
    marginalRisk: meanOf(done, one => Number(one.loss)),
    selectiveRisk: selectiveOf(done, input.file),
    meanCostUsd: meanOf(done, one => one.costUsd),
  }
}

/** The mean over rows, each as often as a resample has it. */
export function meanOf(done: readonly Done[], of: (one: Done) => number, counts?: Uint16Array): number {
  let sum = 0
  let weight = 0
  for (let row = 0; row < done.length; row += 1) {
    const count = counts?.[row] ?? 1
    if (count === 0) continue
    sum += count * of(done[row]!)
    weight += count
  }
  return weight === 0 ? 0 : sum / weight
}

function selectiveOf(done: readonly Done[], file: PolicyFile, counts?: Uint16Array): number {
  const accepted = meanOf(done, one => Number(one.answer !== file.models.at(-1)), counts)
  return accepted === 0 ? 0 : meanOf(done, one => Number(one.loss), counts) / accepted
}

function pointOf(done: readonly Done[], counts?: Uint16Array): CurvePoint {
  return {
    meanCostUsd: meanOf(done, one => one.costUsd, counts),
    meanScore: meanOf(done, one => one.score, counts),
  }
}

/**
 * The mean score between the costs of the two ends, along the best that can be had for at most each cost.
 * @source Hu et al., RouterBench (2024): average improvement in quality
 */
function areaUnder(
  lines: readonly (readonly Done[])[],
  ends: readonly (readonly Done[])[],
  counts: Uint16Array | undefined,
): number {
  const [from, to] = ends.map(end => pointOf(end, counts).meanCostUsd) as [number, number]
  const points = lines.map(line => pointOf(line, counts)).toSorted((a, b) => a.meanCostUsd - b.meanCostUsd)
  if (to <= from) return Number.NaN
  const steps = 200
  let sum = 0
  for (let step = 0; step <= steps; step += 1) sum += scoreAt(points, from + ((to - from) * step) / steps)
  return sum / (steps + 1)
}

function scoreAt(points: readonly CurvePoint[], costUsd: number): number {
  const above = points.findIndex(point => point.meanCostUsd > costUsd)
  if (above === -1) return Math.max(...points.map(point => point.meanScore))
  const expensive = points[above]!
  const cheap = points[above - 1]
  if (cheap === undefined) return expensive.meanScore
  const share = (costUsd - cheap.meanCostUsd) / (expensive.meanCostUsd - cheap.meanCostUsd)
  const best = Math.max(...points.slice(0, above).map(point => point.meanScore))
  return Math.max(best, cheap.meanScore + share * (expensive.meanScore - cheap.meanScore))
}

/** The cheapest model of those that score best on a row: what hindsight would have called. */
function oracleOf({ row }: RowReplay, models: readonly string[]): Replayed {
  const [first = ''] = models
  const best = models.reduce(
    (top, model) => ((row.outcomes[model]?.score ?? 0) > (row.outcomes[top]?.score ?? 0) ? model : top),
    first,
  )
  return { calls: [best], answer: best }
}

/**
 * P(correct) of every model's answer, given those of the cheaper ones, against what it scored: all calibrators, and not
 * those alone that one point asks.
 */
function predictionsOf(replays: readonly RowReplay[], models: readonly string[]): readonly Prediction[] {
  return replays.flatMap((replay, row) => {
    const present = models.filter(model => replay.row.outcomes[model] !== undefined)
    return present.map((model, index) => ({
      row,
      predicted: replay.confidence(present.slice(0, index + 1)),
      observed: replay.row.outcomes[model]?.score ?? 0,
    }))
  })
}

function pathsOf(done: readonly Done[]): EvalReport['paths'] {
  const paths = new Map<string, { rows: number; score: number }>()
  for (const { calls, answer, score } of done) {
    const key = calls.map(model => (model === answer ? `[${model}]` : model)).join(' → ')
    const path = paths.get(key) ?? { rows: 0, score: 0 }
    paths.set(key, { rows: path.rows + 1, score: path.score + score })
  }
  return [...paths]
    .map(([calls, { rows, score }]) => ({ calls, share: rows / done.length, score: score / rows }))
    .toSorted((a, b) => b.share - a.share || (a.calls < b.calls ? -1 : 1))
}

const mistakesShown = 12
const excerptCharacters = 160

function mistakesOf(replays: readonly RowReplay[], done: readonly Done[]): readonly Mistake[] {
  return replays
    .map((replay, row) => ({ replay, one: done[row]! }))
    .filter(({ one }) => one.loss)
    .map(({ replay, one }): Mistake => {
      const text = replay.row.parts.map(part => ('text' in part ? part.text : `(${part.kind})`)).join(' ')
      return {
        id: replay.row.id,
        group: replay.row.group ?? '',
        model: one.answer,
        confidence: replay.confidence(one.calls.slice(0, one.calls.indexOf(one.answer) + 1)),
        excerpt: text.slice(0, excerptCharacters),
      }
    })
    .toSorted((a, b) => b.confidence - a.confidence || (a.id < b.id ? -1 : 1))
    .slice(0, mistakesShown)
}
