import { GatewayError } from '#services/contract/errors'
import { drawOf } from '#services/calibrate/draw'
import type { OutcomeRow } from '#services/calibrate/states'
import { thinned } from '#services/calibrate/thinned'
import { meanCost } from './order-models.ts'

/** Rows to fit on, and what should be known of them. */
export interface SelectedRows {
  readonly rows: readonly OutcomeRow[]
  readonly warnings: readonly string[]
}

const fewestRows = 20
/** Fewer rows than this make a policy, but one that should not be relied upon. */
const fewRows = 200
/** Weights have settled long before; more rows would only take longer. */
const mostRows = 20_000

/**
 * Takes the rows that have a score of every model, at most as many as fitting can use, drawn by id and seed.
 * @throws GatewayError Config when they are too few
 */
export function selectRows(all: readonly OutcomeRow[], models: readonly string[], seed: number): SelectedRows {
  const whole = all.filter(row => models.every(model => row.outcomes[model]?.score !== undefined))
  if (whole.length < fewestRows) {
    throw new GatewayError(
      'Config',
      `${whole.length} rows have a score of every model (${models.join(', ')}); at least ${fewestRows} are needed`,
    )
  }
  const rows = thinned(whole, mostRows, row => drawOf(row.id, 'select', seed))
  return { rows, warnings: [...countWarnings(all, whole, rows), ...modelWarnings(rows, models)] }
}

function countWarnings(
  all: readonly OutcomeRow[],
  whole: readonly OutcomeRow[],
  rows: readonly OutcomeRow[],
): readonly string[] {
  const warnings: string[] = []
  const left = all.length - whole.length
  if (left > 0) warnings.push(`${left} rows lack a score of some model and are left out`)
  if (rows.length < whole.length)
    warnings.push(`${mostRows} of ${whole.length} rows, drawn by id and seed, are fitted on`)
  if (rows.length < fewRows)
    warnings.push(
      `${rows.length} rows are few: fits on less than ${fewRows} are unsure, and small risks cannot be certified`,
    )
  if (new Set(rows.map(row => row.id)).size < rows.length) {
    warnings.push(
      'some ids occur more than once: rows of one id count as independent in every bound, which they may not be',
    )
  }
  return warnings
}

function isOutside(confidence: number | undefined): boolean {
  return confidence !== undefined && (confidence < 0 || confidence > 1)
}

function modelWarnings(rows: readonly OutcomeRow[], models: readonly string[]): readonly string[] {
  const warnings: string[] = []
  for (const model of models) {
    if (new Set(rows.map(row => row.outcomes[model]?.score)).size === 1) {
      warnings.push(`${model} has the same score in every row: nothing can be learnt of when it is right`)
    }
    if (rows.every(row => row.outcomes[model]?.confidence === undefined)) {
      warnings.push(`${model} has no confidence: its answers are judged by what was predicted and what they look like`)
    }
    const outside = rows.filter(row => isOutside(row.outcomes[model]?.confidence)).length
    if (outside > 0) {
      warnings.push(`${model}: ${outside} confidences lie outside 0 to 1 and say less than those inside`)
    }
  }
  const without = models.filter(model => meanCost(rows, model) === undefined)
  if (without.length > 0) {
    const some =
      without.length < models.length
        ? `no cost of ${without.join(', ')} is known, so none is used`
        : 'no costs are known'
    warnings.push(`${some}: cost is the share of calls to the most expensive model`)
  }
  return warnings
}
