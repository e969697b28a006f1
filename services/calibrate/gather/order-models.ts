import { GatewayError } from '../../shared/contract/errors.ts'
import type { OutcomeRow } from '../states.ts'

/** Models from cheap to dear: as given, else by mean cost, else as the rows have them. @throws GatewayError Config for a model that no row has */
export function orderModels(rows: readonly OutcomeRow[], given: readonly string[] | undefined): readonly string[] {
  const known = [...new Set(rows.flatMap(row => Object.keys(row.outcomes)))]
  if (given !== undefined) {
    const missing = given.filter(model => !known.includes(model))
    if (missing.length > 0) {
      throw new GatewayError('Config', `--models: no row has ${missing.join(', ')}; there are ${known.join(', ')}`)
    }
    return given
  }
  const costs = new Map(known.map(model => [model, meanCost(rows, model)]))
  return known.toSorted((a, b) => (costs.get(a) ?? 0) - (costs.get(b) ?? 0))
}

/** The mean recorded cost of a model in USD; `undefined` when none is recorded. */
export function meanCost(rows: readonly OutcomeRow[], model: string): number | undefined {
  const costs = rows.flatMap(row => row.outcomes[model]?.costUsd ?? [])
  return costs.length === 0 ? undefined : costs.reduce((sum, cost) => sum + cost, 0) / costs.length
}
