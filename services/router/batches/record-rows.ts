import type { Logger } from 'pino'
import type { BatchLease, BatchStore, RowRecord } from '#services/state/batches/batch-store'

/** Writes rows down, those that come meanwhile together. */
export interface RowRecorder {
  /** Resolves when the row is kept, or the batch is another router's. */
  record(row: RowRecord): Promise<void>
}

const mostTogether = 100
const mostBytesTogether = 1_000_000
const retryMs = 500

/** Makes it. A store that is away is asked again until `lost` is aborted; `onLost` hears that the lease is lost. */
export function createRowRecorder(
  lease: BatchLease,
  { store, logger }: { readonly store: Pick<BatchStore, 'record'>; readonly logger: Logger },
  lost: AbortSignal,
  onLost: () => void,
): RowRecorder {
  let waiting: RowRecord[] = []
  let writing: Promise<void> | undefined

  const write = async (): Promise<void> => {
    while (waiting.length > 0 && !lost.aborted) {
      const rows = firstOf(waiting)
      try {
        if (!(await store.record(lease, rows))) onLost()
        waiting = waiting.slice(rows.length)
      } catch (error) {
        logger.warn({ err: error, batchId: lease.batchId }, 'rows of a batch could not be written; again in a moment')
        await new Promise(resolve => setTimeout(resolve, retryMs))
      }
    }
    writing = undefined
  }
  return {
    async record(row) {
      waiting.push(row)
      while (waiting.includes(row) && !lost.aborted) await (writing ??= write())
    },
  }
}

function firstOf(rows: readonly RowRecord[]): readonly RowRecord[] {
  let bytes = 0
  const end = rows.slice(0, mostTogether).findIndex(({ line }) => {
    bytes += line.length
    return bytes > mostBytesTogether
  })
  return rows.slice(0, end < 0 ? mostTogether : Math.max(1, end))
}
