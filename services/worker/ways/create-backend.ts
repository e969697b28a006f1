import type { Logger } from 'pino'
import type { Backend } from '../backend.ts'
import type { Clock } from '../../shared/contract/clock.ts'
import type { WhisperSpec } from './whisper.ts'

/** How a model is computed: the `backend` of a model in the configuration. */
export type BackendSpec = WhisperSpec

/** What every way may need from outside. */
export interface BackendDependencies {
  /** The folder of an unpacked and checked model pack. */
  readonly packPath: (packName: string) => string
  /** Execution providers in the order in which they are tried, such as `['cuda', 'cpu']`. */
  readonly executionProviders: readonly string[]
  /** Threads that one operator may use. */
  readonly threads: number
  readonly logger: Logger
  readonly clock: Clock
}

/**
 * Loads a model and gives it as a backend. Each way is imported on demand, so that a thread holds only what its own model needs.
 * @throws GatewayError Config when the model cannot be loaded
 */
export async function createBackend(spec: BackendSpec, dependencies: BackendDependencies): Promise<Backend> {
  switch (spec.kind) {
    case 'whisper':
      return (await import('./whisper.ts')).createWhisperBackend(spec, dependencies)
  }
}
