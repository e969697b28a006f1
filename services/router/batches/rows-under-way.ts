import type { RequestId } from '#services/contract/ids'
import type { NanoUsd } from '#services/contract/money'
import type { RowRecord, TakenBatch } from '#services/state/batches/batch-store'
import type { DriveDependencies, DriveOptions, DriveSignals } from './drive.ts'
import type { Line } from './read-lines.ts'
import { createRowRecorder } from './record-rows.ts'

/** The rows of one batch that are under way, within its bounds. */
export interface RowsUnderWay {
  /** Their jobs, which hold money. */
  readonly jobs: Set<RequestId>
  record(row: RowRecord): Promise<void>
  /** Resolves when there is room for a row, or the batch is left or over. */
  roomFor(line: Line): Promise<void>
  /** Counts a row until its work is done; the work fails with nothing. */
  start(line: Line, work: Promise<void>): void
  /** Resolves when none is under way. */
  ended(): Promise<void>
  /** Cost of rows without a result line, since the batch was cancelled. */
  unrecordedNanoUsd: NanoUsd
}

const cancelEveryMs = 200

/** Makes it for a batch that was taken. The jobs of one that is over are cancelled. */
export function createRowsUnderWay(
  { lease }: TakenBatch,
  { rowsAtOnce, bytesAtOnce }: DriveOptions,
  signals: DriveSignals,
  dependencies: DriveDependencies,
): RowsUnderWay {
  const { cancelJob, rowEnded, logger } = dependencies
  const leaving = signals.leaving.signal
  const over = signals.over.signal
  const recorder = createRowRecorder(lease, dependencies, leaving, () => signals.leaving.abort('lost'))
  const jobs = new Set<RequestId>()
  let rows = 0
  let bytes = 0
  let wake: (() => void) | undefined
  const onSignal = (): void => wake?.()
  for (const signal of [leaving, over]) signal.addEventListener('abort', onSignal)
  const cancel = (): void => {
    if (!over.aborted) return
    for (const job of jobs) cancelJob(job).catch((error: unknown) => logger.debug({ err: error, job }, 'it goes on'))
  }
  // A job that is just being opened is cancelled at a later check.
  over.addEventListener('abort', cancel)
  const cancelling = setInterval(cancel, cancelEveryMs)
  const until = async (has: () => boolean): Promise<void> => {
    while (!has()) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  return {
    jobs,
    unrecordedNanoUsd: 0,
    async record(row) {
      await recorder.record(row)
      if (!leaving.aborted) rowEnded(row.succeeded ? 'completed' : 'failed')
    },
    roomFor: line =>
      until(
        () =>
          leaving.aborted ||
          over.aborted ||
          rows === 0 ||
          (rows < rowsAtOnce && bytes + line.bytes.byteLength <= bytesAtOnce),
      ),
    start(line, work) {
      rows += 1
      bytes += line.bytes.byteLength
      void work.finally(() => {
        rows -= 1
        bytes -= line.bytes.byteLength
        wake?.()
      })
    },
    async ended() {
      await until(() => rows === 0)
      clearInterval(cancelling)
      for (const signal of [leaving, over]) signal.removeEventListener('abort', onSignal)
      over.removeEventListener('abort', cancel)
    },
  }
}
