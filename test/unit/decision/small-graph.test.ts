import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeEstimatorGraph } from '#services/calibrate/publish/write-estimator-graph'
import { gramBuckets, hashGrams } from '#services/decision/features/hash-grams'
import { openWithRuntime } from '#services/decision/policy/estimator'
import { openSmallGraph, type EstimatorInput } from '#services/decision/policy/small-graph'

const folder = join(import.meta.dirname, '..', '..', '..', 'deploy', 'policies')
/** How far the two may be apart: the runtime adds up in float32, the small graph in float64. */
const bound = 1e-5

const standardised = fc.double({ min: -4, max: 4, noNaN: true })

describe('openSmallGraph()', () => {
  // The graph of generate weighs the meaning of hundreds of rows: it is left to the runtime.
  it.each(['classify', 'ocr', 'transcribe'])('gives what the runtime gives: %s', async name => {
    const { estimator } = JSON.parse(readFileSync(join(folder, name, 'policy.json'), 'utf8'))
    const width: number = estimator.names.length
    const bytes = readFileSync(join(folder, name, 'estimator.onnx'))
    const small = openSmallGraph(bytes)!
    const runtime = await openWithRuntime(bytes)
    const input = fc.record({
      features: fc.array(standardised, { minLength: width, maxLength: width }).map(values => Float32Array.from(values)),
      grams: fc.lorem({ maxCount: 60 }).map(hashGrams),
    })
    await fc.assert(
      fc.asyncProperty(input, async given => {
        const [own, theirs] = [small(given), await runtime.run(given)]
        expect(own).toHaveLength(theirs.length)
        own.forEach((quality, model) => expect(Math.abs(quality - theirs[model]!)).toBeLessThan(bound))
      }),
      { numRuns: 200 },
    )
  })

  const row = (length: number, of: (at: number) => number) => Float32Array.from({ length }, (_, at) => of(at))
  const graph = (kept: number, embedding: number) =>
    writeEstimatorGraph({
      lengthScale: 1,
      embeddingWeight: 0.5,
      gramWeight: 0.5,
      dense: Array.from({ length: kept }, (_, at) => row(2, to => Math.sin(at + to))),
      embeddings:
        embedding === 0 ? [] : Array.from({ length: kept }, (_, at) => row(embedding, to => Math.cos(at * to) / 8)),
      weights: [row(kept, at => Math.cos(at) / kept), row(kept, at => Math.sin(at) / kept)],
      biases: [0.4, 0.6],
      rarity: row(gramBuckets, at => 1 + (at % 3)),
      gramWeights: [row(gramBuckets, Math.sin), row(gramBuckets, Math.cos)],
    })
  const given: EstimatorInput = { features: row(2, at => at - 0.5), grams: hashGrams('which gas do plants take in') }

  it('gives what the runtime gives of a graph with meaning, and of words without a gram', async () => {
    const bytes = graph(40, 16)
    const small = openSmallGraph(bytes)!
    const runtime = await openWithRuntime(bytes)
    for (const grams of [given.grams!, hashGrams('')]) {
      const input = { ...given, grams, embedding: row(16, at => at / 64) }
      const theirs = await runtime.run(input)
      small(input).forEach((quality, model) => expect(Math.abs(quality - theirs[model]!)).toBeLessThan(bound))
    }
  })

  it('leaves a large graph to the runtime, and what is no graph', () => {
    expect(openSmallGraph(graph(400, 384))).toBeUndefined()
    expect(openSmallGraph(graph(40, 0).subarray(0, 100))).toBeUndefined()
    expect(openSmallGraph(Buffer.from('no graph'))).toBeUndefined()
  })

  it('keeps nothing of the input before', () => {
    const small = openSmallGraph(graph(40, 0))!
    const first = small(given)
    small({ features: row(2, () => 3), grams: hashGrams('many words of another text '.repeat(60)) })
    expect(small(given)).toEqual(first)
  })

  it('refuses an input that it was not fitted for', () => {
    const small = openSmallGraph(graph(40, 0))!
    expect(() => small({ features: row(2, () => 0) })).toThrow('grams')
    expect(() => small({ ...given, features: row(3, () => 0) })).toThrow('takes 2 numbers')
  })
})
