import { standardise } from '../../shared/policy/featurize.ts'
import type { Judge } from '../../shared/policy/policy-schema.ts'
import { rounded } from '../round.ts'
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

/** Penalties tried, in units of one row's information, from nearly only the bias to nearly none. */
const ridges = [300, 60, 12, 2.5]
/** The penalty is chosen on at most as many rows: more would not change the choice. */
const mostTuning = 3000
/** A label is a sign of its own when as many rows have it; no more labels than that are told apart. */
const fewestOfLabel = 8
const mostLabels = 40
/** A sign that fewer rows have says too little to be worth a weight. */
const leastShare = 0.2

/** Scales every sign that enough rows have and that is not the same in all of them. */
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
  const measured = [...values].filter(([name, list]) => !isIndicator(name) && list.length >= rows.length * leastShare)
  const labels = [...values]
    .filter(([name, list]) => isIndicator(name) && list.length >= fewestOfLabel)
    .toSorted(([a, one], [b, two]) => two.length - one.length || (a < b ? -1 : 1))
    .slice(0, mostLabels)
  const kept = [
    ...measured.map(([name, list]) => ({ name, ...momentsOf(list, list.length) })),
    ...labels.map(([name, list]) => ({ name, ...momentsOf(list, rows.length) })),
  ]
  const varied = kept.filter(({ deviation }) => deviation > 1e-9).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return {
    names: varied.map(one => one.name),
    means: varied.map(one => one.mean),
    scales: varied.map(one => one.deviation),
  }
}

/** Fits with the penalty that foresees best on every fourth row: no chance is drawn. */
export function fitScaled(rows: readonly Signs[], targets: readonly number[], scaling = fitScaling(rows)): ScaledFit {
  const inputs = rows.map(row => standardise(row, scaling))
  const ridge = chooseRidge(inputs, targets)
  return { ...scaling, ridge, fit: fitLogistic(inputs, targets, ridge) }
}

/** What a scaled fit says of one row. */
export function applyScaled(scaled: ScaledFit, row: Signs): number {
  return applyLogistic(scaled.fit, standardise(row, scaled))
}

/** A scaled fit as a policy keeps it, rounded as the file has it: what is measured is what is published. */
export function judgeOf({ names, means, scales, fit }: ScaledFit): Judge {
  return {
    names,
    means: means.map(rounded),
    scales: scales.map(rounded),
    weights: fit.weights.map(rounded),
    bias: rounded(fit.bias),
  }
}

function chooseRidge(inputs: readonly Float32Array[], targets: readonly number[]): number {
  const stride = Math.max(1, Math.ceil(inputs.length / mostTuning))
  const tuning = inputs.map((_, index) => index).filter(index => index % stride === 0)
  const train = tuning.filter((_, at) => at % 4 !== 3)
  const test = tuning.filter((_, at) => at % 4 === 3)
  let best = { ridge: 60, loss: Number.POSITIVE_INFINITY }
  let fit: LogisticFit | undefined
  for (const ridge of ridges) {
    fit = fitLogistic(
      train.map(index => inputs[index]!),
      train.map(index => targets[index]!),
      ridge,
      fit,
    )
    const loss = lossOf(fit, inputs, targets, test)
    if (loss < best.loss) best = { ridge, loss }
  }
  return best.ridge
}

function lossOf(
  fit: LogisticFit,
  inputs: readonly Float32Array[],
  targets: readonly number[],
  test: readonly number[],
): number {
  let loss = 0
  for (const index of test) {
    const chance = Math.min(1 - 1e-6, Math.max(1e-6, applyLogistic(fit, inputs[index]!)))
    const target = targets[index]!
    loss -= target * Math.log(chance) + (1 - target) * Math.log(1 - chance)
  }
  return loss
}

/** Signs that are 0 where they are absent. */
function isIndicator(name: string): boolean {
  return name.startsWith('=')
}

/** Mean and deviation over `count` rows, of which those not listed have 0. */
function momentsOf(list: readonly number[], count: number): { mean: number; deviation: number } {
  const mean = list.reduce((sum, value) => sum + value, 0) / count
  const squares = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) + (count - list.length) * mean ** 2
  return { mean, deviation: Math.sqrt(squares / count) }
}
