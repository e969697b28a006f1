import { standardise } from '../../shared/policy/featurize.ts'
import { applyLogistic, fitLogistic, type LogisticFit } from './logistic-regression.ts'

/** Named numbers of one row. */
export type Signs = Readonly<Record<string, number>>

/** How named numbers become inputs. */
export interface Scaling {
  readonly names: string[]
  readonly means: number[]
  readonly scales: number[]
}

/** A regression with its scaling. */
export interface ScaledFit extends Scaling {
  readonly fit: LogisticFit
  readonly ridge: number
}

/** Penalties tried, in units of one row's information: from nearly none to nearly only the bias. */
const ridges = [1, 3, 10, 30, 100, 300]
const innerFolds = 5

/** Scales every sign that at least half of the rows have and that is not the same in all of them. */
export function fitScaling(rows: readonly Signs[]): Scaling {
  const values = new Map<string, number[]>()
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (!Number.isFinite(value)) continue
      const list = values.get(name)
      if (list === undefined) values.set(name, [value])
      else list.push(value)
    }
  }
  const kept = [...values]
    .filter(([, list]) => list.length >= rows.length / 2)
    .map(([name, list]) => ({ name, ...momentsOf(list) }))
  const varied = kept.filter(({ deviation }) => deviation > 1e-9).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return {
    names: varied.map(one => one.name),
    means: varied.map(one => one.mean),
    scales: varied.map(one => one.deviation),
  }
}

/** Fits with the penalty that foresees best in inner folds: rows in turn, so no chance is drawn. */
export function fitScaled(rows: readonly Signs[], targets: readonly number[], scaling = fitScaling(rows)): ScaledFit {
  const inputs = rows.map(row => standardise(row, scaling))
  const losses = ridges.map(ridge => innerLoss(inputs, targets, ridge))
  const ridge = ridges[losses.indexOf(Math.min(...losses))] ?? 30
  return { ...scaling, ridge, fit: fitLogistic(inputs, targets, ridge) }
}

/** What a scaled fit says of one row. */
export function applyScaled(scaled: ScaledFit, row: Signs): number {
  return applyLogistic(scaled.fit, standardise(row, scaled))
}

function innerLoss(inputs: readonly Float32Array[], targets: readonly number[], ridge: number): number {
  let loss = 0
  for (let fold = 0; fold < innerFolds; fold += 1) {
    const train = inputs.map((_, index) => index).filter(index => index % innerFolds !== fold)
    const fit = fitLogistic(
      train.map(index => inputs[index]!),
      train.map(index => targets[index]!),
      ridge,
    )
    for (let index = fold; index < inputs.length; index += innerFolds) {
      const chance = Math.min(1 - 1e-6, Math.max(1e-6, applyLogistic(fit, inputs[index]!)))
      const target = targets[index]!
      loss -= target * Math.log(chance) + (1 - target) * Math.log(1 - chance)
    }
  }
  return loss
}

function momentsOf(list: readonly number[]): { mean: number; deviation: number } {
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length
  return { mean, deviation: Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length) }
}
