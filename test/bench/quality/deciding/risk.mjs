// Limits on risk over many random splits: how often one is broken on the whole table, and what of the saving is had
// that hindsight would have.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fitRisk } from '../../../../dist/services/calibrate/fit/fit-risk.js'
import { withFeatures } from '../../../../dist/services/calibrate/fit/kernel/fit-estimator.js'
import { createCostTable } from '../../../../dist/services/calibrate/load/cost-table.js'
import { orderModels } from '../../../../dist/services/calibrate/load/order-models.js'
import { gatherRows } from '../../../../dist/services/calibrate/load/read-rows.js'
import { isLoss } from '../../../../dist/services/calibrate/ladder.js'
import { createRowReplay } from '../../../../dist/services/calibrate/replay-row.js'
import { draw } from './folds.mjs'

const limits = [0.01, 0.02, 0.05, 0.1]
/** Chance that a bound does not hold. */
const delta = 0.1

/**
 * By split a half of the table is fitted and certified on, and the policy's risk is taken over the whole table. The
 * bar of the saving is the best raw threshold that keeps to the limit on the whole table: of any rung below the most
 * expensive, chosen in hindsight.
 */
export async function* riskLimits(context, tables, splits) {
  const overs = new Map(limits.map(limit => [limit, []]))
  const shares = []
  for (const table of tables) {
    const path = join(context.folder, `${table}-risk.jsonl`)
    const lines = context.read(`frugalml-${table}`).map(row => JSON.stringify(row))
    writeFileSync(path, `${lines.join('\n')}\n`)
    const { rows } = await gatherRows([path])
    const { models } = orderModels(rows, undefined)
    const featured = withFeatures(rows)
    const costTable = createCostTable(rows, models)
    const bars = limits.map(limit => hindsight(rows, models, costTable, limit))
    const sums = limits.map(() => ({ over: 0, saved: 0 }))
    for (let split = 0; split < splits; split += 1) {
      const half = featured.filter(({ row }) => draw(row.id, `risk split ${split}`, context.seed) < 0.5)
      const risk = fitRisk(half, { models, costTable, seed: context.seed + split, delta })
      limits.forEach((limit, at) => {
        const { losses, saved } = taken(featured, models, costTable, risk, limit)
        if (losses > limit) sums[at].over += 1
        sums[at].saved += saved
      })
    }
    for (const [at, limit] of limits.entries()) {
      const { over, saved } = sums[at]
      overs.get(limit).push(over / splits)
      const share = bars[at] > 0 ? saved / splits / bars[at] : undefined
      if (share !== undefined) shares.push(share)
      yield {
        label: `splits over ${limit}, ${table} (saving ${show(share)} of hindsight's)`,
        value: over / splits,
        reach: 0.12,
      }
    }
  }
  yield {
    label: `splits over their limit, mean of tables and limits, ${splits} splits`,
    value: mean([...overs.values()].flat()),
    reach: 0.12,
  }
  yield { label: 'saving over that of the best raw threshold in hindsight, mean', value: mean(shares), reach: 0.95 }
}

/** Risk of a policy over all rows, and what it costs less than the most expensive rung alone, a request. */
function taken(featured, models, costTable, risk, limit) {
  const mostExpensive = models.at(-1)
  const file = { models: [...models], usual: {}, prospects: {}, calibrators: {}, risk }
  let losses = 0
  let saved = 0
  for (const { row, features } of featured) {
    const { calls, answer } = createRowReplay(row, { difficulty: 0.5, models: {}, features }, file).byRisk(limit)
    if (isLoss(row, answer, mostExpensive)) losses += 1
    saved += costTable.spent(row, [mostExpensive]) - costTable.spent(row, calls)
  }
  return { losses: losses / featured.length, saved: saved / featured.length }
}

/** The most that one threshold on one rung's raw confidence saves while it keeps to the limit on these very rows. */
function hindsight(rows, models, costTable, limit) {
  const mostExpensive = models.at(-1)
  const savings = models.slice(0, -1).map(model => {
    const sure = rows.toSorted((a, b) => (b.outcomes[model].confidence ?? 0) - (a.outcomes[model].confidence ?? 0))
    // All rows pay for the rung; those that are accepted do not pay for the most expensive.
    let saved = -rows.reduce((sum, row) => sum + costTable.spent(row, [model]), 0)
    let losses = 0
    let best = 0
    for (const [at, row] of sure.entries()) {
      if (isLoss(row, model, mostExpensive)) losses += 1
      saved += costTable.spent(row, [mostExpensive])
      const isTied = row.outcomes[model].confidence === sure[at + 1]?.outcomes[model].confidence
      if (!isTied && losses <= limit * rows.length) best = Math.max(best, saved)
    }
    return best / rows.length
  })
  return Math.max(0, ...savings)
}

function show(share) {
  return share === undefined ? 'without one' : share.toFixed(2)
}

function mean(list) {
  return list.reduce((sum, one) => sum + one, 0) / list.length
}
