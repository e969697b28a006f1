import type { Logger } from 'pino'
import type { Clock } from '#services/contract/clock'
import type { RequestId } from '#services/contract/ids'
import type { BatchStore } from '#services/state/batches/batch-store'
import type { FileStore } from '#services/state/files/file-store'
import type { InputLimits } from './read-row.ts'
import type { RowWire } from './row-plan.ts'
import type { RunRequestDependencies } from './run-request.ts'

/** How batches are driven. */
export interface DriveOptions extends InputLimits {
  /** Rows of one batch that are under way together. */
  readonly rowsAtOnce: number
  /** Bytes of the same. */
  readonly bytesAtOnce: number
  /** Time of a row's job. */
  readonly rowDeadlineMs: number
}

/** What driving needs. */
export interface DriveDependencies extends RunRequestDependencies {
  readonly store: BatchStore
  readonly files: Pick<FileStore, 'read'>
  readonly wire: RowWire
  readonly cancelJob: (jobId: RequestId) => Promise<boolean>
  readonly rowEnded: (outcome: 'completed' | 'failed') => void
  readonly clock: Clock
  readonly logger: Logger
}

/** What stops a drive. */
export interface DriveSignals {
  /** The router stops, or the batch is another's: nothing more is written. */
  readonly leaving: AbortController
  /** The batch was cancelled, or its window is over. */
  readonly over: AbortController
}

/** What a batch that is over ends as. */
export function endOf({ reason }: AbortSignal): 'expired' | 'cancelled' {
  return reason === 'expired' ? 'expired' : 'cancelled'
}
