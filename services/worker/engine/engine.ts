import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { Clock } from '#services/contract/clock'
import { packNamesOf } from '#services/packs/pack-names'
import { builtEntry } from '#services/platform/process/built-entry'
import type { Backend, RunControl } from '#services/backends/backend'
import type { Outcome, Work } from '#services/backends/work'
import type { Engine, RunHooks } from '#services/worker/states'
import { createSandboxes } from '#services/worker/sandbox/sandboxes'
import { createProcessBackend, type ProcessBackend } from './process/process-backend.ts'
import { withRecipe } from '#services/worker/recipe/with-recipe'
import type { SharedBreakers } from '#services/backends/remote/endpoints/shared-breakers'
import type { UpstreamMeter } from '#services/backends/remote/upstream-meter'
import { isServed } from '#services/backends/backend-spec-of'
import { createBackend, type BackendSpec } from '#services/backends/create-backend'
import { defaultStuckMs } from '#services/worker/timings'

/** One model of a worker. */
export interface EngineModel {
  readonly name: string
  readonly backend: BackendSpec
  /** Execution providers in the order in which they are tried, such as `['cuda', 'cpu']`. */
  readonly executionProviders: readonly string[]
  /** Threads that one operator of the model may use. */
  readonly threads: number
}

/** What an engine is built with. */
export interface EngineOptions {
  readonly models: readonly EngineModel[]
  /** Models of other pools, on servers, that verify the answers of these. */
  readonly verifiers?: readonly EngineModel[]
  /** How long a computation that nobody wants may go on before its process is killed; 10 s when absent. */
  readonly stuckMs?: number
  /** How much a model's process may grow before it is started again; without bound when absent. */
  readonly mostGrowthBytes?: number
}

/** What an engine needs. */
export interface EngineDependencies {
  /** The folder of an unpacked and checked model pack. */
  readonly packPath: (packName: string) => string
  readonly logger: Logger
  readonly clock: Clock
  /** Called when a model can be served no more, or again. */
  readonly changed?: () => void
  /** Listens to calls to servers. */
  readonly meter?: UpstreamMeter
  /** Tells other processes of endpoints that fail. */
  readonly breakers?: SharedBreakers
}

/**
 * Answers that are checked side by side: each takes a core for as long as it runs. Of two, one is left to other
 * tenants.
 */
const leastSandboxes = 2
const mostSandboxes = 4

/** Those that wait rather than compute need no process. */
function isCalling(spec: BackendSpec): boolean {
  return isServed(spec) || spec.kind === 'echo'
}

function isParallel(spec: BackendSpec): boolean {
  return isCalling(spec) && !(spec.kind === 'echo' && spec.oneAtATime)
}

type LoadedBackend = Backend & Partial<Pick<ProcessBackend, 'ready' | 'hasRoom' | 'memoryBytes' | 'renewals'>>

/**
 * Loads the models of a worker: each that computes in a process of its own, each that calls a server in this one.
 * @throws GatewayError Config when a model cannot be loaded; those already loaded are closed
 */
