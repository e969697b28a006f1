import { expect, it } from 'vitest'
import { servedNanoUsd } from '../support/faults/deployment.ts'
import { playBatch, rowName } from '../support/money/batch-play.ts'

const rows = 5000

it('a batch of 5,000 rows survives SIGKILL of every process, twice', async () => {
  const report = await playBatch({ rows, killAfter: [0.3, 0.7], modelDelayMs: 20, untilSettled: true })
  const { batch, answered, batchNanoUsd, ledgerNanoUsd, served, tookMs } = report
  process.stdout.write(`5,000 rows in ${Math.round(tookMs / 1000)} s; ${served} answers were served\n`)
  expect(batch).toMatchObject({ status: 'completed', request_counts: { total: rows, completed: rows, failed: 0 } })
  expect(answered.toSorted()).toEqual(Array.from({ length: rows }, (_, row) => rowName(row)).toSorted())
  expect([batchNanoUsd, ledgerNanoUsd]).toEqual([rows * servedNanoUsd, rows * servedNanoUsd])
})
