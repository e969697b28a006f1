import type { ServiceTimes } from '#services/state/service-times/service-times'

/** What an engine behind a model has to do, of whomever; the engine that the next call would go to. */
export interface EngineQueue {
  /** Calls that it has taken and not begun. */
  readonly waiting: number
  /** Calls that it works on at once. */
  readonly running: number
}

/** What a worker tells of itself with every heartbeat. */
export interface WorkerState {
  readonly workerId: string
  /** Empty for a router, which reports the times of its own legs. */
  readonly pool: string
  readonly models: readonly string[]
  /** Requests that it can run at once. */
  readonly capacity: number
  readonly running: number
  /** Batches that it has at work at once. */
  readonly concurrency: number
  /** Legs of each model that get on side by side, as fast as each would alone: one of a model that computes. */
  readonly parallel: Readonly<Record<string, number>>
  /** Queues of the engines behind its models, where known. */
  readonly engines?: Readonly<Record<string, EngineQueue>>
  readonly draining: boolean
  readonly startedAt: number
  /** Version of the software. */
  readonly version: string
  /** Highest envelope version that it reads. */
  readonly envelopeVersion: number
  /** What legs took lately. */
  readonly times: ServiceTimes
}

/** An endpoint that a process has shut off, since it failed there again and again. */
export interface ShutEndpoint {
  /** Names model and endpoint alike in every process, and holds no address. */
  readonly endpoint: string
  /** Epoch ms until which it is shut. */
  readonly untilAt: number
}

/** What a heartbeat brings back. */
export interface BeatReply {
  /** An operator asked it to drain. */
  readonly drain: boolean
  /** What any process has shut off now. */
  readonly shut: readonly ShutEndpoint[]
}

/** Publishes to routers which workers are there. */
export interface WorkerRegistry {
  /** Reports that this worker lives, for `ttlMs`, and what it has shut off. */
  beat(state: WorkerState, ttlMs: number, shut?: readonly ShutEndpoint[]): Promise<BeatReply>
  leave(workerId: string): Promise<void>
  /** The workers alive now; those with a drain order count as draining, before they act on it. */
  list(): Promise<readonly WorkerState[]>
  /** Asks workers to drain (or to work again) at their next beat. */
  setDraining(workerIds: readonly string[], draining: boolean): Promise<void>
}
