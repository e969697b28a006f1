import { GatewayError } from '#services/contract/errors'
import { createCalibratedPolicy, openPolicyFolder, type LoadPolicyOptions } from '#services/decision/policy/load-policy'
import { costTableOf } from '#services/calibrate/load/cost-table'
import { gatherRows } from '#services/calibrate/load/read-rows'
import { drawResamples } from '#services/calibrate/evaluate/bootstrap'
import { measurePolicy } from '#services/calibrate/evaluate/measure-policy'
import { measureRouters } from '#services/calibrate/evaluate/measure-routers'
import type { EvalReport } from './report.ts'
import { writeReportPage } from '#services/calibrate/publish/report-page'
import { writeOutput } from '#services/calibrate/publish/write-output'
import { createRowReplay, type RowReplay } from './replay-row.ts'

/** Options of `sluice eval`. */
export interface EvalOptions extends Pick<LoadPolicyOptions, 'openEncoder'> {
  readonly policy: string
  readonly outcomes: string
  /** Slices rows by `group` or `dataset`. */
  readonly by?: string
  /** Files to write, each if named. */
  readonly json?: string
  readonly html?: string
  readonly seed?: number
}

const estimateMs = 10_000

/** Measures a policy on outcome rows, against baselines, and writes what it found. @throws GatewayError Config */
export async function runEval(options: EvalOptions): Promise<EvalReport> {
  const { by = 'group', seed = 1 } = options
  if (by !== 'group' && by !== 'dataset')
    throw new GatewayError('Config', `--by: expected group or dataset, found ${by}`)
  const folder = await openPolicyFolder(options.policy)
  const { file, version } = folder
  const policy = await createCalibratedPolicy(folder, { ...options, estimateMs })
  const gathered = await gatherRows([options.outcomes])
  const replays: RowReplay[] = []
  for (const row of gathered.rows) {
    if (file.models.some(model => row.outcomes[model]?.score === undefined)) continue
    replays.push(createRowReplay(row, await policy.estimate(row.parts), file))
  }
  if (replays.length === 0) {
    throw new GatewayError(
      'Config',
      `${options.outcomes}: no row has a score of every model (${file.models.join(', ')})`,
    )
  }
  const costTable = costTableOf(
    file.costsKnown,
    new Map(file.models.map(model => [model, file.usual[model]?.costUsd ?? 0])),
  )
  const resampled = drawResamples(replays.length, seed)
  const { slices, ...measured } = measurePolicy({ replays, file, costTable, resampled })
  const report: EvalReport = {
    policy: version,
    models: file.models,
    rows: replays.length,
    seed,
    fittedOn: gathered.sha256 === file.data.sha256,
    costsKnown: file.costsKnown,
    ...measured,
    routers: measureRouters(replays, file, resampled, seed),
    slices: slices(({ row }) => (by === 'group' ? row.group : row.dataset) ?? ''),
  }
  if (options.json !== undefined) writeOutput(options.json, `${JSON.stringify(report, undefined, 1)}\n`)
  if (options.html !== undefined) writeOutput(options.html, writeReportPage(report))
  return report
}
