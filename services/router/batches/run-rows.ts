import { isGatewayError } from '#services/contract/errors'
import type { NanoUsd } from '#services/contract/money'
import type { BatchFault, TakenBatch } from '#services/state/batches/batch-store'
import { endOf, type DriveDependencies, type DriveOptions, type DriveSignals } from './drive.ts'
import { readLines, type Line } from './read-lines.ts'
import { readRow } from './read-row.ts'
import { expiredRow } from './row-records.ts'
import { createRowsUnderWay } from './rows-under-way.ts'
import type { RowPlan } from './row-plan.ts'
import { createRunRow, nameOf } from './run-row.ts'
import { attemptKey, mostAttempts } from './run-request.ts'

/** How the rows of a batch came out. */
export interface RowsEnd {
  readonly faults: readonly BatchFault[]
  /** Cost of rows without a result line, since the batch was cancelled. */
  readonly unrecordedNanoUsd: NanoUsd
}

/** Runs every row that is not recorded yet, so many at once. Rows that another router left are met again. */
export async function runRows(
  taken: TakenBatch,
  options: DriveOptions,
  signals: DriveSignals,
  dependencies: DriveDependencies,
): Promise<RowsEnd> {
  const { lease, batch } = taken
  const over = signals.over.signal
  const rows = createRowsUnderWay(taken, options, signals, dependencies)
  const run = createRunRow(taken, options, signals, { ...dependencies, rows })
  /** Rows that the router before this one may have begun are the first that are not recorded. */
  let begun = lease.epoch > 1 ? options.rowsAtOnce : 0

  /** Whether there is more to do. */
  const take = async (line: Line): Promise<boolean> => {
    await rows.roomFor(line)
    if (signals.leaving.signal.aborted) return false
    const isMet = over.aborted && begun > 0 && (await isBegun(line, taken, dependencies))
    begun -= 1
    if (!over.aborted || isMet) rows.start(line, run(line))
    else if (endOf(over) === 'expired') await rows.record(expiredRow(nameOf(line, taken)))
    else return begun > 0
    return true
  }
  const faults: BatchFault[] = []
  try {
    for await (const line of readLines(dependencies.files.read(batch.tenant, batch.inputFileId), options.lineBytes)) {
      if (!taken.isDone(line.row) && !(await take(line))) break
    }
  } catch (error) {
    if (!isGatewayError(error) || error.code !== 'NotFound') throw error
    faults.push({ code: 'input_file_not_found', message: error.message })
  } finally {
    await rows.ended()
  }
  return { faults, unrecordedNanoUsd: rows.unrecordedNanoUsd }
}

/** Whether a row's job was begun by the router before; it is cancelled. */
async function isBegun(
  line: Line,
  { batch }: TakenBatch,
  { wire, jobOf, cancelJob, clock }: DriveDependencies,
): Promise<boolean> {
  let begun = false
  const plan = await planned(async () => wire.read(batch, readRow(line).body, clock.now()))
  const requests = plan?.requests ?? []
  for (const place of requests.keys()) {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const key = attemptKey(batch.batchId, `${line.row}.${place}`, attempt)
      const job = await jobOf(batch.tenant, key)
      if (job === undefined) break
      begun = true
      await cancelJob(job)
    }
  }
  return begun
}

async function planned(read: () => Promise<RowPlan>): Promise<RowPlan | undefined> {
  try {
    return await read()
  } catch {
    return undefined
  }
}
