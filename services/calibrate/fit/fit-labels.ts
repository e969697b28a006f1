import { surenessOf } from '#services/decision/calibrators/label-model'
import type { LabelModel } from '#services/decision/policy/policy-schema'
import { labelOf, logit } from '#services/decision/calibrators/features/own-features'
import { drawOf } from '#services/calibrate/draw'
import { modelAnswerOf } from '#services/calibrate/ladder'
import { rounded } from '#services/calibrate/round'
import type { OutcomeRow } from '#services/calibrate/states'
import { thinned } from '#services/calibrate/thinned'
import { minimise } from './regression/minimise.ts'

/**
 * The label model of all rows, and for each row that of the folds that it is not in; none where answers are not of
 * few labels.
 */
export interface FittedLabels {
  readonly all: LabelModel | undefined
  readonly unseen: readonly (LabelModel | undefined)[]
}

/** More labels than that are no classes, and their confusions could not be learnt. */
const mostLabels = 40
/** Labels rarer than this share of the answers are left out. */
const leastShare = 0.005
/** Share of the answers that must be among the labels. */
const leastCovered = 0.9
const mostRows = 6000
/** Sets of answers that each row is met with. */
const draws = 4
/** Penalty of a weight's square, in units of one sample's information. */
const ridge = 10
const mostSteps = 150
/** Logits that vary less than this are one logit. */
const leastScale = 0.05
/**
 * What is learnt of each label that a model may say: having said it, how surely, and what of that is above the
 * usual.
 */
const kinds = ['said', 'sure', 'surer'] as const

/**
 * Fits what the labels of several models say together of the true one. It is known where one of the models was
 * right; where none was, that it is none of those said. Each row is met with sets of answers that are drawn from
 * its id, so that one model serves every set.
 * @source Jin, Ghahramani, Learning with multiple labels (2002), for a truth that is only known to be one of several
 */
export function fitLabels(
  rows: readonly OutcomeRow[],
  foldOfRow: readonly number[],
  { models, folds, seed }: { readonly models: readonly string[]; readonly folds: number; readonly seed: number },
): FittedLabels {
  const labels = labelsOf(rows, models)
  const none = { all: undefined, unseen: rows.map(() => undefined) }
  if (labels === undefined || models.length < 2) return none
  const some = thinned(
    rows.map((row, at) => ({ row, fold: foldOfRow[at]! })),
    mostRows,
    ({ row }) => drawOf(row.id, 'labelled', seed),
  )
  const voters = models.map(model => ({
    model,
    ...usualSureness(
      some.map(one => one.row),
      model,
    ),
  }))
  const space = { labels, voters }
  const samples = some.flatMap(({ row, fold }) => samplesOf(row, fold, space, seed))
  if (samples.length === 0) return none
  const weights = fit(space, samples)
  const byFold = Array.from({ length: folds }, (_, fold) => {
    const seen = samples.filter(sample => sample.fold !== fold)
    return seen.length === 0 ? undefined : labelModelOf(space, fit(space, seen))
  })
  return { all: labelModelOf(space, weights), unseen: foldOfRow.map(fold => byFold[fold]!) }
}

interface Space {
  readonly labels: readonly string[]
  readonly voters: readonly { readonly model: string; readonly mean: number; readonly scale: number }[]
}

/** A set of answers: the lines of weights that they touch, by how much, and which labels may be the true one. */
interface Sample {
  readonly fold: number
  readonly lines: Int32Array
  readonly factors: Float64Array
  /** 1 or 0. */
  readonly possible: Uint8Array
}

/** The labels that answers are; `undefined` where they are no classes. */
function labelsOf(rows: readonly OutcomeRow[], models: readonly string[]): readonly string[] | undefined {
  const counts = new Map<string, number>()
  let answers = 0
  for (const row of rows) {
    for (const model of models) {
      if (row.outcomes[model]?.answer === undefined) continue
      answers += 1
      const label = labelOf(modelAnswerOf(row, model))
      if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1)
    }
  }
  const often = [...counts].filter(([, count]) => count >= leastShare * answers)
  const covered = often.reduce((sum, [, count]) => sum + count, 0)
  if (often.length < 2 || often.length > mostLabels || covered < leastCovered * answers) return undefined
  return often.map(([label]) => label).toSorted()
}

function usualSureness(rows: readonly OutcomeRow[], model: string): { readonly mean: number; readonly scale: number } {
  const told = rows.flatMap(row => row.outcomes[model]?.confidence ?? []).map(logit)
  if (told.length === 0) return { mean: 0, scale: 1 }
  const mean = told.reduce((a, b) => a + b, 0) / told.length
  const variance = told.reduce((sum, value) => sum + (value - mean) ** 2, 0) / told.length
  const scale = Math.sqrt(variance)
  // A constant confidence carries no information, and what is left of its deviations is rounding.
  return { mean: rounded(mean), scale: scale < leastScale ? 1 : rounded(scale) }
}

