import { describe, expect, it } from 'vitest'
import {
  createSpace,
  judgeShape,
  prepareRows,
  withFeatures,
} from '../../services/calibrate/fit/kernel/fit-estimator.ts'
import { fitStack } from '../../services/calibrate/fit/fit-stack.ts'
import type { OutcomeRow } from '../../services/calibrate/states.ts'

const models = ['small', 'large']
const usual = Object.fromEntries(
  models.map(model => [model, { costUsd: 0.001, latencyMs: 1, outputChars: 1, quality: 0.5 }]),
)

/** Rows of which nothing is known but what came of them. */
function rowsOf(count: number): readonly OutcomeRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `row-${index}`,
    dataset: 'made',
    parts: [],
    outcomes: {
      small: { score: Number((index * 7919) % 10 < 6), confidence: ((index * 31) % 100) / 100 },
      large: { score: Number((index * 104_729) % 10 < 9), confidence: 0.9 },
    },
  }))
}

describe('fitStack()', () => {
  it('lets judges learn nothing of what is foreseen where nothing tells rows apart', () => {
    const rows = withFeatures(rowsOf(120))
    const prepared = prepareRows(rows, models, 1)
    const space = createSpace(prepared, judgeShape(prepared))
    const { judges, prospects } = fitStack(rows, { models, space, usual, seed: 1 })
    for (const judge of [...Object.values(judges), ...Object.values(prospects)]) {
      expect(judge.names.length).toBeGreaterThan(0)
      expect(judge.names.filter(name => name.startsWith('foreseen'))).toEqual([])
    }
  })
})
