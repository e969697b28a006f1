import { fitKernel, applyKernel, type Likeness } from './fit-kernel.ts'
import type { KernelShape } from '#services/calibrate/estimator-graph'
import { likenessOf, relate, type KernelPoint, type Relations } from './kernel-space.ts'

/** A shape and how noisy scores are beside it, in units of the prior variance. */
export interface KernelChoice extends KernelShape {
  readonly noise: number
}

/**
 * Rows that the choice is made on: with half as many its noise costs as much as a shape gains, and its time grows
 * with their cube.
 */
export const mostEvaluated = 1200
const folds = 3
const rounds = 2

/** What is tried of each, from where the search starts outwards. */
const grid = {
  lengthScale: [1, 0.7, 1.5, 2.5],
  embeddingWeight: [0.3, 1],
  gramWeight: [0.3, 0, 0.1, 1],
  noise: [3, 1, 10, 30, 100],
} as const

/**
 * A choice and the mean squared error that it leaves of what chance alone would, in folds that the fits had not
 * seen.
 */
export interface EvaluatedChoice {
  readonly choice: KernelChoice
  readonly error: number
}

/**
 * Chooses shape and noise, one coordinate after the other, by the error of every target on rows that were not
 * fitted on. Folds go by the order of the rows, so whoever calls draws them, and no more than {@link mostEvaluated}.
 */
export function chooseKernel(points: readonly KernelPoint[], targets: readonly Float64Array[]): EvaluatedChoice {
  const varied = targets.filter(target => varianceOf(target) > 0)
  const hasMeaning = points.every(point => point.embedding !== undefined)
  const hasGrams = points.some(point => point.grams.places.length > 0)
  let best: EvaluatedChoice = {
    choice: {
      lengthScale: grid.lengthScale[0],
      embeddingWeight: hasMeaning ? grid.embeddingWeight[0] : 0,
      gramWeight: hasGrams ? grid.gramWeight[0] : 0,
      noise: grid.noise[0],
    },
    error: Number.POSITIVE_INFINITY,
  }
  const names = (['noise', 'lengthScale', 'embeddingWeight', 'gramWeight'] as const).filter(
    name => !(name === 'embeddingWeight' && !hasMeaning) && !(name === 'gramWeight' && !hasGrams),
  )
  const relations = relate(points, points)
  const tried = new Set<string>()
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      for (const value of grid[name]) {
        const choice = { ...best.choice, [name]: value }
        if (tried.has(JSON.stringify(choice))) continue
        tried.add(JSON.stringify(choice))
        const error = errorOf(relations, points.length, varied, choice)
        if (error < best.error) best = { choice, error }
      }
    }
  }
  return best
}

/** The mean over targets of squared error over variance, each row predicted by a fit of the other folds. */
function errorOf(relations: Relations, size: number, targets: readonly Float64Array[], choice: KernelChoice): number {
  if (targets.length === 0) return 1
  const likeness: Likeness = { gram: likenessOf(relations, choice), size, exact: true, landmarks: [] }
  const errors = targets.map(() => 0)
  const rows = Array.from({ length: size }, (_, index) => index)
  for (let fold = 0; fold < folds; fold += 1) {
    const train = rows.filter(row => row % folds !== fold)
    const fit = fitKernel(likeness, train, targets, choice.noise)
    for (const row of rows) {
      if (row % folds !== fold) continue
      applyKernel(fit, likeness, row).forEach((predicted, target) => {
        errors[target]! += (predicted - targets[target]![row]!) ** 2
      })
    }
  }
  const shares = errors.map((error, target) => error / size / varianceOf(targets[target]!))
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

function varianceOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
}
