import { GatewayError } from '#services/contract/errors'
import { estimatorInput } from '#services/decision/policy/featurize'
import { estimateOf, openPolicyFolder, type PolicyFolder } from '#services/decision/policy/load-policy'
import type { Estimate } from '#services/decision/policy/policy'
import type { KeptOutcome } from '#services/state/outcomes/outcome-store'
import { drawResamples } from '#services/calibrate/evaluate/bootstrap'
import { measureSlices } from '#services/calibrate/evaluate/slices'
import { measurePolicy } from '#services/calibrate/evaluate/measure-policy'
import { costTableOf } from '#services/calibrate/load/cost-table'
import { gatherFromRedis } from '#services/calibrate/load/read-redis'
import type { EvalReport } from './report.ts'
import { createRowReplay, type RowReplay } from './replay-row.ts'

/** What is to be measured: a policy on what a gateway has recorded of its ladder. */
export interface MeasureRecords {
  /** Folder of the policy. */
  readonly policy: string
  readonly ladder: string
  readonly maxRisks: readonly number[]
  readonly records: readonly KeptOutcome[]
}

/** What it came to; rows are sliced by tenant. */
export interface RecordsReport extends Pick<
  EvalReport,
  'models' | 'costsKnown' | 'alone' | 'curve' | 'chosen' | 'ece' | 'reliability' | 'risks' | 'slices'
> {
  /** Requests with a score of every model: the others cannot be replayed. */
  readonly rows: number
  readonly recorded: number
  readonly warnings: readonly string[]
}

const seed = 1

/**
 * Replays recorded requests by a policy. Their content was not kept as a rule, so that what is predicted of them goes
 * by the features that the gateway saw.
 * @throws GatewayError Config when nothing can be replayed
 */
export async function measureRecords({ policy, ladder, maxRisks, records }: MeasureRecords): Promise<RecordsReport> {
  const folder = await openPolicyFolder(policy)
  const { file } = folder
  const { rows, warnings } = await gatherFromRedis({ read: () => inTurn(records) }, { ladder })
  const tenants = new Map(records.map(({ tenant, record }) => [record.requestId, tenant]))
  const replays: RowReplay[] = []
  for (const row of rows) {
    if (file.models.some(model => row.outcomes[model]?.score === undefined)) continue
    const columns = { tenant: tenants.get(row.id) ?? '' }
    replays.push(createRowReplay({ ...row, columns }, await estimateBy(folder, row.features ?? {}), file))
  }
  if (replays.length === 0) {
    throw new GatewayError(
      'Config',
      `none of ${rows.length} recorded requests has a score of every model (${file.models.join(', ')}): learning.shadowRungs: all asks them`,
    )
  }
  const usual = new Map(file.models.map(model => [model, file.usual[model]?.costUsd ?? 0]))
  const costTable = costTableOf(file.costsKnown, usual)
  const resampled = drawResamples(replays.length, seed)
  const input = { replays, file, costTable, resampled, maxRisks }
  const { done, alone, curve, chosen, ece, reliability, risks } = measurePolicy(input)
  return {
    models: file.models,
    costsKnown: file.costsKnown,
    rows: replays.length,
    recorded: rows.length,
    warnings: [...warnings, ...blindness(folder)],
    alone,
    curve,
    chosen,
    ece,
    reliability,
    risks,
    slices: measureSlices(input, done, { by: 'tenant' }).slices,
  }
}

async function* inTurn(records: readonly KeptOutcome[]): AsyncGenerator<KeptOutcome> {
  yield* records
}

async function estimateBy({ file, estimator }: PolicyFolder, features: Estimate['features']): Promise<Estimate> {
  const quality = file.estimator.embedding
    ? file.models.map(model => file.usual[model]?.quality ?? 0.5)
    : await estimator.run(estimatorInput(features, undefined, file.estimator))
  return estimateOf(file, features, quality)
}

function blindness({ file }: PolicyFolder): readonly string[] {
  if (!file.estimator.grams && !file.estimator.embedding) return []
  return ['the policy reads words, which were not kept: what is predicted before a call goes by features alone']
}
