import type { ServiceTimes } from '../estimate/service-times.ts'

/** What a worker tells of itself with every heartbeat. */
export interface WorkerState {
  readonly workerId: string
  readonly pool: string
  readonly models: readonly string[]
  /** Requests that it can run at once. */
  readonly capacity: number
  readonly running: number
  /** Calls that wait in the engines of the servers behind it, where those tell; others' calls are among them. */
  readonly engineWaiting?: number
  readonly draining: boolean
  readonly startedAt: number
  /** Version of the software. */
  readonly version: string
  /** Highest envelope version that it reads. */
  readonly envelopeVersion: number
  /** What legs took lately. */
  readonly times: ServiceTimes
}

/** Tells routers which workers are there. */
export interface WorkerRegistry {
  /** Says that this worker lives, for `ttlMs`; gives whether an operator asked it to drain. */
  beat(state: WorkerState, ttlMs: number): Promise<{ readonly drain: boolean }>
  leave(workerId: string): Promise<void>
  /** The workers alive now. */
  list(): Promise<readonly WorkerState[]>
  /** Asks workers to drain (or to work again) at their next beat. */
  setDraining(workerIds: readonly string[], draining: boolean): Promise<void>
}
