import { describe, expect, it } from 'vitest'
import { createFleet } from '#services/router/pools/fleet'
import { createHedging } from '#services/router/pools/hedging-policy'
import type { Cascade } from '#services/router/cascade/cascade'
import { createHedgedAttempt } from '#services/router/cascade/leg/hedged-attempt'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import { noWork } from '#services/state/service-times/workload'
import type { WorkerState } from '#services/state/registry/worker-registry'
import { answerOf, rungOf } from '../../../support/builders.ts'
import { timesOf, workerState } from '../../../support/worker/worker-state.ts'

const rung = rungOf()

// A hundred legs: most of 200 ms, a few of 2 s.
const times = timesOf('m', [...Array.from({ length: 96 }, () => 200), 2000, 2000, 2000, 2000])
const worker = (workerId: string): WorkerState => workerState({ workerId, times })

// What hedging looks at.
const request = { task: 'classify', options: {}, work: noWork } as unknown as Cascade['request']
const options = new Map([['p', { after: 0.95, maxShare: 0.1 }]])

describe('createHedging()', () => {
  it('waits as long as most legs take, and has nowhere to send an attempt with one worker', () => {
    const two = createHedging(options, createFleet([worker('a'), worker('b')], new Map()))
    // Longer than nearly all, and far from the few.
    expect(two.afterMs(rung, request)).toBeGreaterThan(195)
    expect(two.afterMs(rung, request)).toBeLessThan(300)
    const one = createHedging(options, createFleet([worker('a')], new Map()))
    expect(one.afterMs(rung, request)).toBeUndefined()
    const off = createHedging(new Map(), createFleet([worker('a'), worker('b')], new Map()))
    expect(off.afterMs(rung, request)).toBeUndefined()
  })

  it('gives no more attempts than its share of the legs, and saves up only a few', () => {
    const hedging = createHedging(options, createFleet([], new Map()))
    let attempts = 0
    for (let leg = 0; leg < 200; leg += 1) {
      hedging.ran('p')
      if (hedging.take('p')) attempts += 1
    }
    expect(attempts).toBeGreaterThanOrEqual(19)
    expect(attempts).toBeLessThanOrEqual(20)
    for (let leg = 0; leg < 1000; leg += 1) hedging.ran('p')
    expect([1, 2, 3, 4].map(() => hedging.take('p'))).toEqual([true, true, true, false])
  })
})

describe('createHedgedAttempt()', () => {
  const done = answerOf('a')

  /** A leg whose hedged attempt is in the queue; `taken` by a worker, which has not told of itself yet. */
  async function hedged(taken: { readonly workerId?: string; readonly end?: LegEnd } | undefined) {
    const requestId = createRequestId(0)
    const [ownId, hedgedId] = [legIdOf(requestId, 0), legIdOf(requestId, 500)]
    const sent: string[] = []
    const settled: LegEnd[] = []
    const queued: string[] = []
    const leg = { rung: 'm', pool: 'p', plannedAt: 0, attempt: 1 }
    const attempt = createHedgedAttempt(
      { request: { ...request, requestId }, epoch: 1 },
      { rung, index: 0 } as never,
      end => settled.push(end),
      {
        cascadeLog: {
          planLeg: async () => true,
          read: async () => ({
            legs: [
              { ...leg, index: 0, workerId: 'w1' },
              { ...leg, index: 500, ...taken },
            ],
          }),
        },
        queue: {
          add: async (_pool: string, job: string) => void queued.push(job),
          remove: async () => taken === undefined,
        },
        replySender: {
          send: async (box: string, message: { legId: string }) => void sent.push(`${box} ${message.legId}`),
        },
        pendingLegs: { expect: () => () => {} },
        clock: { now: () => 0 },
        hedging: { afterMs: () => 0, take: () => true, ran: () => {} },
        jobOf: (_order: unknown, legId: string) => legId,
      } as never,
    )
    attempt.onStarted('w1')
    await expect.poll(() => queued).toEqual([hedgedId])
    return { attempt, sent, settled, ownId, hedgedId }
  }

  it('calls an attempt off that has begun and whose worker has not told of itself', async () => {
    const { attempt, sent, settled, hedgedId } = await hedged({ workerId: 'w2' })
    attempt.onEnd(done)
    expect(settled).toEqual([done])
    expect(attempt.close()?.index).toBe(500)
    await expect.poll(() => sent).toEqual([`w2 ${hedgedId}`])
  })

  it.each([
    ['waits in the queue', undefined],
    ['has ended', { workerId: 'w2', end: done }],
    ['no worker has begun', {}],
  ])('sends nobody word of an attempt that %s', async (_state, taken) => {
    const { attempt, sent } = await hedged(taken)
    attempt.onEnd(done)
    attempt.close()
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(sent).toEqual([])
  })
})
