import type { Calibrator } from '#services/decision/policy/policy-schema'
import { rounded } from '#services/calibrate/round'
import { fitScaling, standardiserOf, type Scaling } from './fit-scaling.ts'
import { applyLogistic, fitLogistic, type LogisticFit } from './logistic-regression.ts'
import { codeFeatures, type CodedFeatures, type Features } from './feature-table.ts'

/** What one fit learns from: features, what came, and of which row they are; a row may give several. */
export interface Sample {
  readonly features: Features
  /** In [0,1]. */
  readonly target: number
  readonly row: number
}

/** Samples whose features were coded once, to be fitted on whole and in parts. */
export interface CodedSamples {
  readonly names: readonly string[]
  readonly samples: readonly (Omit<Sample, 'features'> & { readonly features: CodedFeatures })[]
}

/** Codes samples. */
export function codeSamples(samples: readonly Sample[]): CodedSamples {
  const { names, rows } = codeFeatures(samples.map(one => one.features))
  return { names, samples: samples.map(({ target, row }, at) => ({ target, row, features: rows[at]! })) }
}

/** A regression with its scaling. */
export interface ScaledFit extends Scaling {
  readonly fit: LogisticFit
  readonly ridge: number
}

/** Penalties tried, in units of one row's information, from nearly only the bias to nearly none. */
const ridges = [300, 60, 12, 2.5]
/** Where too few rows are there to choose on. */
const usualRidge = 60
/** The penalty is chosen on at most as many rows: more would not change the choice. */
const mostTuning = 2000

/**
 * Fits with the penalty that predicts best on every fourth row, with all that the row gives: no chance is drawn. A
 * fit of nearly the same rows lends its penalty, and its weights to start from.
 */
export function fitScaled({ names, samples }: CodedSamples, like?: ScaledFit): ScaledFit {
  const table = { names, rows: samples.map(one => one.features) }
  const scaling = fitScaling(
    table,
    samples.map(one => one.row),
  )
  const standardise = standardiserOf(scaling, table)
  const standard = samples.map(({ features, target, row }) => ({ input: standardise(features), target, row }))
  const { ridge, start } =
    like === undefined ? chooseRidge(standard) : { ridge: like.ridge, start: rescaled(like, scaling) }
  const fit = fitLogistic(inputsOf(standard), targetsOf(standard), ridge, start)
  return { ...scaling, ridge, fit }
}

/** The same function of features in another scaling, as far as both have them. */
function rescaled({ names, means, scales, fit }: ScaledFit, scaling: Scaling): LogisticFit {
  const places = new Map(names.map((name, place) => [name, place]))
  let { bias } = fit
  const weights = scaling.names.map((name, index) => {
    const place = places.get(name)
    if (place === undefined) return 0
    const perUnit = fit.weights[place]! / scales[place]!
    bias += perUnit * (scaling.means[index]! - means[place]!)
    return perUnit * scaling.scales[index]!
  })
  return { weights, bias }
}

/** A scaled fit as a policy keeps it, rounded as the file has it: what is measured is what is published. */
export function calibratorOf({ names, means, scales, fit }: ScaledFit): Calibrator {
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
  // By rows, so that what one row gives is never on both sides; by their rank, since some of a table's may be left out.
  const ranks = new Map<number, number>()
  for (const { row } of samples) if (!ranks.has(row)) ranks.set(row, ranks.size)
  const turnOf = ({ row }: Standard): number => ranks.get(row)! / stride
  const tuning = samples.filter(one => Number.isInteger(turnOf(one)))
  const train = tuning.filter(one => turnOf(one) % 4 !== 3)
  const test = tuning.filter(one => turnOf(one) % 4 === 3)
  let best: { ridge: number; loss: number; fit: LogisticFit | undefined } = {
    ridge: usualRidge,
    loss: Number.POSITIVE_INFINITY,
    fit: undefined,
  }
  if (test.length === 0) return { ridge: usualRidge, start: undefined }
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
