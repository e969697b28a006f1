import { GatewayError } from '#services/contract/errors'
import { createCalibratedPolicy, openPolicyFolder, type LoadPolicyOptions } from '#services/decision/policy/load-policy'
import type { Policy } from '#services/decision/policy/policy'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { costTableOf } from '#services/calibrate/load/cost-table'
import { gatherRows } from '#services/calibrate/load/read-rows'
import { drawResamples } from '#services/calibrate/evaluate/bootstrap'
import { measurePolicy } from '#services/calibrate/evaluate/measure-policy'
import { measureSlices, sliceOf } from '#services/calibrate/evaluate/slices'
import { measureRouters } from '#services/calibrate/evaluate/measure-routers'
import type { EvalReport } from './report.ts'
import type { OutcomeRow } from './states.ts'
import { writeReportPage } from '#services/calibrate/publish/report-page'
import { writeOutput } from '#services/calibrate/publish/write-output'
import { createRowReplay, type RowReplay } from './replay-row.ts'

/** Options of `sluice eval`. */
export interface EvalOptions extends Pick<LoadPolicyOptions, 'openEncoder'> {
  readonly policy: string
  readonly outcomes: string
  /** Slices rows by `group`, `dataset`, or any other column that they have. */
  readonly by?: string
  /** The limit on the risk that slices are held to. */
  readonly maxRisk?: number
  /** Certifies the risk of every slice, all at once; wants a limit, and rows that the policy was not fitted on. */
  readonly certify?: boolean
  /** Files to write, each if named. */
  readonly json?: string
  readonly html?: string
  readonly seed?: number
}

const estimateMs = 10_000

/** Measures a policy on outcome rows, against baselines, and writes what it found. @throws GatewayError Config */
export async function runEval(options: EvalOptions): Promise<EvalReport> {
  const { by = 'group', seed = 1 } = options
  const folder = await openPolicyFolder(options.policy)
  const { file, version } = folder
  const policy = await createCalibratedPolicy(folder, { ...options, estimateMs })
  const gathered = await gatherRows([options.outcomes])
  const fittedOn = gathered.sha256 === file.data.sha256
  checkSlicing(gathered.rows, { ...options, by }, fittedOn)
  const replays = await replaysOf(gathered.rows, policy, file, options.outcomes)
  const usual = new Map(file.models.map(model => [model, file.usual[model]?.costUsd ?? 0]))
  const resampled = drawResamples(replays.length, seed)
  const input = { replays, file, costTable: costTableOf(file.costsKnown, usual), resampled }
  const { done, ...measured } = measurePolicy(input)
  const report: EvalReport = {
    policy: version,
    models: file.models,
    rows: replays.length,
    seed,
    fittedOn,
    costsKnown: file.costsKnown,
    ...measured,
    routers: measureRouters(replays, file, resampled, seed),
    ...measureSlices(input, done, {
      by,
      ...(options.maxRisk === undefined ? {} : { maxRisk: options.maxRisk }),
      ...(options.certify === true ? { delta: file.risk.delta } : {}),
    }),
  }
  if (options.json !== undefined) writeOutput(options.json, `${JSON.stringify(report, undefined, 1)}\n`)
  if (options.html !== undefined) writeOutput(options.html, writeReportPage(report))
  return report
}

async function replaysOf(
  rows: readonly OutcomeRow[],
  policy: Policy,
  file: PolicyFile,
  source: string,
): Promise<readonly RowReplay[]> {
  const replays: RowReplay[] = []
  for (const row of rows) {
    if (file.models.some(model => row.outcomes[model]?.score === undefined)) continue
    replays.push(createRowReplay(row, await policy.estimate(row.parts), file))
  }
  if (replays.length > 0) return replays
  throw new GatewayError('Config', `${source}: no row has a score of every model (${file.models.join(', ')})`)
}

/** @throws GatewayError Config when rows cannot be sliced so, or these certify nothing */
function checkSlicing(
  rows: readonly OutcomeRow[],
  { by, maxRisk, certify = false }: Pick<EvalOptions, 'maxRisk' | 'certify'> & { readonly by: string },
  fittedOn: boolean,
): void {
  if (certify && maxRisk === undefined)
    throw new GatewayError('Config', '--certify: expected a limit beside it, as --max-risk')
  if (certify && fittedOn)
    throw new GatewayError('Config', '--certify: expected rows that the policy was not fitted on')
  if (by === 'group' || rows.some(row => sliceOf(row, by) !== undefined)) return
  const known = new Set(['group', 'dataset', ...rows.flatMap(row => Object.keys(row.columns ?? {}))])
  throw new GatewayError('Config', `--by: expected a column of the rows (${[...known].join(', ')}), found ${by}`)
}