export async function createEngine(options: EngineOptions, dependencies: EngineDependencies): Promise<Engine> {
  const { logger } = dependencies
  const [bare, verifiers] = await Promise.all([
    loadAll(options.models, options, dependencies),
    loadAll(options.verifiers ?? [], options, dependencies),
  ])
  const processes = Math.max(leastSandboxes, Math.min(mostSandboxes, availableParallelism()))
  const sandboxes = createSandboxes({ processes })
  const backends = new Map([...bare].map(([name, backend]) => [name, withRecipe(backend, { askModel, sandboxes })]))

  async function askModel(model: string, work: Work, control: RunControl): Promise<Outcome> {
    const [outcome] = (await (verifiers.get(model) ?? bare.get(model))?.run([work], control)) ?? []
    return outcome ?? bug('the verifier is not there')
  }

  const parallel = new Set(options.models.flatMap(({ name, backend }) => (isParallel(backend) ? [name] : [])))
  const atWork = new Map<string, number>()
  const count = (model: string, more: number): unknown => atWork.set(model, (atWork.get(model) ?? 0) + more)

  async function run(batch: readonly Work[], hooks: RunHooks): Promise<readonly Outcome[]> {
    const model = batch[0]?.model ?? ''
    const backend = backends.get(model)
    if (backend === undefined) return batch.map(() => bug('the worker does not have the model'))
    count(model, 1)
    try {
      return await backend.run(batch, controlOf(hooks))
    } catch (error) {
      logger.error({ err: error, model }, 'a backend failed unexpectedly')
      return batch.map(() => bug('the model failed in an unexpected way'))
    } finally {
      count(model, -1)
    }
  }

  return {
    get models() {
      return [...bare].filter(([, backend]) => backend.ready !== false).map(([name]) => name)
    },
    get takers() {
      return [...bare]
        .filter(([, backend]) => backend.ready !== false && backend.hasRoom !== false)
        .map(([name]) => name)
    },
    maxBatch: model => backends.get(model)?.maxBatch ?? 1,
    isParallel: model => parallel.has(model),
    isBusy: model => (atWork.get(model) ?? 0) > 0,
    run,
    engineQueue: model => bare.get(model)?.engineQueue?.(),
    memory: () => [...bare].map(([model, { memoryBytes = 0, renewals = 0 }]) => ({ model, memoryBytes, renewals })),
    async close() {
      sandboxes.close()
      await Promise.all([...bare.values(), ...verifiers.values()].map(backend => backend.close()))
    },
  }
}

async function loadAll(
  models: readonly EngineModel[],
  options: EngineOptions,
  dependencies: EngineDependencies,
): Promise<ReadonlyMap<string, LoadedBackend>> {
  const loading = models.map(async model => [model.name, await load(model, options, dependencies)] as const)
  const ended = await Promise.allSettled(loading)
  const backends = new Map(ended.flatMap(end => (end.status === 'fulfilled' ? [end.value] : [])))
  const fault = ended.find(end => end.status === 'rejected')
  if (fault === undefined) return backends
  await Promise.all([...backends.values()].map(backend => backend.close()))
  throw fault.reason
}

async function load(
  model: EngineModel,
  options: EngineOptions,
  dependencies: EngineDependencies,
): Promise<LoadedBackend> {
  const { name, backend: spec, executionProviders, threads } = model
  const startedAt = performance.now()
  const backend = isCalling(spec)
    ? await createBackend(spec, { ...dependencies, name, executionProviders, threads })
    : await createProcessBackend(
        {
          model: name,
          spec,
          packPaths: packPathsOf(spec, dependencies.packPath),
          executionProviders,
          threads,
          entry: builtEntry(import.meta.url, 'process/model-process'),
          stuckMs: options.stuckMs ?? defaultStuckMs,
          mostGrowthBytes: options.mostGrowthBytes ?? Infinity,
        },
        dependencies,
      )
  dependencies.logger.info({ model: name, loadMs: Math.round(performance.now() - startedAt) }, 'model loaded')
  return backend
}

/** A process cannot be given a function to ask. */
function packPathsOf(spec: BackendSpec, packPath: (packName: string) => string): Readonly<Record<string, string>> {
  return Object.fromEntries(packNamesOf(spec).map(name => [name, packPath(name)]))
}

function controlOf(hooks: RunHooks): RunControl {
  return {
    cancelled: legId => hooks.signal(legId).aborted,
    signal: legId => hooks.signal(legId),
    onDelta: (legId, text, of) => hooks.onDelta(legId, text, of),
    waits: legId => hooks.waits?.(legId) ?? ignore,
    waited: (legId, waitedMs) => hooks.waited?.(legId, waitedMs),
    ran: (startedAt, endedAt) => hooks.ran?.(startedAt, endedAt),
  }
}

function ignore(): void {}

function bug(message: string): Outcome {
  return { kind: 'failed', reason: 'bug', message, usage: {} }
}
