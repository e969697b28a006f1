/** What a test of money sets. */
export interface MoneySettings {
  readonly redisUrl: string
  readonly prefix: string
  readonly budgets: Readonly<Record<string, unknown>>
  readonly failRatio?: number
  readonly commandTimeoutMs?: number
}

/** A ladder of two echoes with prices by token and request, so that what a request costs is known to the nano-USD. */
export function moneyConfig({
  redisUrl,
  prefix,
  budgets,
  failRatio = 0,
  commandTimeoutMs = 800,
}: MoneySettings): object {
  const card = {
    title: 'Echo',
    licence: 'Apache-2.0',
    source: 'this project',
    trainingData: 'none',
    limits: 'it only repeats',
  }
  const model = (pool: string, price: object, more: object): object => ({
    pool,
    tasks: ['generate'],
    modalities: ['text'],
    backend: { kind: 'echo', obeys: true, ...more },
    price,
    card,
  })
  const pool = (tier: string): object => ({
    tier,
    concurrency: 32,
    batch: { maxSize: 64, maxWaitMs: 2 },
    maxWaiting: 10_000,
  })
  return {
    version: 1,
    listen: { grpc: '127.0.0.1:0', http: '127.0.0.1:0', ops: '127.0.0.1:0' },
    log: { level: 'info' },
    redis: { url: redisUrl, prefix, commandTimeoutMs },
    auth: { anonymous: true, anonymousTenant: 'acme', anonymousScopes: ['infer', 'admin'] },
    limits: { inFlight: 3000, inFlightShare: 1, defaultDeadlineMs: 10_000 },
    budgets,
    pools: { small: pool('small'), large: pool('large') },
    models: {
      'echo-small': model('small', { perRequest: 1000, perOutputToken: 10 }, { confidence: 0.9, failRatio }),
      'echo-large': model(
        'large',
        { perRequest: 7000, perOutputToken: 70, perComputeSecond: 1000 },
        { confidence: 0.95 },
      ),
    },
    ladders: {
      generate: {
        task: 'generate',
        modalities: ['text'],
        rungs: ['echo-small', 'echo-large'],
        uncalibrated: { confidenceThreshold: 0.8 },
      },
    },
  }
}
