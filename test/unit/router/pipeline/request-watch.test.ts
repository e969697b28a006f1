import { describe, expect, it } from 'vitest'
import { GatewayError } from '#services/contract/errors'
import { createRequestId, type RequestId } from '#services/contract/ids'
import { createRequestHandler, type Stages } from '#services/router/pipeline/handle-request'
import type { Cascade } from '#services/router/cascade/cascade'
import type { Admitted, Chosen, Finished, Incoming } from '#services/router/request/states'
import { describeState } from '#services/router/watch/describe-request'
import { createRequestWatch } from '#services/router/watch/request-watch'
import { createSpendWindow } from '#services/router/watch/spend-window'
import { watchStages } from '#services/router/watch/watch-stages'
import { candidateOf, cascadePlan, cascadeRequest, plannedLeg, answerOf, rungOf } from '../../../support/builders.ts'

const rung = rungOf({ name: 'm', tier: 'small' })
const report = {
  model: 'm',
  tier: 'small',
  verdict: 'accepted' as const,
  reason: 'P(correct) 0.9',
  confidence: 0.9,
  costNanoUsd: 100,
  latencyMs: 5,
  usage: {},
}

/** A watch beside stages of which one may fail; each request asks for secret words. */
function setUp(more: { readonly requests?: number; readonly fails?: 'choose' | 'reserve' } = {}) {
  let nowMs = 1_000_000
  const clock = { now: () => nowMs }
  const spend = createSpendWindow(clock)
  const watch = createRequestWatch({ requests: more.requests ?? 10, keepMs: 60_000 }, { clock, spend })
  const admitted = (): Admitted =>
    ({
      requestId: createRequestId(nowMs),
      caller: { tenant: 'acme', credentialId: 'k', scopes: ['infer'] },
      request: {
        task: 'generate',
        parts: [{ kind: 'text', text: 'secret words' }],
        constraints: { priority: 'normal' },
      },
      parts: [{ kind: 'text', text: 'secret words' }],
      modalities: ['text'],
      mode: 'sync',
      deadlineAt: nowMs + 5000,
    }) as unknown as Admitted
  const failing = (stage: 'choose' | 'reserve'): void => {
    if (more.fails === stage) throw new GatewayError('BudgetExceeded', 'nothing is left')
  }
  const stages = watchStages(
    {
      admit: async () => admitted(),
      findOriginal: async () => {},
      releaseKey: async () => {},
      assess: async (one: Admitted) => one,
      choose(one: Admitted) {
        failing('choose')
        return {
          ...one,
          guided: { ladder: { name: 'l', rungs: [rung] } },
          estimate: { difficulty: 0.25, models: {}, features: { 'text.words': 2 } },
          candidateRungs: [candidateOf(rung)],
          firstStep: { kind: 'call', model: 'm', reason: 'cheap' },
          reserveNanoUsd: 500,
        } as unknown as Chosen
      },
      async reserve(chosen: Chosen) {
        failing('reserve')
        return chosen
      },
      start: async ({ requestId }: Chosen) => ({ request: cascadeRequest({ requestId }) }),
      async run({ request }: Cascade) {
        watch.called(request.requestId, rung)
        watch.judged(request.requestId, report)
        const finished = finishedOf(request.requestId, nowMs)
        watch.ended(finished)
        return finished
      },
      settle: async () => {},
      learn() {},
    } as unknown as Stages<Cascade>,
    watch,
  )
  const handler = createRequestHandler(stages, () => {})
  const { signal } = new AbortController()
  return {
    watch,
    spend,
    later: (ms: number) => void (nowMs += ms),
    infer: () => handler.infer({ arrivedAt: nowMs } as Incoming, signal),
    explain: () => handler.explain({ arrivedAt: nowMs } as Incoming, signal),
  }
}

function finishedOf(requestId: RequestId, nowMs: number): Finished {
  const request = cascadeRequest({ requestId, tenant: 'acme', submittedAt: nowMs })
  const end = answerOf('secret answer')
  const answer = { ...end.result, model: 'm', tier: 'small', confidence: 0.9, rungs: [report], costNanoUsd: 100 }
  return {
    requestId,
    request,
    plan: cascadePlan(requestId),
    legs: [{ ...plannedLeg({ plannedAt: nowMs }), attempt: 1, end }],
    end: { kind: 'answered', answer: { ...answer, latencyMs: 7, policyVersion: 'v', degraded: 'deadline' } },
    endedAt: nowMs + 7,
  }
}

