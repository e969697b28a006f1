import { addNanoUsd } from '#services/contract/money'
import type { RowRecord, TakenBatch } from '#services/state/batches/batch-store'
import { endOf, type DriveDependencies, type DriveOptions, type DriveSignals } from './drive.ts'
import type { Line } from './read-lines.ts'
import { readRow } from './read-row.ts'
import { answeredRow, expiredRow, failedRow, sumOfCosts, type NamedRow } from './row-records.ts'
import type { RowPlan } from './row-plan.ts'
import type { RowsUnderWay } from './rows-under-way.ts'
import { runRequest, type RequestOutcome, type RowRequest } from './run-request.ts'

/** Requests of one row that are under way together, where it makes several. */
const requestsAtOnce = 16

/** A row by the name that its line gives it. */
export function nameOf(line: Line, { batch }: TakenBatch): NamedRow {
  return { row: line.row, customId: readRow(line).customId, batchId: batch.batchId }
}

/** Makes what runs one row and records how it came out. It fails with nothing: what it cannot record is left. */
export function createRunRow(
  taken: TakenBatch,
  options: DriveOptions,
  signals: DriveSignals,
  dependencies: DriveDependencies & { readonly rows: RowsUnderWay },
): (line: Line) => Promise<void> {
  const { batch } = taken
  const { wire, clock, logger, rows } = dependencies
  const leaving = signals.leaving.signal
  const over = signals.over.signal
  const deadlineMs = (): number => {
    const mostMs = Math.min(options.rowDeadlineMs, batch.constraints.deadlineMs ?? Infinity)
    return Math.max(1, Math.min(mostMs, batch.expiresAt - clock.now()))
  }
  const request = (line: Line, plan: RowPlan, place: number): RowRequest | undefined => {
    const asked = plan.requests[place]
    if (asked === undefined) return undefined
    const key = `${line.row}.${place}`
    const { batchId, tenant } = batch
    return { batchId, tenant, key, request: asked, deadlineMs, now: clock.now, leaving, over, jobs: rows.jobs }
  }
  const outcomesOf = async (line: Line, plan: RowPlan): Promise<readonly RequestOutcome[]> => {
    const outcomes: RequestOutcome[] = []
    let next = 0
    const work = async (): Promise<void> => {
      for (let place = next; place < plan.requests.length; place = next) {
        next += 1
        const row = request(line, plan, place)
        if (row !== undefined) outcomes[place] = await runRequest(row, dependencies)
      }
    }
    await Promise.all(Array.from({ length: Math.min(requestsAtOnce, plan.requests.length) }, work))
    return outcomes
  }
  const recordOf = async (line: Line, named: NamedRow): Promise<RowRecord | undefined> => {
    let costNanoUsd = 0
    try {
      const plan = await wire.read(batch, readRow(line).body, clock.now())
      const outcomes = await outcomesOf(line, plan)
      costNanoUsd = sumOfCosts(outcomes)
      const failed = outcomes.findIndex(({ answered }) => answered === undefined)
      const thrown = outcomes[failed]?.failure
      if (failed >= 0) throw plan.failureOf?.(thrown, failed) ?? thrown
      const answers = outcomes.flatMap(({ answered }) => answered ?? [])
      return answeredRow(named, answers, await plan.write(answers), costNanoUsd)
    } catch (error) {
      if (leaving.aborted) return undefined
      if (!over.aborted) return failedRow(named, wire.failure(error), costNanoUsd)
      if (endOf(over) === 'expired') return expiredRow(named, costNanoUsd)
      rows.unrecordedNanoUsd = addNanoUsd(rows.unrecordedNanoUsd, costNanoUsd)
      return undefined
    }
  }
  return async line => {
    try {
      const record = await recordOf(line, nameOf(line, taken))
      if (record !== undefined) await rows.record(record)
    } catch (error) {
      logger.error({ err: error, batchId: batch.batchId, row: line.row }, 'a bug in a row of a batch')
      signals.leaving.abort('bug')
    }
  }
}
