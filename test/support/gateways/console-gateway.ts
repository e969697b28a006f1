import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCalibrate } from '#services/calibrate/calibrate'
import { hashCredential } from '#services/state/api-keys/api-key'
import { createTestGateway, until, type TestGateway } from '../gateway.ts'
import { textRequest } from '../grpc-client.ts'
import { writeTable } from '../policies/outcome-table.ts'
import { connect } from '../processes.ts'
import { startPrivateRedis } from '../private-redis.ts'

/** A gateway to be looked at: a ladder of three rungs under a fitted policy, two tenants and an operator. */
export interface ConsoleGateway {
  readonly gateway: TestGateway
  readonly url: string
  /** Asks as a tenant; the text says how the small rung behaves. */
  readonly ask: (text: string, tenant?: 'acme' | 'globex') => Promise<{ readonly requestId: string }>
  /** Reports how good the answer to a request of `acme` was. */
  readonly score: (requestId: string, score: number) => Promise<void>
  stop(): Promise<void>
}

/** What each key may do. */
export const consoleKeys = { viewer: 'viewer-key', operator: 'operator-key', acme: 'acme-key', globex: 'globex-key' }

const rungs = ['small', 'middle', 'large'] as const
const card = {
  title: 'Echo',
  licence: 'Apache-2.0',
  source: 'this project',
  trainingData: 'none',
  limits: 'it repeats',
}

/** Starts it. */
export async function startConsoleGateway(): Promise<ConsoleGateway> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-console-'))
  const policy = join(home, 'policy')
  const [redis] = await Promise.all([startPrivateRedis(), fit(home, policy)])
  const gateway = await createTestGateway(configOf(policy), redis.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
  const client = connect(gateway.address)
  const key = (name: keyof typeof consoleKeys): string => `Bearer ${consoleKeys[name]}`
  await until(
    'the workers',
    () => gateway.client.listModels({ authorization: key('acme') }),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
  return {
    gateway,
    url: `${gateway.httpUrl}/console`,
    ask: (text, tenant = 'acme') => gateway.client.infer(textRequest(text), { authorization: key(tenant) }),
    score: (requestId, score) =>
      new Promise((resolve, reject) => {
        const metadata = client.keyed(consoleKeys.acme)
        client.raw.sendFeedback({ requestId, score }, metadata, error => (error === null ? resolve() : reject(error)))
      }),
    async stop() {
      client.close()
      await gateway.stop()
      await redis.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Rows like what the tests ask: the text says how sure the small rung is, and that tells how likely it is right. */
async function fit(home: string, out: string): Promise<void> {
  const table = writeTable(home, 240, row => {
    const { small } = row['outcomes'] as Record<string, { readonly confidence: number }>
    const [{ text }] = row['content'] as readonly [{ readonly text: string }]
    return { ...row, content: [{ text: `${text} confidence=${small?.confidence.toFixed(2)}` }] }
  })
  await runCalibrate({ outcomes: [table], out, seed: 1, models: rungs })
}

function configOf(policy: string): Record<string, unknown> {
  const key = (id: keyof typeof consoleKeys, tenant: string, scopes: readonly string[]): object => ({
    id,
    tenant,
    scopes,
    sha256: hashCredential(consoleKeys[id]).toString('hex'),
  })
  const model = (pool: string, delayMs: number, confidence: number, perComputeSecond: number): object => ({
    pool,
    tasks: ['generate', 'classify'],
    modalities: ['text', 'image', 'audio'],
    backend: { kind: 'echo', delayMs, confidence, obeys: confidence < 0.9 },
    price: { perComputeSecond, perRequest: 1000 },
    card,
  })
  return {
    version: 1,
    log: { level: 'warn' },
    console: { content: true },
    learning: { shadowShare: 1, shadowAtOnce: 8, shadowRungs: 'all' },
    auth: {
      keys: [
        key('viewer', 'ops', ['console']),
        key('operator', 'ops', ['console', 'admin', 'infer']),
        key('acme', 'acme', ['infer']),
        key('globex', 'globex', ['infer']),
      ],
    },
    budgets: {
      requestMaxUsd: 1,
      tenantPerDayUsd: 5,
      tenants: { acme: { perDayUsd: 0.5, perMonthUsd: 10 } },
      deployment: { perDayUsd: 100 },
    },
    pools: {
      small: { tier: 'small', concurrency: 4, batch: { maxSize: 4, maxWaitMs: 1 } },
      large: { tier: 'large', concurrency: 4, batch: { maxSize: 4, maxWaitMs: 1 } },
    },
    models: {
      small: model('small', 6, 0.72, 1_000_000),
      middle: model('small', 14, 0.8, 5_000_000),
      large: model('large', 40, 0.95, 40_000_000),
    },
    ladders: {
      assistant: { task: 'generate', modalities: ['text', 'image', 'audio'], rungs, policy },
      topics: {
        task: 'classify',
        modalities: ['text'],
        rungs: ['small', 'large'],
        uncalibrated: { confidenceThreshold: 0.7 },
      },
    },
  }
}
