import { expect, it } from 'vitest'
import { servedNanoUsd } from '../support/faults/deployment.ts'
import { playBatch, rowName } from '../support/batch-play.ts'

const rows = 300

it('a batch survives SIGKILL of every process in the middle: each row has one answer, and is paid once', async () => {
  const report = await playBatch({ rows, killAfter: [0.4], modelDelayMs: 20 })
  const { batch, lines, answered, batchNanoUsd, ledgerNanoUsd } = report
  expect(batch).toMatchObject({ status: 'completed', request_counts: { total: rows, completed: rows, failed: 0 } })
  expect(batch.error_file_id).toBeUndefined()
  expect(answered.toSorted()).toEqual(Array.from({ length: rows }, (_, row) => rowName(row)).toSorted())
  expect(lines.every(({ costNanoUsd }) => costNanoUsd === servedNanoUsd)).toBe(true)
  expect([batchNanoUsd, ledgerNanoUsd]).toEqual([rows * servedNanoUsd, rows * servedNanoUsd])
  // It starts everything twice, which takes its time on a machine that others load.
}, 240_000)
