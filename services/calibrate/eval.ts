import { GatewayError } from '#services/contract/errors'
import { createCalibratedPolicy, openPolicyFolder, type LoadPolicyOptions } from '#services/decision/policy/load-policy'
import { costBookOf } from '#services/calibrate/load/cost-book'
import { gatherRows } from '#services/calibrate/load/read-rows'
import { drawResamples } from '#services/calibrate/evaluate/bootstrap'
import { measurePolicy } from '#services/calibrate/evaluate/measure-policy'
import { measureRouters } from '#services/calibrate/evaluate/measure-routers'
import type { EvalReport } from './report.ts'
import { writeReportPage } from '#services/calibrate/publish/report-page'
import { writeOutput } from '#services/calibrate/publish/write-output'
import { createWalk, type Walk } from './walk-row.ts'

/** What `sluice eval` is told. */
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
  const walks: Walk[] = []
  for (const row of gathered.rows) {
    if (file.models.some(model => row.outcomes[model]?.score === undefined)) continue
    walks.push(createWalk(row, await policy.estimate(row.parts), file))
  }
  if (walks.length === 0) {
    throw new GatewayError(
      'Config',
      `${options.outcomes}: no row has a score of every model (${file.models.join(', ')})`,
    )
  }
  const book = costBookOf(file.costsKnown, new Map(file.models.map(model => [model, file.usual[model]?.costUsd ?? 0])))
  const resampled = drawResamples(walks.length, seed)
  const { slices, ...measured } = measurePolicy({ walks, file, book, resampled })
  const report: EvalReport = {
    policy: version,
    models: file.models,
    rows: walks.length,
    seed,
    fittedOn: gathered.sha256 === file.data.sha256,
    costsKnown: file.costsKnown,
    ...measured,
    routers: measureRouters(walks, file, resampled, seed),
    slices: slices(({ row }) => (by === 'group' ? row.group : row.dataset) ?? ''),
  }
  if (options.json !== undefined) writeOutput(options.json, `${JSON.stringify(report, undefined, 1)}\n`)
  if (options.html !== undefined) writeOutput(options.html, writeReportPage(report))
  return report
}
