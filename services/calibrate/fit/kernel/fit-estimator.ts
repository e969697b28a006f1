import { featuresOf, standardise, textOf } from '#services/decision/policy/featurize'
import { gramBuckets, sortedGrams, type HashedGrams } from '#services/decision/features/hash-grams'
import type { EstimatorGraph } from '#services/calibrate/estimator-graph'
import type { OutcomeRow } from '#services/calibrate/states'
import { drawOf } from '#services/calibrate/draw'
import { chooseKernel, mostEvaluated, type EvaluatedChoice } from './choose-kernel.ts'
import { applyKernel, fitKernel, type KernelFit, type Likeness } from './fit-kernel.ts'
import { rarityOf, weighGrams } from './gram-rarity.ts'
import { likenessOf, relate, type KernelPoint } from './kernel-space.ts'
import { codeFeatures, type Features } from '../regression/feature-table.ts'
import { fitScaling, type Scaling } from '../regression/fit-scaling.ts'

/** A row with its features, so that these are computed once. */
export interface FeaturedRow {
  readonly row: OutcomeRow
  readonly features: Features
  /** Its place in the space that estimators are fitted in. */
  readonly at: number
}

/**
 * Every row as a point, and how alike they are: made once, without looking at any outcome but to choose what
 * counts.
 */
export interface EstimatorSpace extends Scaling {
  readonly models: readonly string[]
  readonly points: readonly KernelPoint[]
  /** By model: the score of every row. */
  readonly scores: readonly Float64Array[]
  readonly rarity: Float32Array
  readonly evaluated: EvaluatedChoice
  readonly likeness: Likeness
}

/** Computes the features of rows. */
export function withFeatures(rows: readonly OutcomeRow[]): readonly FeaturedRow[] {
  return rows.map((row, at) => ({ row, features: row.features ?? featuresOf(row.parts), at }))
}

/** With more rows than this, so many of them stand in for all: what they leave out is lost in the noise of scores. */
const mostLandmarks = 500
/** And no fewer than this, however many rows there are. */
const fewestLandmarks = 250
/** What solving may cost: rows × landmarks². A second on one core. */
const work = 4e8

/** Rows made ready for spaces: everything but the vectors of an encoder. */
export interface PreparedRows extends Scaling {
  readonly models: readonly string[]
  readonly points: readonly KernelPoint[]
  readonly scores: readonly Float64Array[]
  readonly rarity: Float32Array
  /** Places of rows in an order that is drawn from their ids. */
  readonly drawn: readonly number[]
  /** Places of the rows that a shape is chosen on. */
  readonly evaluated: readonly number[]
}

/** Makes rows ready, without looking at any outcome. */
export function prepareRows(
  rows: readonly FeaturedRow[],
  models: readonly string[],
  seed: number,
  most = mostEvaluated,
): PreparedRows {
  const scaling = fitScaling(codeFeatures(rows.map(one => one.features)))
  const hashed = rows.map(({ row }) => sortedGrams(textOf(row.parts) ?? ''))
  const rarity = rarityOf(hashed)
  const points = rows.map(({ features }, at): KernelPoint => ({
    dense: standardise(features, scaling),
    grams: weighGrams(hashed[at]!, rarity),
  }))
  const scores = models.map(model => Float64Array.from(rows, ({ row }) => row.outcomes[model]?.score ?? 0))
  const drawn = drawnOrder(rows, seed)
  return { ...scaling, models, points, scores, rarity, drawn, evaluated: drawn.slice(0, most) }
}

/** Chooses a shape. `embeddings`, by place, are needed of the rows alone that it is chosen on. */
export function evaluateShape(
  { evaluated, points, scores }: PreparedRows,
  embeddings?: ReadonlyMap<number, Float32Array>,
): EvaluatedChoice {
  return chooseKernel(
    evaluated.map(at => withEmbedding(points[at]!, embeddings?.get(at))),
    routedTargets(scores).map(target => Float64Array.from(evaluated, at => target[at]!)),
  )
}

function withEmbedding(point: KernelPoint, embedding: Float32Array | undefined): KernelPoint {
  return embedding === undefined ? point : { ...point, embedding }
}

