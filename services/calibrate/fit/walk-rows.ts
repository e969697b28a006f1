import { fromUsd } from '../../shared/contract/money.ts'
import { decideStep } from '../../shared/policy/decide-step.ts'
import type { Called, Candidate, Estimate } from '../../shared/policy/policy.ts'
import type { OutcomeRow } from '../states.ts'
import { judgedOf } from './fit-judges.ts'

/** One row as a policy would meet it. */
export interface WalkableRow {
  readonly row: OutcomeRow
  readonly estimate: Estimate
  /** P(correct) of each model's answer, by a judge that may be asked for this row. */
  readonly confidenceOf: (model: string, before: readonly Called[]) => number
}

/** What a policy did on one row. */
export interface WalkedRow {
  readonly calls: readonly string[]
  readonly answer: string
  readonly costUsd: number
}

/** Usual costs of a ladder, cheap to dear, in USD. */
export type UsualCosts = readonly { readonly model: string; readonly costUsd: number }[]

/** Walks a row as the gateway would, with the very same decisions, looking only at what calls have shown. */
export function walkRow(one: WalkableRow, costs: UsualCosts, threshold: number): WalkedRow {
  const called: Called[] = []
  let open: Candidate[] = costs
    .filter(({ model }) => one.row.outcomes[model] !== undefined)
    .map(({ model, costUsd }) => ({ model, costNanoUsd: fromUsd(costUsd) }))
  for (;;) {
    const step = decideStep(threshold, one.estimate, called, open)
    if (step.kind === 'stop') {
      const calls = called.map(call => call.model)
      return { calls, answer: step.model, costUsd: costOf(one.row, calls, costs) }
    }
    const judged = judgedOf(one.row, step.model)
    called.push({ ...judged, confidence: one.confidenceOf(step.model, called), costNanoUsd: 0 })
    open = open.slice(open.findIndex(candidate => candidate.model === step.model) + 1)
  }
}

/** What the calls of a row cost: as recorded, else as usual. */
function costOf(row: OutcomeRow, calls: readonly string[], costs: UsualCosts): number {
  return calls.reduce((sum, model) => {
    return sum + (row.outcomes[model]?.costUsd ?? costs.find(one => one.model === model)?.costUsd ?? 0)
  }, 0)
}

/** The loss of a row: its answer is wrong and comes from a cheaper rung, and the dearest model's is right. */
export function isLoss(row: OutcomeRow, answer: string, dearest: string): boolean {
  if (answer === dearest) return false
  return (row.outcomes[answer]?.score ?? 0) < 0.5 && (row.outcomes[dearest]?.score ?? 0) >= 0.5
}
