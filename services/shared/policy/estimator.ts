import { InferenceSession, Tensor } from 'onnxruntime-node'

/** Foresees the quality of every model from standardised features. */
export interface Estimator {
  /** float32 [features] → float32 [models], each in [0,1]. */
  run(features: Float32Array): Promise<Float32Array>
}

/** Opens an estimator's graph: input `features` float32 [1, n], output `quality` float32 [1, models]. @throws Error when it cannot be loaded */
export async function openEstimator(bytes: Uint8Array): Promise<Estimator> {
  const session = await InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  return {
    async run(features) {
      const feeds = { features: new Tensor('float32', features, [1, features.length]) }
      const { quality } = await session.run(feeds)
      if (quality === undefined || !(quality.data instanceof Float32Array))
        throw new Error('the estimator gave no quality')
      return quality.data
    },
  }
}