function samplesOf(row: OutcomeRow, fold: number, space: Space, seed: number): readonly Sample[] {
  const all = space.voters.map((voter, place) => {
    const modelAnswer = modelAnswerOf(row, voter.model)
    const label = space.labels.indexOf(labelOf(modelAnswer) ?? '')
    const sureness = surenessOf(voter, modelAnswer)
    const right = (row.outcomes[voter.model]?.score ?? 0) >= 0.5
    return { place, label, right, factors: [1, sureness, Math.max(0, sureness)] }
  })
  const said = all.filter(one => one.label !== -1)
  const possible = possibleLabels(space.labels, said)
  // The true answer is then none of the labels.
  if (all.some(one => one.right) && !said.some(one => one.right)) return []
  if (said.length === 0 || !possible.includes(1) || !possible.includes(0)) return []
  return Array.from({ length: draws }, (_, draw) => {
    const bits = drawOf(row.id, `labels, ${draw}`, seed)
    const drawn = said.filter((_one, at) => (bits >>> (at % 32)) % 2 === 1)
    const met = drawn.length === 0 ? said : drawn
    return {
      fold,
      lines: Int32Array.from(
        met.flatMap(({ place, label }) => kinds.map((_kind, kind) => lineOf(space, place, kind, label))),
      ),
      factors: Float64Array.from(met.flatMap(one => one.factors)),
      possible,
    }
  })
}

/** Which labels may be the true one: what was said rightly, else what was not said. */
function possibleLabels(
  labels: readonly string[],
  said: readonly { readonly label: number; readonly right: boolean }[],
): Uint8Array {
  const right = said.filter(one => one.right).map(one => one.label)
  const all = said.map(one => one.label)
  return Uint8Array.from(labels, (_, label) => Number(right.length > 0 ? right.includes(label) : !all.includes(label)))
}

/** Line 0 is the bias; the others are of a model, a kind of weight and a label that it said. */
function lineOf({ labels }: Space, place: number, kind: number, label: number): number {
  return 1 + (place * kinds.length + kind) * labels.length + label
}

/** Always from nothing: a fit that began at another's weights would remember rows that it must not have seen. */
function fit(space: Space, samples: readonly Sample[]): Float64Array {
  const width = space.labels.length
  const size = width * (1 + space.voters.length * kinds.length * width)
  const chances = new Float64Array(width)
  return minimise(
    (weights, gradient) => {
      let loss = 0
      for (let at = 0; at < size; at += 1) {
        const penalty = at < width ? 1e-6 : ridge
        gradient[at] = penalty * weights[at]!
        loss += (penalty * weights[at]! ** 2) / 2
      }
      for (const sample of samples) loss += evaluate(sample, weights, chances, gradient)
      return loss
    },
    new Float64Array(size),
    mostSteps,
  )
}

/**
 * The loss of one set of answers, -ln P(one of those that are possible); adds its gradient. Plain loops: most of a
 * fit's time is here.
 */
function evaluate(
  { lines, factors, possible }: Sample,
  weights: Float64Array,
  chances: Float64Array,
  gradient: Float64Array,
): number {
  const width = chances.length
  for (let label = 0; label < width; label += 1) chances[label] = weights[label]!
  for (let at = 0; at < lines.length; at += 1) {
    const from = lines[at]! * width
    const factor = factors[at]!
    if (factor === 0) continue
    for (let label = 0; label < width; label += 1) chances[label]! += factor * weights[from + label]!
  }
  const loss = toSlopes(chances, possible)
  for (let label = 0; label < width; label += 1) gradient[label]! += chances[label]!
  for (let at = 0; at < lines.length; at += 1) {
    const from = lines[at]! * width
    const factor = factors[at]!
    if (factor === 0) continue
    for (let label = 0; label < width; label += 1) gradient[from + label]! += factor * chances[label]!
  }
  return loss
}

/** Turns logits into gradients of the loss, and returns the loss. */
function toSlopes(logits: Float64Array, possible: Uint8Array): number {
  let most = Number.NEGATIVE_INFINITY
  for (let label = 0; label < logits.length; label += 1) most = Math.max(most, logits[label]!)
  let sum = 0
  let right = 0
  for (let label = 0; label < logits.length; label += 1) {
    const power = Math.exp(logits[label]! - most)
    logits[label] = power
    sum += power
    right += power * possible[label]!
  }
  // A chance that is no number as a logarithm costs no more than this.
  const mass = Math.max(right, 1e-300)
  for (let label = 0; label < logits.length; label += 1) {
    logits[label] = logits[label]! / sum - (logits[label]! * possible[label]!) / mass
  }
  return Math.log(sum) - Math.log(mass)
}

/** Weights as a policy keeps them, rounded as the file has them: what is measured is what is published. */
function labelModelOf(space: Space, weights: Float64Array): LabelModel {
  const width = space.labels.length
  const line = (at: number): number[] => Array.from(weights.subarray(at * width, (at + 1) * width), rounded)
  const matrix = (place: number, kind: number): number[][] =>
    space.labels.map((_, label) => line(lineOf(space, place, kind, label)))
  return {
    labels: [...space.labels],
    bias: line(0),
    voters: Object.fromEntries(
      space.voters.map(({ model, mean, scale }, place) => [
        model,
        { mean, scale, said: matrix(place, 0), sure: matrix(place, 1), surer: matrix(place, 2) },
      ]),
    ),
  }
}
