import { riskFeaturesOf } from '#services/decision/calibrators/calibrate-answers'
import type { Estimate } from '#services/decision/policy/policy'
import type { PolicyFile, RiskPoint } from '#services/decision/policy/policy-schema'
import { drawOf } from '#services/calibrate/draw'
import { rounded } from '#services/calibrate/round'
import type { CostTable, OutcomeRow } from '#services/calibrate/states'
import { upperBound } from '#services/calibrate/bounds/binomial-bound'
import type { FeaturedRow } from './kernel/fit-estimator.ts'
import { crossFit } from './folds.ts'
import { chainsOf, isLoss, modelAnswerOf } from '#services/calibrate/ladder'
import { codeSamples, fitScaled, calibratorOf } from './regression/scaled-regression.ts'
import { createRowReplay } from '#services/calibrate/replay-row'

/** What fitting needs beside the rows. */
export interface RiskOptions {
  readonly models: readonly string[]
  readonly costTable: CostTable
  readonly seed: number
  /** Chance that a bound does not hold. */
  readonly delta: number
}

/** Of ten rows so many fit and do not certify: the calibrators have few weights, and the bound gains from every row. */
const fittingTenths = 4
const folds = 5
/** Grid of limits of the path, finer than the resolution of any bound. */
const levels = Array.from({ length: 180 }, (_, index) => 0.0005 * 1.037 ** index)
/** Predicted losses that are tried as a threshold. */
const lossThresholds = Array.from({ length: 260 }, (_, index) => rounded(0.0005 * 1.03 ** index)).filter(
  value => value < 1,
)

type RiskOfPolicy = PolicyFile['risk']

/**
 * Fits and certifies the path of policies under a risk limit.
 *
 * What the certificate covers: the policy exactly as it is published, on requests drawn as the rows were. With
 * probability at least 1 - δ over the draw of the certifying rows, its marginal risk (the mean over all requests of:
 * a cheaper rung's answer is delivered and scores under 0.5, while the most expensive model's scores at least 0.5) is
 * at most the limit that was asked for.
 *
 * Why: rows are split in two by their ids. Calibrators, chains and the order of the path come from the fitting part
 * alone; the losses that are counted come from the certifying part, and nothing that was fitted on it is a feature
 * (`riskFeaturesOf`). Which model is the most expensive is named by whoever calibrates, else told by the mean costs of
 * all rows (by mean scores where costs are not known: then the best scored is the most expensive, against which most
 * is lost). So given the fitting part every point of the path is a fixed policy, its losses among the n certifying
 * rows are Binomial(n, risk), and the bound is Clopper-Pearson's. That the points are many is settled by their order
 * (`certifiedPoint`). Cross-fitting would spare the split, but the published policy would then be none of those that
 * were certified.
 * @source Angelopoulos, Bates, Candès, Jordan, Lei, Learn then Test (2021), section 3 (split fixed-sequence testing)
 */
export function fitRisk(rows: readonly FeaturedRow[], options: RiskOptions): RiskOfPolicy {
  const { delta, seed } = options
  const fitting = rows.filter(({ row }) => drawOf(row.id, 'certify', seed) % 10 < fittingTenths)
  const certifying = rows.filter(({ row }) => drawOf(row.id, 'certify', seed) % 10 >= fittingTenths)
  const method = 'exact binomial bound on rows that fitted nothing, tested in a fixed sequence from the safest point'
  const empty: RiskOfPolicy = {
    kind: 'marginal',
    delta,
    fittedRows: fitting.length,
    certifyingRows: certifying.length,
    method,
    calibrators: {},
    path: [],
  }
  if (fitting.length < fewestRows || certifying.length < fewestRows || options.models.length < 2) return empty
  const calibrators = fitLossPredictors(fitting, options)
  const path = orderPath(predictedLossesOf(fitting, options), options)
  const certified = { ...empty, calibrators }
  const predictedLoss = replayLosses(certifying, options, certified)
  return { ...certified, path: path.map(point => certify(predictedLoss, point, options)) }
}

const fewestRows = 5

/** One calibrator a rung below the most expensive: P(its answer is wrong and the most expensive's right). */
function fitLossPredictors(rows: readonly FeaturedRow[], { models, seed }: RiskOptions): RiskOfPolicy['calibrators'] {
  const mostExpensive = models.at(-1) ?? ''
  return Object.fromEntries(
    models.slice(0, -1).map((model, rung) => {
      const samples = rows.map(({ row, features }, index) => {
        const lower = models.slice(0, rung)
        const before = drawOf(row.id, `danger ${model}`, seed) % 2 === 0 ? lower : lower.slice(-1)
        const riskFeatures = riskFeaturesOf(
          modelAnswerOf(row, model),
          estimateWith(features),
          before.map(name => calledOf(row, name)),
        )
        return { features: riskFeatures, target: Number(isLoss(row, model, mostExpensive)), row: index }
      })
      return [model, calibratorOf(fitScaled(codeSamples(samples)))]
    }),
  )
}