/**
 * The space of some rows in a shape. `embeddings`, of every row, come from the encoder that the policy will be tied
 * to.
 */
export function createSpace(
  prepared: PreparedRows,
  evaluated: EvaluatedChoice,
  embeddings?: ReadonlyMap<number, Float32Array>,
): EstimatorSpace {
  const { names, means, scales, models, scores, rarity, drawn } = prepared
  const points = prepared.points.map((point, at) => withEmbedding(point, embeddings?.get(at)))
  // Where nothing is known of rows they are all alike, and the mean is all that can be predicted.
  const blank = names.length === 0 && embeddings === undefined && points.every(({ grams }) => grams.places.length === 0)
  const exact = !blank && points.length <= mostLandmarks
  const landmarks = exact || blank ? [] : drawn.slice(0, landmarksFor(points.length)).toSorted((a, b) => a - b)
  const columns = exact ? points : landmarks.map(at => points[at]!)
  const gram = likenessOf(relate(points, columns), evaluated.choice)
  return {
    names,
    means,
    scales,
    models,
    points,
    scores,
    rarity,
    evaluated,
    likeness: { gram, size: columns.length, exact, landmarks },
  }
}

function landmarksFor(rows: number): number {
  return Math.min(mostLandmarks, Math.max(fewestLandmarks, Math.floor(Math.sqrt(work / rows))))
}

/** Fits on some rows of the space. */
export function fitEstimator(space: EstimatorSpace, rows: readonly FeaturedRow[]): KernelFit {
  return fitKernel(
    space.likeness,
    rows.map(row => row.at),
    space.scores,
    space.evaluated.choice.noise,
  )
}

/** The quality of each model that a fit predicts of one row. */
export function predictScores(space: EstimatorSpace, fit: KernelFit, { at }: FeaturedRow): readonly number[] {
  return applyKernel(fit, space.likeness, at).map(inside)
}

/** The fit as a graph that needs nothing else: landmarks, and what grams add, gathered into one weight a gram. */
export function graphOf(space: EstimatorSpace, fit: KernelFit): EstimatorGraph {
  const { likeness, points, evaluated } = space
  const kept = fit.columns.map(column => points[likeness.exact ? column : likeness.landmarks[column]!]!)
  const { gramWeight, embeddingWeight } = evaluated.choice
  return {
    ...evaluated.choice,
    dense: kept.map(point => point.dense),
    embeddings: embeddingWeight === 0 ? [] : kept.map(point => point.embedding ?? new Float32Array(0)),
    weights: fit.weights,
    biases: fit.biases,
    rarity: gramWeight === 0 ? new Float32Array(0) : space.rarity,
    gramWeights: gramWeight === 0 ? [] : fit.weights.map(weights => gatherGrams(kept, weights, gramWeight)),
  }
}

function gatherGrams(kept: readonly KernelPoint[], weights: Float64Array, gramWeight: number): Float64Array {
  const sums = new Float64Array(gramBuckets)
  kept.forEach(({ grams }: { readonly grams: HashedGrams }, at) => {
    for (let to = 0; to < grams.places.length; to += 1) {
      sums[grams.places[to]!]! += gramWeight * weights[at]! * grams.values[to]!
    }
  })
  return sums
}

/**
 * Scores, and what each rung scores more than the one below and the most expensive more than the cheapest: routing
 * stands on differences.
 */
function routedTargets(scores: readonly Float64Array[]): readonly Float64Array[] {
  const steps = scores.slice(1).map((score, index) => score.map((value, row) => value - scores[index]![row]!))
  const whole = scores.length > 2 ? [scores.at(-1)!.map((value, row) => value - scores[0]![row]!)] : []
  return [...scores, ...steps, ...whole]
}

function drawnOrder(rows: readonly FeaturedRow[], seed: number): readonly number[] {
  return rows
    .map(({ row, at }) => ({ at, draw: drawOf(row.id, 'kernel', seed) }))
    .toSorted((a, b) => a.draw - b.draw || a.at - b.at)
    .map(({ at }) => at)
}

/** Nothing is certain before a call. */
function inside(quality: number): number {
  return Math.min(0.999, Math.max(0.001, quality))
}
