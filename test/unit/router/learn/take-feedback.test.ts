import { describe, expect, it } from 'vitest'
import { createTakeFeedback } from '#services/router/learn/take-feedback'
import type { CascadeState } from '#services/state/cascade-log/cascade-log'
import type { OutcomeRecord } from '#services/state/outcomes/outcome-record'
import { createRequestId } from '#services/contract/ids'

const requestId = createRequestId(Date.now())

/** A log in which the end of an answer is written after so many looks; never when absent. */
function setUp(endAfter?: number) {
  let looks = 0
  const scores: number[] = []
  const output = { kind: 'text', text: 'yes' } as const
  const answered = { kind: 'answered', answer: { model: 'small', confidence: 0.9, output } }
  const takeFeedback = createTakeFeedback({
    cascadeLog: {
      async read() {
        looks += 1
        const end = endAfter !== undefined && looks > endAfter ? { end: answered } : {}
        return {
          request: { requestId, tenant: 'acme', task: 'generate', parts: [], options: {}, constraints: {}, labels: {} },
          plan: { ladder: 'l', policyVersion: 'v', estimate: { features: {}, models: {} }, rungs: [] },
          legs: [],
          ...end,
        } as unknown as CascadeState
      },
    },
    outcomes: { append: async () => {} },
    clock: { now: () => 1 },
    keepContent: false,
    rungsOf: () => ['small'],
    scored: (_finished, _confidence, score) => void scores.push(score),
  })
  const give = () => takeFeedback('acme', requestId, { kind: 'score', score: 1 })
  return { give, scores, looks: () => looks }
}

describe('createTakeFeedback()', () => {
  it('finds the end of an answer that is still being written', async () => {
    const { give, scores } = setUp(2)
    await give()
    expect(scores).toEqual([1])
  })

  it('scores the rung that was delivered, whatever its answer can be compared by', async () => {
    const records: OutcomeRecord[] = []
    const text = 'more words than a short answer has, '.repeat(9)
    // The log keeps the answer beside the end of its leg, each by itself.
    const output = () => ({ kind: 'text', text }) as const
    const result = { output: output(), rawConfidence: 0.9, signals: {}, usage: {} }
    const take = createTakeFeedback({
      cascadeLog: {
        read: async () =>
          ({
            request: { requestId, tenant: 'acme', task: 'generate', parts: [], options: {}, labels: {} },
            plan: { ladder: 'l', policyVersion: 'v', estimate: { features: {}, models: {} }, rungs: [] },
            legs: [{ rung: 'small', end: { kind: 'done', result, receipt: {} } }],
            end: { kind: 'answered', answer: { model: 'small', confidence: 0.9, output: output(), rungs: [] } },
          }) as unknown as CascadeState,
      },
      outcomes: { append: async (_tenant, record) => void records.push(record) },
      clock: { now: () => 1 },
      keepContent: false,
      rungsOf: () => ['small'],
      scored: () => {},
    })
    await take('acme', requestId, { kind: 'score', score: 0.25 })
    expect(records.map(({ rungs }) => rungs['small']?.score)).toEqual([0.25])
  })

  it('says that there is no answer when none comes', async () => {
    const { give, looks } = setUp()
    await expect(give()).rejects.toMatchObject({ code: 'NotFound' })
    expect(looks()).toBe(5)
  })
})
