import { gramBuckets, type HashedGrams } from '#services/decision/features/hash-grams'
import { denseRate, meaningScale, type KernelShape } from '#services/calibrate/estimator-graph'

/** What of a row its neighbours are found by. */
export interface KernelPoint {
  /** Standardised features: float32 [features]. */
  readonly dense: Float32Array
  /** Sentence vector of length 1; absent where no encoder is used. */
  readonly embedding?: Float32Array
  /** Grams by rarity, of length 1; empty where there is no text. */
  readonly grams: HashedGrams
}

/**
 * What likeness is made of, for rows (down) and columns (across): float32 [rows, columns] each; empty where it is
 * not known.
 */
export interface Relations {
  readonly features: number
  /** Squared distances of features. */
  readonly distances: Float32Array
  /** Cosines of meaning. */
  readonly meanings: Float32Array
  /** Cosines of grams. */
  readonly grams: Float32Array
}

/** Compares all rows with all columns, once for every shape that may be tried. */
export function relate(rows: readonly KernelPoint[], columns: readonly KernelPoint[]): Relations {
  const size = rows.length * columns.length
  const [first] = rows
  const hasMeaning = first?.embedding !== undefined
  const hasGrams = rows.some(row => row.grams.places.length > 0)
  const relations = {
    features: first?.dense.length ?? 0,
    distances: new Float32Array(size),
    meanings: new Float32Array(hasMeaning ? size : 0),
    grams: new Float32Array(hasGrams ? size : 0),
  }
  const spread = new Float32Array(gramBuckets)
  // Of rows with themselves one half says all.
  const same = rows === columns
  rows.forEach((row, at) => {
    if (hasGrams) scatter(spread, row.grams, 1)
    for (let to = same ? at : 0; to < columns.length; to += 1) {
      const column = columns[to]!
      const place = at * columns.length + to
      relations.distances[place] = squaredDistance(row.dense, column.dense)
      if (hasMeaning) relations.meanings[place] = dot(row.embedding!, column.embedding!)
      if (hasGrams) relations.grams[place] = spreadDot(spread, column.grams)
    }
    if (hasGrams) scatter(spread, row.grams, 0)
  })
  if (same) for (const values of [relations.distances, relations.meanings, relations.grams]) mirror(values, rows.length)
  return relations
}

/** Copies the upper triangle of a matrix into the lower. */
function mirror(matrix: Float32Array, size: number): void {
  if (matrix.length === 0) return
  for (let row = 1; row < size; row += 1) {
    for (let column = 0; column < row; column += 1) matrix[row * size + column] = matrix[column * size + row]!
  }
}

/** Likeness of rows to columns: float32 [rows, columns]. */
export function likenessOf({ features, distances, meanings, grams }: Relations, shape: KernelShape): Float32Array {
  const rate = denseRate(features, shape)
  const likeness = distances.map(distance => Math.exp(-distance * rate))
  if (shape.embeddingWeight > 0) {
    meanings.forEach((cosine, at) => {
      likeness[at]! += shape.embeddingWeight * Math.exp((cosine - 1) / meaningScale)
    })
  }
  if (shape.gramWeight > 0) {
    grams.forEach((cosine, at) => {
      likeness[at]! += shape.gramWeight * cosine
    })
  }
  return likeness
}

function scatter(spread: Float32Array, { places, values }: HashedGrams, times: number): void {
  for (let at = 0; at < places.length; at += 1) spread[places[at]!] = values[at]! * times
}

function spreadDot(spread: Float32Array, { places, values }: HashedGrams): number {
  let sum = 0
  for (let at = 0; at < places.length; at += 1) sum += spread[places[at]!]! * values[at]!
  return sum
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at += 1) sum += (a[at]! - b[at]!) ** 2
  return sum
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at += 1) sum += a[at]! * b[at]!
  return sum
}
