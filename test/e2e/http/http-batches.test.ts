import { expect, it } from 'vitest'
import { servedNanoUsd } from '../../support/faults/deployment.ts'
import { playBatch, rowName } from '../../support/money/batch-play.ts'

const rows = 150

it('a batch survives SIGKILL of every process in the middle: each row has one answer, at its price', async () => {
  const report = await playBatch({ rows, killAfter: [0.4], modelDelayMs: 20 })
  const { batch, lines, answered, batchNanoUsd } = report
  expect(batch).toMatchObject({ status: 'completed', request_counts: { total: rows, completed: rows, failed: 0 } })
  expect(batch.error_file_id).toBeUndefined()
  expect(answered.toSorted()).toEqual(Array.from({ length: rows }, (_, row) => rowName(row)).toSorted())
  expect(lines.every(({ costNanoUsd }) => costNanoUsd === servedNanoUsd)).toBe(true)
  // The ledger settles what dead routers held after half a minute: `npm run test:faults` waits for it.
  expect(batchNanoUsd).toBe(rows * servedNanoUsd)
  // It starts everything twice, which takes its time on a machine that others load.
}, 240_000)
