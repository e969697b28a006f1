import type { BatchEnd, TakenBatch } from '#services/state/batches/batch-store'
import { endOf, type DriveDependencies, type DriveOptions, type DriveSignals } from './drive.ts'
import { checkInput } from './read-row.ts'
import { runRows } from './run-rows.ts'

/**
 * Drives a batch from its present state to its end: checks the input, runs the rows that are not recorded, ends it.
 * Ends early, with nothing lost, when `leaving` is aborted.
 */
export async function driveBatch(
  taken: TakenBatch,
  options: DriveOptions,
  signals: DriveSignals,
  dependencies: DriveDependencies,
): Promise<void> {
  const { lease, batch } = taken
  const { store, files, wire, clock } = dependencies
  const { leaving, over } = signals
  const finish = async (end: BatchEnd): Promise<void> => {
    if (await store.finish(lease, end)) await wire.ended?.(batch)
  }
  const window = setTimeout(() => over.abort('expired'), Math.max(0, batch.expiresAt - clock.now()))
  try {
    if (batch.status === 'validating') {
      const { rows, faults } = await checkInput(batch, files.read(batch.tenant, batch.inputFileId), options)
      if (faults.length > 0) return await finish({ status: 'failed', faults })
      if (!(await store.begin(lease, rows))) over.abort('cancelled')
    }
    if (batch.status === 'cancelling') over.abort('cancelled')
    const { faults, unrecordedNanoUsd } = await runRows(taken, options, signals, dependencies)
    if (leaving.signal.aborted) return
    const ended = faults.length > 0 ? 'failed' : 'completed'
    const status = over.signal.aborted ? endOf(over.signal) : ended
    await finish({ status, faults, unrecordedNanoUsd })
  } finally {
    clearTimeout(window)
  }
}