/** A row with what accepting its rungs would risk. */
interface RowLosses {
  readonly row: OutcomeRow
  readonly predictedLoss: (calls: readonly string[]) => number
}

function predictedLossesOf(rows: readonly FeaturedRow[], options: RiskOptions): readonly RowLosses[] {
  return crossFit(
    rows,
    { ofRow: index => drawOf(rows[index]!.row.id, 'danger fold', options.seed) % folds, count: folds },
    train => fitLossPredictors(train, options),
    (calibrators, row) => replayLosses([row], options, { calibrators })[0]!,
  )
}

function replayLosses(
  rows: readonly FeaturedRow[],
  { models }: RiskOptions,
  { calibrators }: Pick<RiskOfPolicy, 'calibrators'>,
): readonly RowLosses[] {
  const risk = {
    kind: 'marginal' as const,
    delta: 0,
    fittedRows: 0,
    certifyingRows: 0,
    method: '',
    calibrators,
    path: [],
  }
  return rows.map(({ row, features }) =>
    createRowReplay(row, estimateWith(features), {
      models: [...models],
      usual: {},
      prospects: {},
      calibrators: {},
      risk,
    }),
  )
}

/** Replays a chain at a threshold, as `decideByRisk` does: the calls, of which the last answers. */
function replayByRisk({ predictedLoss }: RowLosses, chain: readonly string[], threshold: number): readonly string[] {
  for (let count = 1; count < chain.length; count += 1) {
    const calls = chain.slice(0, count)
    if (predictedLoss(calls) <= threshold) return calls
  }
  return chain
}

interface Tally {
  readonly losses: number
  readonly accepted: number
  readonly escalated: number
  readonly costUsd: number
}

function tally(rows: readonly RowLosses[], chain: readonly string[], threshold: number, costTable: CostTable): Tally {
  const mostExpensive = chain.at(-1) ?? ''
  const sums = { losses: 0, accepted: 0, escalated: 0, costUsd: 0 }
  for (const one of rows) {
    const calls = replayByRisk(one, chain, threshold)
    const answer = calls.at(-1) ?? mostExpensive
    if (isLoss(one.row, answer, mostExpensive)) sums.losses += 1
    if (answer !== mostExpensive) sums.accepted += 1
    if (calls.length > 1) sums.escalated += 1
    sums.costUsd += costTable.spent(one.row, calls)
  }
  return sums
}

/**
 * By level of estimated risk the cheapest chain and threshold that keep to it, safest first. With two rungs there
 * is one chain, and only the threshold grows.
 */
function orderPath(
  rows: readonly RowLosses[],
  { models, costTable }: RiskOptions,
): readonly Pick<RiskPoint, 'models' | 'predictedLoss'>[] {
  const mostExpensive = models.at(-1)
  const tried = chainsOf(models)
    .filter(chain => chain.at(-1) === mostExpensive && chain.length > 1)
    .flatMap(chain =>
      lossThresholds.map(predictedLoss => ({ chain, predictedLoss, ...tally(rows, chain, predictedLoss, costTable) })),
    )
  const alone = rows.reduce((sum, { row }) => sum + costTable.spent(row, [mostExpensive ?? '']), 0)
  const path: { models: string[]; predictedLoss: number }[] = []
  let cheapest = alone
  for (const level of levels) {
    const allowed = tried.filter(one => one.losses <= level * rows.length && one.costUsd < cheapest)
    const [first, ...others] = allowed
    if (first === undefined) continue
    const best = others.reduce((top, one) => (one.costUsd < top.costUsd ? one : top), first)
    cheapest = best.costUsd
    path.push({ models: [...best.chain], predictedLoss: best.predictedLoss })
  }
  return path
}

function certify(
  rows: readonly RowLosses[],
  point: Pick<RiskPoint, 'models' | 'predictedLoss'>,
  { costTable, delta }: RiskOptions,
): RiskPoint {
  const { losses, accepted, escalated, costUsd } = tally(rows, point.models, point.predictedLoss, costTable)
  return {
    ...point,
    losses,
    riskBound: upperBound(losses, rows.length, delta),
    selectiveRisk: accepted === 0 ? 0 : losses / accepted,
    meanCostUsd: costUsd / rows.length,
    escalationRatio: escalated / rows.length,
  }
}

function estimateWith(features: Readonly<Record<string, number>>): Estimate {
  return { difficulty: 0.5, models: {}, features }
}

function calledOf(row: OutcomeRow, model: string) {
  return { ...modelAnswerOf(row, model), confidence: 0.5, costNanoUsd: 0 }
}
