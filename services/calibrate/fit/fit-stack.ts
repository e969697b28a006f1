import { estimateOf } from '../../shared/policy/load-policy.ts'
import { prospectSignsOf, signsOf } from '../../shared/policy/judge-answer.ts'
import type { Called, Estimate } from '../../shared/policy/policy.ts'
import type { PolicyFile } from '../../shared/policy/policy-schema.ts'
import type { OutcomeRow } from '../states.ts'
import { fitEstimator, foresee, type EstimatorSpace, type FeaturedRow } from './fit-estimator.ts'
import type { KernelFit } from './fit-kernel.ts'
import { drawOf } from '../draw.ts'
import { crossFit } from './folds.ts'
import { judgedOf, pairsOf } from '../ladder.ts'
import { applyScaled, fitScaled, judgeOf, type ScaledFit } from './scaled-regression.ts'

/** Everything that is fitted for decisions by worth. */
export interface Stack extends Pick<PolicyFile, 'models' | 'usual' | 'judges' | 'prospects'> {
  readonly estimator: KernelFit
}

/** What fitting needs beside the rows. */
export interface StackOptions {
  readonly models: readonly string[]
  readonly space: EstimatorSpace
  readonly usual: PolicyFile['usual']
  readonly seed: number
}

const innerFolds = 4

/**
 * Fits estimator, judges and prospects on rows, each on what the one before says of rows that it has not seen (inner folds). Nothing
 * but the given rows is looked at, so a stack fitted without a fold says of that fold what it would say of new rows.
 */
export function fitStack(rows: readonly FeaturedRow[], options: StackOptions): Stack {
  const { models, space } = options
  const foldOfRow = rows.map(({ row }) => drawOf(row.id, 'inner fold', options.seed) % innerFolds)
  const qualities = crossFit(
    rows,
    index => foldOfRow[index]!,
    innerFolds,
    train => fitEstimator(space, train),
    (fit, row) => foresee(space, fit, row),
  )
  const estimates = rows.map(({ features }, index) =>
    estimateOf({ models: [...models], usual: options.usual }, features, qualities[index]!),
  )
  const judged = fitJudges(rows, estimates, foldOfRow, options)
  return {
    models: [...models],
    usual: options.usual,
    estimator: fitEstimator(space, rows),
    judges: Object.fromEntries([...judged.judges].map(([model, fit]) => [model, judgeOf(fit)])),
    prospects: fitProspects(rows, estimates, judged.foretold, models),
  }
}

interface Judged {
  readonly judges: ReadonlyMap<string, ScaledFit>
  /** By row, then by model: P(correct), by a judge that has not seen the row. */
  readonly foretold: readonly Readonly<Record<string, number>>[]
}

/** One judge a model, cheap to dear: what one said of the rungs before are signs for the next. */
function fitJudges(
  rows: readonly FeaturedRow[],
  estimates: readonly Estimate[],
  foldOfRow: readonly number[],
  { models, seed }: StackOptions,
): Judged {
  const foretold: Record<string, number>[] = rows.map(() => ({}))
  const judges = new Map<string, ScaledFit>()
  models.forEach((model, rung) => {
    const samples = rows.map(({ row }, index) => {
      const before = someOf(models.slice(0, rung), row.id, model, seed).map(name =>
        calledOf(row, name, foretold[index]!),
      )
      return {
        signs: signsOf(judgedOf(row, model), estimates[index]!, before),
        target: row.outcomes[model]?.score ?? 0,
      }
    })
    const said = crossFit(
      samples,
      index => foldOfRow[index]!,
      innerFolds,
      fitSamples,
      (fit, one) => applyScaled(fit, one.signs),
    )
    said.forEach((value, index) => {
      foretold[index]![model] = value
    })
    judges.set(model, fitSamples(samples))
  })
  return { judges, foretold }
}

/** By pair of rungs: what the better of their answers, better by what their judges say, scores more than the cheaper's. */
function fitProspects(
  rows: readonly FeaturedRow[],
  estimates: readonly Estimate[],
  foretold: Judged['foretold'],
  models: readonly string[],
): PolicyFile['prospects'] {
  const prospects = pairsOf(models).map(([from, to]) => {
    const samples = rows.map(({ row }, index) => {
      const said = foretold[index]!
      const taken = (said[to] ?? 0) > (said[from] ?? 0) ? to : from
      const signs = prospectSignsOf([calledOf(row, from, said)], to, estimates[index]!)
      const gained = (row.outcomes[taken]?.score ?? 0) - (row.outcomes[from]?.score ?? 0)
      return { signs, target: (1 + gained) / 2 }
    })
    return [`${from}>${to}`, judgeOf(fitSamples(samples))] as const
  })
  return Object.fromEntries(prospects)
}

function fitSamples(
  samples: readonly { readonly signs: Readonly<Record<string, number>>; readonly target: number }[],
): ScaledFit {
  return fitScaled(
    samples.map(one => one.signs),
    samples.map(one => one.target),
  )
}

/** Which rungs were called before, as climbs have it: all of them, one, or none. Drawn from the row alone. */
function someOf(lower: readonly string[], id: string, model: string, seed: number): readonly string[] {
  if (lower.length === 0) return lower
  const draw = drawOf(id, `before ${model}`, seed)
  const one = lower[(draw >>> 2) % lower.length]!
  return [lower, lower, [one], []][draw % 4]!
}

function calledOf(row: OutcomeRow, model: string, foretold: Readonly<Record<string, number>>): Called {
  return { ...judgedOf(row, model), confidence: foretold[model] ?? 0.5, costNanoUsd: 0 }
}
