import type { Logger } from 'pino'
import type { Clock } from '#services/contract/clock'
import type { SharedBreakers } from './remote/endpoints/shared-breakers.ts'
import type { UpstreamMeter } from './remote/upstream-meter.ts'

/** What a backend takes from the worker. */
export interface BackendDependencies {
  /** The folder of an unpacked and checked model pack. */
  readonly packPath: (packName: string) => string
  /** Execution providers in the order in which they are tried, such as `['cuda', 'cpu']`. */
  readonly executionProviders: readonly string[]
  /** Threads that one operator may use. */
  readonly threads: number
  readonly logger: Logger
  readonly clock: Clock
  /** The model's name in the configuration. */
  readonly name?: string
  /** Listens to calls to servers. */
  readonly meter?: UpstreamMeter
  /** Tells other processes of endpoints that fail. */
  readonly breakers?: Pick<SharedBreakers, 'watch'>
}
