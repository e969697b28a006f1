import type { TestConfig } from './gateway.ts'

/** How the rungs of the ladder behave. */
export interface EchoSettings {
  readonly smallDelayMs?: number
  readonly largeDelayMs?: number
  readonly smallConfidence?: number
}

/**
 * A ladder of two echoes, so that faults meet a way that is quick and always the same. What the small one says is
 * trusted from 0.8.
 */
export function echoConfig({
  smallDelayMs = 5,
  largeDelayMs = 5,
  smallConfidence = 0.9,
}: EchoSettings = {}): TestConfig {
  const card = {
    title: 'Echo',
    licence: 'Apache-2.0',
    source: 'this project',
    trainingData: 'none',
    limits: 'it only repeats',
  }
  const model = (pool: string, delayMs: number, confidence: number, perComputeSecond: number): object => ({
    pool,
    tasks: ['generate', 'classify'],
    modalities: ['text', 'image'],
    backend: { kind: 'echo', delayMs, confidence, obeys: pool === 'small' },
    price: { perComputeSecond, perRequest: 1000 },
    card,
  })
  return {
    version: 1,
    log: { level: 'warn' },
    auth: {
      anonymous: true,
      anonymousScopes: ['infer', 'admin'],
      // The key is `right-key`.
      keys: [
        {
          id: 'right',
          sha256: '76c365c9956f33a4848cdb6ed10306c1ea4e9406865b1705a3ce5d726f46ae37',
          tenant: 'acme',
          scopes: ['infer'],
        },
      ],
    },
    limits: { defaultDeadlineMs: 20_000, imageMegapixels: 20, messageMegabytes: 8 },
    budgets: { requestMaxUsd: 1, tenantPerDayUsd: 10_000 },
    pools: {
      small: { tier: 'small', concurrency: 4, batch: { maxSize: 4, maxWaitMs: 1 } },
      large: { tier: 'large', concurrency: 4, batch: { maxSize: 4, maxWaitMs: 1 } },
    },
    models: {
      'echo-small': model('small', smallDelayMs, smallConfidence, 1_000_000),
      'echo-large': model('large', largeDelayMs, 0.95, 5_000_000),
    },
    ladders: {
      generate: {
        task: 'generate',
        modalities: ['text', 'image'],
        rungs: ['echo-small', 'echo-large'],
        uncalibrated: { confidenceThreshold: 0.8 },
      },
      classify: {
        task: 'classify',
        modalities: ['text'],
        rungs: ['echo-small', 'echo-large'],
        uncalibrated: { confidenceThreshold: 0.8 },
      },
    },
  }
}
