import { describe, expect, it } from 'vitest'
import { legEndOf } from '#services/backends/leg/leg-end'
import type { Outcome } from '#services/backends/work'
import { waitingJob } from '../../support/worker/waiting-job.ts'

describe('legEndOf()', () => {
  const job = waitingJob({ price: { perComputeSecond: 1000 } })
  const usage = { computeMs: 3000 }
  const result = { output: { kind: 'text', text: 'a' }, rawConfidence: 1, signals: {} } as const

  it.each<[string, Outcome]>([
    ['an answer', { kind: 'done', result: { ...result, usage, othersNanoUsd: 14 } }],
    ['a failure', { kind: 'failed', reason: 'model-error', message: 'no', usage, othersNanoUsd: 14 }],
  ])('puts the cost of other models beside the own one, into the receipt of %s', (_, outcome) => {
    const { receipt } = legEndOf({ job, attempt: 1, startedAt: 0 }, outcome, 1, 'w')
    expect(receipt).toMatchObject({ usage, costNanoUsd: 3000 + 14 })
  })
})
