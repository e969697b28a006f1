import { describe, expect, it } from 'vitest'
import { fitPath } from '#services/calibrate/fit/fit-path'
import type { OutcomeRow } from '#services/calibrate/states'
import { createRowReplay, type RowReplay } from '#services/calibrate/replay-row'
import { createCostTable } from '#services/calibrate/load/cost-table'

const models = ['small', 'large']

/** The small model is right on two rows of three, and sure where it is. */
function rowsOf(count: number): readonly OutcomeRow[] {
  return Array.from({ length: count }, (_, index) => {
    const right = (index * 7919) % 3 < 2
    return {
      id: `r${index}`,
      dataset: 'made',
      parts: [],
      outcomes: {
        small: { score: Number(right), confidence: right ? 0.9 : 0.2, costUsd: 0.001 },
        large: { score: Number((index * 104_729) % 10 < 9), confidence: 0.9, costUsd: 0.01 },
      },
    }
  })
}

/** Calibrators that take a confidence as it is. */
const calibrator = { names: ['confidence'], means: [0.5], scales: [0.2], weights: [2], bias: 0 }
const file = {
  models,
  usual: {},
  calibrators: { small: calibrator, large: { ...calibrator, weights: [0], bias: 2 } },
  prospects: {},
}

describe('fitPath()', () => {
  it('measures its points on every row, also where it looked for them on some', { timeout: 60_000 }, () => {
    const rows = rowsOf(12_000)
    let made = 0
    const unseen = rows.map(row => ({
      id: row.id,
      replay(): RowReplay {
        made += 1
        return createRowReplay(row, { difficulty: 0.5, models: {}, features: {} }, file)
      },
    }))
    const path = fitPath(unseen, models, createCostTable(rows, models), 1)
    expect(made).toBe(10_000 + rows.length)
    const alone = (model: string) => path.find(point => point.models.length === 1 && point.models[0] === model)
    const mean = (model: string): number =>
      rows.reduce((sum, row) => sum + (row.outcomes[model]?.score ?? 0), 0) / rows.length
    expect(alone('small')?.meanScore).toBeCloseTo(mean('small'), 12)
    expect(alone('small')?.meanCostUsd).toBeCloseTo(0.001, 12)
    // Both together beat the more expensive: what the cheaper is sure of is right.
    const best = path.at(-1)
    expect(best?.models).toEqual(models)
    expect(best?.meanScore).toBeGreaterThan(mean('large'))
    const costs = path.map(point => point.meanCostUsd)
    expect(costs).toEqual(costs.toSorted((a, b) => a - b))
  })
})
