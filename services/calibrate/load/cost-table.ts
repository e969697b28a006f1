import type { CostTable, OutcomeRow } from '#services/calibrate/states'
import { meanCost } from './order-models.ts'

/** Makes the table of the given models from recorded costs. */
export function createCostTable(rows: readonly OutcomeRow[], models: readonly string[]): CostTable {
  const means = models.map(model => meanCost(rows, model))
  const known = means.every(mean => mean !== undefined)
  const usual = new Map(
    models.map((model, index) => [model, known ? (means[index] ?? 0) : Number(index === models.length - 1)]),
  )
  return costTableOf(known, usual)
}

/** The table of usual costs that are known already, as a policy keeps them. */
export function costTableOf(known: boolean, usual: ReadonlyMap<string, number>): CostTable {
  return {
    known,
    usual,
    spent: (row, calls) =>
      calls.reduce((sum, model) => {
        const recorded = known ? row.outcomes[model]?.costUsd : undefined
        return sum + (recorded ?? usual.get(model) ?? 0)
      }, 0),
  }
}
