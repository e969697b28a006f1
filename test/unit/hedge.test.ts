import { describe, expect, it } from 'vitest'
import { createFleet } from '#services/router/pools/fleet'
import { createHedging } from '#services/router/pools/hedging-policy'
import type { Course } from '#services/router/cascade/course'
import { createPair } from '#services/router/cascade/leg/hedge'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import { noWork } from '#services/state/service-times/workload'
import type { WorkerState } from '#services/state/registry/worker-registry'
import { answerOf, rungOf } from '../support/builders.ts'
import { timesOf, workerState } from '../support/worker-state.ts'

const rung = rungOf()

// A hundred legs: most of 200 ms, a few of 2 s.
const times = timesOf('m', [...Array.from({ length: 96 }, () => 200), 2000, 2000, 2000, 2000])
const worker = (workerId: string): WorkerState => workerState({ workerId, times })

// What hedging looks at.
const request = { task: 'classify', options: {}, work: noWork } as unknown as Course['request']
const options = new Map([['p', { after: 0.95, maxShare: 0.1 }]])

describe('createHedging()', () => {
  it('waits as long as most legs take, and has nowhere to send a twin with one worker', () => {
    const two = createHedging(options, createFleet([worker('a'), worker('b')], new Map()))
    // Longer than nearly all, and far from the few.
    expect(two.afterMs(rung, request)).toBeGreaterThan(195)
    expect(two.afterMs(rung, request)).toBeLessThan(300)
    const one = createHedging(options, createFleet([worker('a')], new Map()))
    expect(one.afterMs(rung, request)).toBeUndefined()
    const off = createHedging(new Map(), createFleet([worker('a'), worker('b')], new Map()))
    expect(off.afterMs(rung, request)).toBeUndefined()
  })

  it('gives no more twins than its share of the legs, and saves up only a few', () => {
    const hedging = createHedging(options, createFleet([], new Map()))
    let twins = 0
    for (let leg = 0; leg < 200; leg += 1) {
      hedging.ran('p')
      if (hedging.take('p')) twins += 1
    }
    expect(twins).toBeGreaterThanOrEqual(19)
    expect(twins).toBeLessThanOrEqual(20)
    for (let leg = 0; leg < 1000; leg += 1) hedging.ran('p')
    expect([1, 2, 3, 4].map(() => hedging.take('p'))).toEqual([true, true, true, false])
  })
})

describe('createPair()', () => {
  const done = answerOf('a')

  /** A pair whose twin is in line; `taken` by a worker, which has not told of itself yet. */
  async function twinned(taken: { readonly workerId?: string; readonly end?: LegEnd } | undefined) {
    const requestId = createRequestId(0)
    const [ownId, twinId] = [legIdOf(requestId, 0), legIdOf(requestId, 500)]
    const sent: string[] = []
    const settled: LegEnd[] = []
    const queued: string[] = []
    const leg = { rung: 'm', pool: 'p', plannedAt: 0, attempt: 1 }
    const pair = createPair(
      { course: { request: { ...request, requestId }, epoch: 1 }, rung, index: 0 } as never,
      end => settled.push(end),
      {
        climbLog: {
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
        mail: { send: async (box: string, mail: { legId: string }) => void sent.push(`${box} ${mail.legId}`) },
        desk: { expect: () => () => {} },
        clock: { now: () => 0 },
        hedging: { afterMs: () => 0, take: () => true, ran: () => {} },
        jobOf: (legId: string) => legId,
      } as never,
    )
    pair.onStarted('w1')
    await expect.poll(() => queued).toEqual([twinId])
    return { pair, sent, settled, ownId, twinId }
  }

  it('calls a twin off that has begun and whose worker has not told of itself', async () => {
    const { pair, sent, settled, twinId } = await twinned({ workerId: 'w2' })
    pair.onEnd(done)
    expect(settled).toEqual([done])
    expect(pair.close()?.index).toBe(500)
    await expect.poll(() => sent).toEqual([`w2 ${twinId}`])
  })

  it.each([
    ['waits in line', undefined],
    ['has ended', { workerId: 'w2', end: done }],
    ['no worker has begun', {}],
  ])('sends nobody word of a twin that %s', async (_state, taken) => {
    const { pair, sent } = await twinned(taken)
    pair.onEnd(done)
    pair.close()
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(sent).toEqual([])
  })
})
