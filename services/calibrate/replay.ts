import { GatewayError } from '#services/contract/errors'
import {
  createCalibratedPolicy,
  openPolicyFolder,
  type LoadPolicyOptions,
  type PolicyFolder,
} from '#services/decision/policy/load-policy'
import { drawOf } from './draw.ts'
import { costTableOf } from '#services/calibrate/load/cost-table'
import { readRows } from '#services/calibrate/load/read-rows'
import { createPace, type Pace } from '#services/calibrate/evaluate/pace'
import { openOutput } from '#services/calibrate/publish/write-output'
import type { CostTable, OutcomeRow } from './states.ts'
import { createRowReplay, type RowReplay, type Replayed } from './replay-row.ts'

/** Options of `sluice replay`. */
export interface ReplayOptions extends Pick<LoadPolicyOptions, 'openEncoder'> {
  readonly policy: string
  readonly inputs: string
  readonly out: string
  /** Mean budgets a request, in USD. */
  readonly budgets: readonly number[]
  /** Limits on the marginal risk. */
  readonly maxRisks: readonly number[]
  readonly seed?: number
}

/** What came of it, to be shown: mean costs, where costs are known of the calls that were made. */
export interface ReplayReport {
  readonly rows: number
  /** Where they are not, a call of the most expensive model counts as 1 and any other as nothing. */
  readonly costsKnown: boolean
  readonly budgets: readonly { readonly budgetUsd: number; readonly meanCostUsd: number }[]
  readonly maxRisks: readonly { readonly maxRisk: number; readonly meanCostUsd: number }[]
}

/** No limit on the time of an estimate: no caller waits. */
const estimateMs = 10_000

/**
 * Runs a policy over recorded outcomes as the gateway would have met them, and writes what it calls and answers:
 * for every row a line a budget and a line a limit. It goes through the rows in order and knows of a row its
 * content and what its calls have shown (confidence, answer, cost), never a score, nor an outcome of a model that
 * it has not called.
 * @throws GatewayError Config
 */
export async function runReplay(options: ReplayOptions): Promise<ReplayReport> {
  const folder = await openPolicyFolder(options.policy)
  const { file } = folder
  const costTable = costTableOf(
    file.costsKnown,
    new Map(file.models.map(model => [model, file.usual[model]?.costUsd ?? 0])),
  )
  const runs = runsOf(options, folder, options.seed ?? 1)
  const policy = await createCalibratedPolicy(folder, { ...options, estimateMs })
  const output = await openOutput(options.out)
  let rows = 0
  for await (const row of readRows(options.inputs)) {
    if (!file.models.some(model => row.outcomes[model] !== undefined)) {
      throw new GatewayError('Config', `${options.inputs}: row ${row.id} has no outcome of ${file.models.join(', ')}`)
    }
    const replay = createRowReplay(row, await policy.estimate(row.parts), file)
    const lines = runs.map(run => `${JSON.stringify({ id: row.id, ...run.run(replay, costTable) })}\n`)
    await output.write(lines.join(''))
    rows += 1
  }
  await output.close()
  if (rows === 0) throw new GatewayError('Config', `${options.inputs}: there are no rows`)
  return {
    rows,
    costsKnown: file.costsKnown,
    budgets: runs.flatMap(({ key, spentUsd }) =>
      'budgetUsd' in key ? { budgetUsd: key.budgetUsd, meanCostUsd: spentUsd() / rows } : [],
    ),
    maxRisks: runs.flatMap(({ key, spentUsd }) =>
      'maxRisk' in key ? { maxRisk: key.maxRisk, meanCostUsd: spentUsd() / rows } : [],
    ),
  }
}

/** One way to go through the rows: under one budget or one limit. */
interface ReplayRun {
  readonly key: { readonly budgetUsd: number } | { readonly maxRisk: number }
  readonly run: (replay: RowReplay, costTable: CostTable) => object
  readonly spentUsd: () => number
}

function runsOf({ budgets, maxRisks }: ReplayOptions, { file }: PolicyFolder, seed: number): readonly ReplayRun[] {
  if (budgets.length + maxRisks.length === 0)
    throw new GatewayError('Config', 'replay: neither budgets nor risks are given')
  return [
    ...budgets.map(budgetUsd => createReplayRun({ budgetUsd }, paced(createPace(file.decision.path, budgetUsd), seed))),
    ...maxRisks.map(maxRisk => createReplayRun({ maxRisk }, replay => replay.byRisk(maxRisk))),
  ]
}

type Go = (replay: RowReplay, costOf: (row: OutcomeRow, calls: readonly string[]) => number) => Replayed

function createReplayRun(key: ReplayRun['key'], go: Go): ReplayRun {
  let spent = 0
  return {
    key,
    run(replay, costTable) {
      const { calls, answer } = go(replay, costTable.spent)
      spent += costTable.spent(replay.row, calls)
      return { ...key, calls, answer }
    },
    spentUsd: () => spent,
  }
}

function paced(pace: Pace, seed: number): Go {
  return (replay, costOf) => {
    const replayed = replay.byUtility(pace.next(drawOf(replay.row.id, 'mix', seed) / 2 ** 32))
    pace.spend(costOf(replay.row, replayed.calls))
    return replayed
  }
}
