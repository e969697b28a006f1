import pino from 'pino'
import { describe, expect, it } from 'vitest'
import type { RequestId } from '#services/contract/ids'
import type { DriveDependencies } from '#services/router/batches/drive'
import { runRows } from '#services/router/batches/run-rows'
import type { RowPlan } from '#services/router/batches/row-plan'
import type { Finished, Incoming } from '#services/router/request/states'
import type { Batch, RowRecord, TakenBatch } from '#services/state/batches/batch-store'

const options = { rows: 100, lineBytes: 1000, rowsAtOnce: 2, bytesAtOnce: 100_000, rowDeadlineMs: 1000 }

/** How jobs that another router began have ended, by their idempotency keys. */
type Begun = Readonly<Record<string, Finished>>

const finishedAs = (end: object): Finished => ({ requestId: 'r', end }) as unknown as Finished
const answered = finishedAs({ kind: 'answered', answer: { costNanoUsd: 10, usage: {}, output: { kind: 'text' } } })
const cancelled = finishedAs({ kind: 'cancelled', rungs: [{ costNanoUsd: 4 }] })
const failed = finishedAs({ kind: 'failed', code: 'LadderFailed', message: 'x', rungs: [{ costNanoUsd: 3 }] })

/** Runs the rows of a batch that is over, some of which the router before had begun. */
async function play(reason: 'expired' | 'cancelled', begun: Begun, rows = 5) {
  const batch = { batchId: 'batch_1', tenant: 't', inputFileId: 'f', expiresAt: 0, constraints: {} } as Batch
  const taken = { batch, lease: { epoch: 2 }, isDone: (row: number) => row === 0 } as unknown as TakenBatch
  const recorded: RowRecord[] = []
  const ran: string[] = []
  const cancelledJobs: string[] = []
  const over = new AbortController()
  over.abort(reason)
  const plan: RowPlan = {
    requests: [{ task: 'generate', parts: [], options: {}, constraints: { priority: 'batch' }, labels: {} }],
    write: () => ({}),
  }
  const dependencies = {
    handler: {
      async runJob({ request: { idempotencyKey = '' } }: Incoming) {
        ran.push(idempotencyKey)
        return begun[idempotencyKey]
      },
    },
    enter: () => () => {},
    async wait() {},
    store: {
      async record(_lease: unknown, some: readonly RowRecord[]) {
        recorded.push(...some)
        return true
      },
    },
    files: {
      async *read() {
        for (let row = 0; row < rows; row += 1) {
          const line = { custom_id: `row-${row}`, method: 'POST', url: '/v1/chat/completions', body: {} }
          yield Buffer.from(`${JSON.stringify(line)}\n`)
        }
      },
    },
    wire: { read: () => plan, failure: () => ({ status: 500, body: {} }) },
    jobOf: async (_tenant: string, key: string) => (begun[key] === undefined ? undefined : (key as RequestId)),
    async cancelJob(job: string) {
      cancelledJobs.push(job)
      return true
    },
    rowEnded() {},
    clock: { now: () => 0 },
    logger: pino({ level: 'silent' }),
  } as unknown as DriveDependencies
  const { unrecordedNanoUsd } = await runRows(taken, options, { leaving: new AbortController(), over }, dependencies)
  const rowsOf = recorded
    .toSorted((one, other) => one.row - other.row)
    .map(({ row, succeeded, costNanoUsd }) => [row, succeeded, costNanoUsd])
  return { rows: rowsOf, unrecordedNanoUsd, ran, cancelledJobs: [...new Set(cancelledJobs)] }
}

describe('runRows() of a batch that another router left and that is over', () => {
  const begun: Begun = { 'batch_1:1.0:0': answered, 'batch_1:2.0:0': failed, 'batch_1:2.0:1': cancelled }

  it('cancels what was begun, keeps what it was answered with, and counts what it cost', async () => {
    expect(await play('expired', begun)).toEqual({
      rows: [
        [1, true, 10],
        [2, false, 7],
        [3, false, 0],
        [4, false, 0],
      ],
      unrecordedNanoUsd: 0,
      ran: Object.keys(begun),
      cancelledJobs: Object.keys(begun),
    })
  })

  it('tells of no row that was cancelled, but of its cost', async () => {
    expect(await play('cancelled', begun)).toMatchObject({ rows: [[1, true, 10]], unrecordedNanoUsd: 7 })
  })

  it('looks no further than the rows that may have been begun', async () => {
    expect(await play('cancelled', { 'batch_1:4.0:0': answered })).toMatchObject({ rows: [], ran: [] })
  })
})
