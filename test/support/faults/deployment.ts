import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, startProcess, type RunningProcess, type TestClient } from '../processes.ts'

/** What one call of the stand-in server costs by the deployment's prices. */
export const servedNanoUsd = 10 * 1000 + 3 * 10_000

/** Routers and workers as real processes, before a stand-in model server. */
export interface Deployment {
  readonly routers: readonly Router[]
  readonly workers: readonly RunningProcess[]
  /** Addresses of every process's ops port. */
  readonly opsUrls: readonly string[]
  startRouter(environment?: Environment): Promise<Router>
  startWorker(environment?: Environment): Promise<RunningProcess>
  stop(): Promise<void>
}

/** A router and a client of it. */
export interface Router {
  readonly process: RunningProcess
  readonly client: TestClient
}

/** Variables of one process. */
export type Environment = Readonly<Record<string, string>>

/** What is deployed. */
export interface DeploymentOptions {
  readonly redisUrl: string
  readonly modelUrl: string
  readonly routers?: number
  readonly workers?: number
  readonly budgets?: object
  readonly redis?: object
  readonly router?: object
  /** Variables of every process. */
  readonly environment?: Environment
  /** Addresses of the model's servers; the stand-in's alone where absent. */
  readonly endpoints?: readonly string[]
}

/** Name under which everything lies in Redis. */
export const faultsPrefix = 'faults'

/** Starts it and waits until every router sees the workers. */
export async function deploy(options: DeploymentOptions): Promise<Deployment> {
  const { redisUrl, modelUrl } = options
  const folder = mkdtempSync(join(tmpdir(), 'sluice-faults-'))
  const file = join(folder, 'sluice.json')
  writeFileSync(file, JSON.stringify(configOf(redisUrl, modelUrl, options)))
  const environment = { XDG_STATE_HOME: join(folder, 'state'), ...options.environment }
  const routers: Router[] = []
  const workers: RunningProcess[] = []
  const start = (service: 'router' | 'worker', parameters: readonly string[], more: Environment = {}) =>
    startProcess(service, ['--config', file, ...parameters], { ...environment, ...more }, 60_000)
  const deployment: Deployment = {
    routers,
    workers,
    get opsUrls() {
      return [...routers.map(({ process }) => process), ...workers]
        .filter(isAlive)
        .map(({ ready }) => `http://${String(ready['ops'])}`)
    },
    async startRouter(more) {
      const process = await start('router', [], more)
      const client = connect(String(process.ready['grpc']), { 'grpc.max_reconnect_backoff_ms': 500 })
      const router = { process, client }
      routers.push(router)
      return router
    },
    async startWorker(more) {
      const worker = await start('worker', ['--pool', 'chat'], more)
      workers.push(worker)
      return worker
    },
    async stop() {
      for (const { client } of routers) client.close()
      await Promise.all([...routers.map(({ process }) => process), ...workers].map(one => one.end('SIGKILL')))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await Promise.all(Array.from({ length: options.workers ?? 2 }, () => deployment.startWorker()))
    await Promise.all(Array.from({ length: options.routers ?? 2 }, () => deployment.startRouter()))
    await Promise.all(routers.map(({ client }) => workersAreSeen(client)))
  } catch (error) {
    await deployment.stop()
    throw error
  }
  return deployment
}

/** Whether a process has not ended. */
export function isAlive({ child }: RunningProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

async function workersAreSeen({ raw }: TestClient): Promise<void> {
  for (;;) {
    const workers = await new Promise<number>(resolve => {
      raw.listModels({}, (_error, answer) => resolve(answer?.models[0]?.state?.workers ?? 0))
    })
    if (workers > 0) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

function configOf(redisUrl: string, modelUrl: string, options: DeploymentOptions): object {
  const { budgets = {}, redis = {}, router = {}, endpoints = [modelUrl] } = options
  const card = { title: 'Chat', licence: 'none', source: 'a test', trainingData: 'none', limits: 'it says one thing' }
  return {
    version: 1,
    listen: { grpc: '127.0.0.1:0', http: '127.0.0.1:0', ops: '127.0.0.1:0', workerOps: '127.0.0.1:0' },
    log: { level: 'info' },
    redis: { url: redisUrl, prefix: faultsPrefix, ...redis },
    router,
    auth: { anonymous: true, anonymousTenant: 'acme', anonymousScopes: ['infer', 'admin'] },
    budgets: { requestMaxUsd: 1, tenantPerDayUsd: 100, ...budgets },
    pools: { chat: { tier: 'small', concurrency: 8, batch: { maxSize: 8, maxWaitMs: 1 } } },
    models: {
      chat: {
        pool: 'chat',
        tasks: ['generate'],
        modalities: ['text'],
        backend: { kind: 'openai', endpoints, model: 'm' },
        price: { perInputToken: 1000, perOutputToken: 10_000 },
        card,
      },
    },
    ladders: {
      generate: { task: 'generate', modalities: ['text'], rungs: ['chat'], uncalibrated: { confidenceThreshold: 0 } },
    },
  }
}