describe('the watch over requests', () => {
  it('knows of a request its stages, what was decided, its legs with receipts and its end, and nothing of its content', async () => {
    const { watch, infer } = setUp()
    const ends: string[] = []
    watch.listen(request => ends.push(request.end?.kind ?? request.legs.at(-1)?.verdict ?? 'begun'))
    await infer()
    const [request] = watch.latest(5)
    expect(ends).toEqual(['begun', 'begun', 'accepted', 'answered'])
    expect(request?.stages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['admit', 'assess', 'choose', 'reserve', 'open', 'cascade']),
    )
    expect(request).toMatchObject({
      tenant: 'acme',
      decision: { ladder: 'l', difficulty: 0.25, firstRung: 'm', candidates: [{ model: 'm', tier: 'small' }] },
      legs: [{ model: 'm', tier: 'small', verdict: 'accepted', receipt: { workerId: 'w', costNanoUsd: 100 } }],
      end: { kind: 'answered', model: 'm', degraded: 'deadline', costNanoUsd: 100, atMs: 7 },
    })
    expect(JSON.stringify(watch.latest(5))).not.toContain('secret')
  })

  it.each(['choose', 'reserve'] as const)('shows a request that %s refuses, with why', async fails => {
    const { watch, infer } = setUp({ fails })
    await expect(infer()).rejects.toThrow('nothing is left')
    expect(watch.latest(5)).toMatchObject([{ end: { kind: 'failed', code: 'BudgetExceeded' } }])
  })

  it('shows 500 of many requests at once and 50 a second after, and counts what all of them spent', async () => {
    const { watch, spend, infer, later } = setUp({ requests: 2000 })
    for (let asked = 0; asked < 600; asked += 1) await infer()
    expect(watch.latest(2000)).toHaveLength(500)
    later(1000)
    for (let asked = 0; asked < 60; asked += 1) await infer()
    expect(watch.latest(2000)).toHaveLength(550)
    expect(spend.totals().tenant).toMatchObject([{ name: 'acme', requests: 660 }])
    // Those that are passed over are not taken for another router's.
    expect(watch.latest(2000).every(({ stages }) => stages.length > 0)).toBe(true)
  })

  it('shows nothing of an explanation, be it refused', async () => {
    const { watch, explain } = setUp()
    await explain()
    const refused = setUp({ fails: 'choose' })
    await expect(refused.explain()).rejects.toThrow('nothing is left')
    expect([...watch.latest(5), ...refused.watch.latest(5)]).toEqual([])
  })

  it('tells of a request that only the log knows', () => {
    const requestId = createRequestId(1)
    const estimate = { difficulty: 0.25, models: { m: { quality: 0.7 } }, features: { 'text.words': 4 } }
    const finished = finishedOf(requestId, 1_000_000)
    const plan = { ...cascadePlan(requestId), estimate, leftOut: [{ name: 'n', by: 'price', why: 'it has none' }] }
    expect(describeState({ ...finished, plan })).toMatchObject({
      decision: {
        difficulty: 0.25,
        features: { 'text.words': 4 },
        candidates: [
          { model: 'm', quality: 0.7 },
          { model: 'n', removedBy: 'price', removedWhy: 'it has none' },
        ],
      },
      legs: [{ model: 'm', tier: 'small', receipt: { workerId: 'w' } }],
      end: { kind: 'answered', confidence: 0.9 },
    })
    expect(describeState(finished).decision).not.toHaveProperty('difficulty')
  })

  it('keeps the latest, and none for longer than it should', async () => {
    const { watch, infer, later } = setUp({ requests: 2 })
    await Promise.all([infer(), infer(), infer()])
    expect(watch.latest(5).length).toBe(2)
    later(61_000)
    await infer()
    expect(watch.latest(5).length).toBe(1)
  })
})

describe('the spend book', () => {
  it('adds up by minute, tenant, ladder and model', async () => {
    const { spend, infer, later } = setUp()
    await infer()
    later(60_000)
    await infer()
    await infer()
    expect(spend.minutes().length).toBe(60)
    expect(spend.minutes().slice(-2)).toMatchObject([
      { requests: 1, nanoUsd: 100, degraded: 1 },
      { requests: 2, nanoUsd: 200, degraded: 2, escalated: 0 },
    ])
    expect(spend.totals()).toEqual({
      tenant: [{ name: 'acme', requests: 3, nanoUsd: 300 }],
      ladder: [{ name: 'l', requests: 3, nanoUsd: 300 }],
      model: [{ name: 'm', requests: 3, nanoUsd: 300 }],
    })
    expect(spend.degraded()).toEqual({ deadline: 3 })
  })
})
