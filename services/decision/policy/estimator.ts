import { InferenceSession, Tensor } from 'onnxruntime-node'

/** What an estimator looks at; a graph that was fitted without one of them is not given it. */
export interface EstimatorInput {
  /** Standardised: float32 [features]. */
  readonly features: Float32Array
  /** float32 [dimensions], L2 norm 1. */
  readonly embedding?: Float32Array
  /** Square roots of counts: float32 [buckets]. */
  readonly grams?: Float32Array
}

/** Predicts the quality of every model. */
export interface Estimator {
  /** float32 [models], each in [0,1]. */
  run(input: EstimatorInput): Promise<Float32Array>
}

/**
 * Opens an estimator's graph; `writeEstimatorGraph` says what it takes and gives.
 * @throws Error when it cannot be loaded
 */
export async function openEstimator(bytes: Uint8Array): Promise<Estimator> {
  const session = await InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  const takes = new Set(session.inputNames)
  return {
    async run(input) {
      const feeds: Record<string, Tensor> = {}
      for (const [name, values] of Object.entries(input)) {
        if (takes.has(name)) feeds[name] = new Tensor('float32', values, [1, values.length])
      }
      const { quality } = await session.run(feeds)
      if (quality === undefined || !(quality.data instanceof Float32Array))
        throw new Error('the estimator gave no quality')
      return quality.data
    },
  }
}
