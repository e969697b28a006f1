import { gramBuckets, type HashedGrams } from '#services/decision/features/hash-grams'
import { openSmallGraph, type EstimatorInput } from './small-graph.ts'

/** Predicts the quality of every model. */
export interface Estimator {
  /** float32 [models], each in [0,1]; at once where the graph is small. */
  run(input: EstimatorInput): Promise<Float32Array> | Float32Array
}

/**
 * Opens an estimator's graph; `writeEstimatorGraph` says what it takes and gives. A small one runs without a runtime,
 * within 1e-5 of what the runtime gives.
 * @throws Error when it cannot be loaded
 */
export async function openEstimator(bytes: Uint8Array): Promise<Estimator> {
  const small = openSmallGraph(bytes)
  return small === undefined ? openWithRuntime(bytes) : { run: small }
}

/** Opens any graph in ONNX Runtime, which is loaded only where it is needed. */
export async function openWithRuntime(bytes: Uint8Array): Promise<Estimator> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const session = await InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  const takes = new Set(session.inputNames)
  return {
    async run({ grams, ...dense }) {
      const rows = { ...dense, ...(grams === undefined ? {} : { grams: wholeRow(grams) }) }
      const given = Object.entries(rows).filter(([name]) => takes.has(name))
      const feeds = given.map(([name, values]) => [name, new Tensor('float32', values, [1, values.length])] as const)
      const { quality } = await session.run(Object.fromEntries(feeds))
      if (quality === undefined || !(quality.data instanceof Float32Array))
        throw new Error('the estimator gave no quality')
      return quality.data
    },
  }
}

function wholeRow({ places, values }: HashedGrams): Float32Array {
  const row = new Float32Array(gramBuckets)
  for (let at = 0; at < places.length; at += 1) row[places[at]!] = values[at]!
  return row
}
