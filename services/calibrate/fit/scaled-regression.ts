import { standardise } from '../../shared/policy/featurize.ts'
import type { Judge } from '../../shared/policy/policy-schema.ts'
import { rounded } from '../round.ts'
import { applyLogistic, fitLogistic, type LogisticFit } from './logistic-regression.ts'

/** What one fit learns from: signs, what came, and of which row they are; a row may give several. */
export interface Sample {
  readonly signs: Signs
  /** In [0,1]. */
  readonly target: number
  readonly row: number
}

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
const mostTuning = 2000
/** An indicator, such as an answer's label, is a sign of its own when as many rows have it. */
const fewestOfIndicator = 8
/** Of one family, such as the labels of one model's answers, the most frequent are told apart. */
const mostOfFamily = 40
/** Newton's step costs the square of the signs. */
const mostIndicators = 160
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
  const indicators = mostFrequent(
    [...values].filter(([name, list]) => isIndicator(name) && list.length >= fewestOfIndicator),
  )
  const kept = [
    ...measured.map(([name, list]) => ({ name, ...momentsOf(list, list.length) })),
    ...indicators.map(([name, list]) => ({ name, ...momentsOf(list, rows.length) })),
  ]
  const varied = kept.filter(({ deviation }) => deviation > 1e-9).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return {
    names: varied.map(one => one.name),
    means: varied.map(one => one.mean),
    scales: varied.map(one => one.deviation),
  }
}

/** The most frequent of each family, and of all of them. */
function mostFrequent(indicators: readonly (readonly [string, number[]])[]): readonly (readonly [string, number[]])[] {
  const families = new Map<string, number>()
  return indicators
    .toSorted(([a, one], [b, two]) => two.length - one.length || (a < b ? -1 : 1))
    .filter(([name]) => {
      const family = name.slice(0, name.lastIndexOf('.') + 1)
      const count = families.get(family) ?? 0
      families.set(family, count + 1)
      return family === '' || count < mostOfFamily
    })
    .slice(0, mostIndicators)
}

/**
 * Fits with the penalty that foresees best on every fourth row, with all that the row gives: no chance is drawn. A fit of nearly the
 * same rows lends its penalty.
 */
export function fitScaled(samples: readonly Sample[], like?: Pick<ScaledFit, 'ridge'>): ScaledFit {
  const scaling = fitScaling(samples.map(one => one.signs))
  const standard = samples.map(({ signs, target, row }) => ({ input: standardise(signs, scaling), target, row }))
  const { ridge, start } = like === undefined ? chooseRidge(standard) : { ridge: like.ridge, start: undefined }
  const fit = fitLogistic(inputsOf(standard), targetsOf(standard), ridge, start)
  return { ...scaling, ridge, fit }
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

interface Standard {
  readonly input: Float32Array
  readonly target: number
  readonly row: number
}

function chooseRidge(samples: readonly Standard[]): {
  readonly ridge: number
  readonly start: LogisticFit | undefined
} {
  const stride = Math.max(1, Math.ceil(samples.length / mostTuning))
  // By rows, so that what one row gives is never on both sides.
  const tuning = samples.filter(one => one.row % stride === 0)
  const train = tuning.filter(one => (one.row / stride) % 4 !== 3)
  const test = tuning.filter(one => (one.row / stride) % 4 === 3)
  let best: { ridge: number; loss: number; fit: LogisticFit | undefined } = {
    ridge: 60,
    loss: Number.POSITIVE_INFINITY,
    fit: undefined,
  }
  let fit: LogisticFit | undefined
  for (const ridge of ridges) {
    fit = fitLogistic(inputsOf(train), targetsOf(train), ridge, fit)
    const loss = lossOf(fit, test)
    if (loss < best.loss) best = { ridge, loss, fit }
  }
  return { ridge: best.ridge, start: best.fit }
}

function inputsOf(samples: readonly Standard[]): readonly Float32Array[] {
  return samples.map(one => one.input)
}

function targetsOf(samples: readonly Standard[]): readonly number[] {
  return samples.map(one => one.target)
}

function lossOf(fit: LogisticFit, samples: readonly Standard[]): number {
  let loss = 0
  for (const { input, target } of samples) {
    const chance = Math.min(1 - 1e-6, Math.max(1e-6, applyLogistic(fit, input)))
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
