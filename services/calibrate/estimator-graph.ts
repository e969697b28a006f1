/** How likeness is weighed: what is chosen on the rows. */
export interface KernelShape {
  /** Distance of features at which likeness has fallen to 0.6, in units of the typical distance. */
  readonly lengthScale: number
  /** Weight of likeness of meaning, and of shared grams, beside that of features. */
  readonly embeddingWeight: number
  readonly gramWeight: number
}

/** 1 - cosine at which likeness of meaning has fallen to 1/e. */
export const meaningScale = 0.49

/** By what the squared distance of features is divided: two points drawn at random are about √(2 × features) apart. */
export function denseRate(features: number, { lengthScale }: Pick<KernelShape, 'lengthScale'>): number {
  return 1 / (2 * lengthScale ** 2 * Math.max(1, features))
}

/** What the estimator computes: likeness to kept rows, weighed, and what grams add. */
export interface EstimatorGraph extends KernelShape {
  /** By kept row: float32 [features]. */
  readonly dense: readonly Float32Array[]
  /** By kept row: float32 [dimensions]; none where no encoder is used. */
  readonly embeddings: readonly Float32Array[]
  /** By model: a weight a kept row. */
  readonly weights: readonly ArrayLike<number>[]
  readonly biases: readonly number[]
  /** The weight of each gram; empty where grams are not used. */
  readonly rarity: Float32Array
  /** By model: a weight a gram. */
  readonly gramWeights: readonly ArrayLike<number>[]
}
