import { describe, expect, it } from 'vitest'
import { factorize, solveFactored } from '#services/calibrate/fit/regression/cholesky'
import {
  createSpace,
  evaluateShape,
  prepareRows,
  fitEstimator,
  predictScores,
  graphOf,
  withFeatures,
} from '#services/calibrate/fit/kernel/fit-estimator'
import { applyKernel, fitKernel } from '#services/calibrate/fit/kernel/fit-kernel'
import { writeEstimatorGraph } from '#services/calibrate/publish/write-estimator-graph'
import type { OutcomeRow } from '#services/calibrate/states'
import { hashGrams } from '#services/decision/features/hash-grams'
import { openEstimator } from '#services/decision/policy/estimator'
import { estimatorInput, textOf } from '#services/decision/policy/featurize'

const subjects = ['rivers of the north', 'integrals and series', 'contract law', 'cells of plants']

/** Rows whose small model knows two subjects of four. */
function rowsOf(count: number): readonly OutcomeRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `row-${index}`,
    dataset: 'made',
    parts: [
      {
        kind: 'text' as const,
        text: `Question ${(index * 7919) % 997} on ${subjects[index % 4]}: ${'x'.repeat(index % 30)}?`,
      },
    ],
    outcomes: { small: { score: Number(index % 4 < 2) }, large: { score: Number(index % 5 > 0) } },
  }))
}

/** A vector for each row, of length 1. */
function vectorsOf(count: number): readonly Float32Array[] {
  return Array.from({ length: count }, (_, index) => Float32Array.of(Math.cos(index), Math.sin(index), 0, 0))
}

describe('factorize() and solveFactored()', () => {
  it.each([1, 3, 4, 5, 18, 37])('solve a system of %i equations', size => {
    const matrix = new Float64Array(size * size)
    for (let i = 0; i < size; i += 1) {
      for (let j = 0; j < size; j += 1) matrix[i * size + j] = Math.exp(-Math.abs(i - j) / 3) + Number(i === j)
    }
    const right = Array.from({ length: size }, (_, index) => Math.sin(index + 1))
    const lower = matrix.slice()
    factorize(lower, size)
    const solution = solveFactored(lower, right)
    for (let i = 0; i < size; i += 1) {
      const sum = solution.reduce((total, value, j) => total + matrix[i * size + j]! * value, 0)
      expect(sum).toBeCloseTo(right[i]!, 9)
    }
  })
})

describe('fitKernel()', () => {
  const size = 60
  const gram = Float32Array.from({ length: size * size }, (_, at) =>
    Math.exp(-(((at % size) - Math.floor(at / size)) ** 2) / 8),
  )
  const rows = Array.from({ length: size }, (_, index) => index)
  const target = Float64Array.from(rows, row => Number(Math.sin(row / 4) > 0))

  it('says the same with every row as a landmark as without landmarks', () => {
    const exact = fitKernel({ gram, size, exact: true, landmarks: [] }, rows, [target], 0.5)
    const landmarked = fitKernel({ gram, size, exact: false, landmarks: rows }, rows, [target], 0.5)
    for (const row of rows) {
      const [one] = applyKernel(exact, { gram, size, exact: true, landmarks: [] }, row)
      const [two] = applyKernel(landmarked, { gram, size, exact: false, landmarks: rows }, row)
      expect(two).toBeCloseTo(one!, 2)
    }
  })

  it('says the mean where rows tell nothing', () => {
    const flat = new Float32Array(size * size)
    const likeness = { gram: flat, size, exact: true, landmarks: [] }
    const fit = fitKernel(likeness, rows, [target], 1)
    expect(applyKernel(fit, likeness, 3)[0]).toBeCloseTo(target.reduce((sum, one) => sum + one, 0) / size, 9)
  })
})

describe('createSpace(), fitEstimator() and graphOf()', () => {
  it.each([
    ['all rows', 160, false],
    ['landmarks', 620, false],
    ['an encoder', 160, true],
  ] as const)('make a graph that says what the fit says: %s', { timeout: 120_000 }, async (_name, count, encoded) => {
    const rows = withFeatures(rowsOf(count))
    const vectors = vectorsOf(count)
    const prepared = prepareRows(rows, ['small', 'large'], 1)
    const embeddings = encoded ? new Map(vectors.entries()) : undefined
    const space = createSpace(prepared, evaluateShape(prepared, embeddings), embeddings)
    const fit = fitEstimator(space, rows)
    const graph = graphOf(space, fit)
    const estimator = await openEstimator(writeEstimatorGraph(graph))
    for (const at of [0, 1, 2, 3, 57]) {
      const { row, features } = rows[at]!
      const input = estimatorInput(features, hashGrams(textOf(row.parts) ?? ''), {
        ...space,
        grams: graph.gramWeights.length > 0,
      })
      const said = await estimator.run(encoded ? { ...input, embedding: vectors[at]! } : input)
      predictScores(space, fit, rows[at]!).forEach((quality, model) => expect(said[model]).toBeCloseTo(quality, 3))
    }
  })

  it('predicts what the small model knows on rows that were not fitted on', { timeout: 120_000 }, () => {
    const rows = withFeatures(rowsOf(300))
    const prepared = prepareRows(rows, ['small', 'large'], 1)
    const space = createSpace(prepared, evaluateShape(prepared))
    const fit = fitEstimator(space, rows.slice(0, 200))
    const right = rows
      .slice(200)
      .filter(row => predictScores(space, fit, row)[0]! > 0.5 === (row.row.outcomes['small']!.score === 1))
    expect(right.length).toBeGreaterThan(90)
  })
})
