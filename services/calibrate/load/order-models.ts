import { GatewayError } from '#services/contract/errors'
import type { Outcome, OutcomeRow } from '#services/calibrate/states'

/** Models from cheap to expensive, and by what they were ordered. */
export interface OrderedModels {
  readonly models: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Models from cheap to expensive: as given, else by mean cost; where costs are missing by mean length of what they say
 * (what a call of about the same price a token costs), and where those are missing too by mean score.
 * @throws GatewayError Config for a model that no row has
 */
export function orderModels(rows: readonly OutcomeRow[], given: readonly string[] | undefined): OrderedModels {
  const known = [...new Set(rows.flatMap(row => Object.keys(row.outcomes)))].toSorted()
  if (known.length === 0) throw new GatewayError('Config', 'no row has an outcome of any model')
  if (given !== undefined) {
    const missing = given.filter(model => !known.includes(model))
    if (missing.length > 0) {
      throw new GatewayError('Config', `--models: no row has ${missing.join(', ')}; there are ${known.join(', ')}`)
    }
    if (new Set(given).size < given.length) throw new GatewayError('Config', '--models: a model is named twice')
    return { models: given, warnings: [] }
  }
  const orders = [
    { of: (outcome: Outcome) => outcome.costUsd, warnings: [] },
    {
      of: (outcome: Outcome) => outcome.outputChars,
      warnings: [
        'some model has no cost: models are ordered by the mean length of their answers; --models sets an order',
      ],
    },
    {
      of: (outcome: Outcome) => outcome.score,
      warnings: ['some model has no cost: models are ordered by their mean score; --models sets an order'],
    },
  ]
  for (const { of, warnings } of orders) {
    const means = new Map(known.map(model => [model, meanOf(rows, model, of)]))
    if ([...means.values()].some(mean => mean === undefined)) continue
    return { models: known.toSorted((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0)), warnings }
  }
  return { models: known, warnings: ['models are ordered by name: neither costs nor scores are known of all of them'] }
}

/** The mean recorded cost of a model in USD; `undefined` when none is recorded. */
export function meanCost(rows: readonly OutcomeRow[], model: string): number | undefined {
  return meanOf(rows, model, outcome => outcome.costUsd)
}

function meanOf(
  rows: readonly OutcomeRow[],
  model: string,
  of: (outcome: Outcome) => number | undefined,
): number | undefined {
  let sum = 0
  let count = 0
  for (const row of rows) {
    const outcome = row.outcomes[model]
    const value = outcome === undefined ? undefined : of(outcome)
    if (value === undefined) continue
    sum += value
    count += 1
  }
  return count === 0 ? undefined : sum / count
}
