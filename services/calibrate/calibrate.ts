import { GatewayError } from '../shared/contract/errors.ts'
import type { PolicyFile } from '../shared/policy/policy-schema.ts'
import { fitEstimator, foreseeEach, withFeatures, type EstimatorFit } from './fit/fit-estimator.ts'
import { fitJudges } from './fit/fit-judges.ts'
import { chooseThreshold, fitPath } from './fit/fit-path.ts'
import { foldOf } from './fit/folds.ts'
import type { ScaledFit } from './fit/scaled-regression.ts'
import type { UsualCosts, WalkableRow } from './fit/walk-rows.ts'
import { meanCost, orderModels } from './gather/order-models.ts'
import type { OutcomeRow } from './states.ts'
import { gatherRows } from './gather/read-rows.ts'
import { writeEstimatorGraph } from './publish/onnx-graph.ts'
import { writePolicy } from './publish/write-policy.ts'

/** What `sluice calibrate` is told. */
export interface CalibrateOptions {
  /** Outcome tables, .jsonl or .jsonl.gz. */
  readonly outcomes: readonly string[]
  /** The policy folder to write. */
  readonly out: string
  /** Cheap to dear; else ordered by mean cost. */
  readonly models?: readonly string[]
  readonly seed?: number
}

/** What came of it, to be shown. */
export interface CalibrateReport {
  readonly rows: number
  readonly models: readonly string[]
  readonly threshold: number
  readonly meanScore: number
  readonly meanCostUsd: number
  readonly riskBound: number
  readonly warnings: readonly string[]
}

const folds = 5
/** Chance that a bound does not hold. */
const delta = 0.1
const fewestRows = 20

/**
 * Fits a policy on outcome rows and writes its folder.
 *
 * The way of the data: rows → features → estimator (foresees each model's quality) → judges (P(correct) of an answer, given its signs
 * and what was foreseen) → path (score, cost and losses of every threshold). What the path is measured on is foretold by fits that
 * had not seen the row (five folds by id and seed); what is published is fitted on all rows.
 * @throws GatewayError Config when the rows cannot make a policy
 */
export async function runCalibrate(options: CalibrateOptions): Promise<CalibrateReport> {
  const seed = options.seed ?? 1
  const gathered = await gatherRows(options.outcomes)
  const models = orderModels(gathered.rows, options.models)
  const rows = gathered.rows.filter(row => models.every(model => row.outcomes[model]?.score !== undefined))
  const warnings = warningsOf(gathered.rows, rows, models)

  const featured = withFeatures(rows)
  const foldOfRow = rows.map(row => foldOf(row.id, seed, folds))
  const estimates = foreseeEach(featured, models, foldOfRow, folds)
  const foreseen = rows.map((row, index) => ({ row, estimate: estimates[index]! }))
  const { judges, foretold } = fitJudges(foreseen, models, foldOfRow, folds)
  const costs = usualCosts(rows, models)
  const walkable: WalkableRow[] = foreseen.map((one, index) => ({
    ...one,
    confidenceOf: model => foretold[index]?.[model] ?? 0,
  }))
  const path = fitPath(walkable, costs, delta)
  const threshold = chooseThreshold(path, rows.length)

  const estimator = fitEstimator(featured, models)
  const policy: Omit<PolicyFile, 'files'> = {
    schema: 1,
    models: [...models],
    estimator: { file: 'estimator.onnx', names: estimator.names, means: estimator.means, scales: estimator.scales },
    usual: Object.fromEntries(costs.map(({ model, costUsd }) => [model, { costUsd, ...usualOf(rows, model) }])),
    judges: Object.fromEntries([...judges].map(([model, fit]) => [model, judgeOf(fit)])),
    decision: { threshold, rule: 'cheapest within one standard error of the best score', path: [...path] },
    risk: {
      kind: 'marginal',
      delta,
      rows: rows.length,
      method: 'exact binomial bound, cross-fitted scores, fixed sequence from the safest threshold',
    },
    data: {
      rows: rows.length,
      sha256: gathered.sha256,
      seed,
      datasets: [...new Set(rows.map(row => row.dataset))].toSorted(),
    },
  }
  writePolicy(options.out, policy, new Map([['estimator.onnx', writeEstimatorGraph(graphOf(estimator))]]))
  const point = path.find(one => one.threshold === threshold)
  return {
    rows: rows.length,
    models,
    threshold,
    meanScore: point?.meanScore ?? 0,
    meanCostUsd: point?.meanCostUsd ?? 0,
    riskBound: point?.riskBound ?? 1,
    warnings,
  }
}

function warningsOf(
  all: readonly OutcomeRow[],
  whole: readonly OutcomeRow[],
  models: readonly string[],
): readonly string[] {
  const warnings: string[] = []
  if (whole.length < fewestRows) {
    throw new GatewayError(
      'Config',
      `${whole.length} rows have a score of every model (${models.join(', ')}); at least ${fewestRows} are needed`,
    )
  }
  if (whole.length < all.length)
    warnings.push(`${all.length - whole.length} rows lack a score of some model and are left out`)
  for (const model of models) {
    const scores = new Set(whole.map(row => row.outcomes[model]?.score))
    if (scores.size === 1)
      warnings.push(`${model} has the same score in every row: nothing can be learnt of when it is right`)
  }
  if (models.some(model => meanCost(whole, model) === undefined)) {
    warnings.push('costs are missing: cost is the share of calls to the dearest model')
  }
  return warnings
}

/** Mean costs; where they are missing, a call of the dearest model is one and any other nothing. */
function usualCosts(rows: readonly OutcomeRow[], models: readonly string[]): UsualCosts {
  const means = models.map(model => meanCost(rows, model))
  const known = means.every(mean => mean !== undefined)
  return models.map((model, index) => ({
    model,
    costUsd: known ? (means[index] ?? 0) : Number(index === models.length - 1),
  }))
}

function usualOf(rows: readonly OutcomeRow[], model: string): { latencyMs: number; outputChars: number } {
  return {
    latencyMs: median(rows, row => row.outcomes[model]?.latencyMs),
    outputChars: median(rows, row => row.outcomes[model]?.outputChars),
  }
}

function median(rows: readonly OutcomeRow[], of: (row: OutcomeRow) => number | undefined): number {
  const values = rows.flatMap(row => of(row) ?? []).toSorted((a, b) => a - b)
  return values[values.length >> 1] ?? 0
}

function judgeOf({ names, means, scales, fit }: ScaledFit): PolicyFile['judges'][string] {
  return { names, means, scales, weights: [...fit.weights], bias: fit.bias }
}

function graphOf({ names, fits }: EstimatorFit): Parameters<typeof writeEstimatorGraph>[0] {
  return {
    weights: names.map((_, feature) => fits.map(({ fit }) => fit.weights[feature] ?? 0)),
    biases: fits.map(({ fit }) => fit.bias),
  }
}
