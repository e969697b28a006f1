import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createShadowCalls, type ShadowDependencies } from '#services/router/learn/shadow-calls'
import { evaluateShadow } from '#services/router/learn/evaluate-shadow'
import type { Finished } from '#services/router/request/states'
import { GatewayError } from '#services/contract/errors'
import { isSameAnswer } from '#services/decision/answers/same-answer'
import type { OutcomeRecord } from '#services/state/outcomes/outcome-record'
import type { Policy } from '#services/decision/policy/policy'
import { createUncalibratedPolicy } from '#services/decision/policy/uncalibrated-policy'
import { reportCascade, type Told } from '../../../support/stores/cascade-stories.ts'

const models = ['small', 'middle', 'large']
const accepting = (acceptRatio: number): Policy => createUncalibratedPolicy({ models, acceptRatio })
const small: Told = { rung: 'small', text: 'Yes.', confidence: 0.7, costNanoUsd: 11 }
const middle: Told = { rung: 'middle', text: 'no', confidence: 0.85, costNanoUsd: 150 }

describe('evaluateShadow()', () => {
  const think = (told: readonly Told[], shadow: Policy, more: object = {}) => {
    const { reserved, finished } = reportCascade(told, accepting(0.6), more)
    return evaluateShadow(reserved, finished, shadow, reserved.estimate)
  }

  it('agrees with a policy that decides the same, at the same cost', () => {
    expect(think([small], accepting(0.65))).toMatchObject({
      requests: 1,
      same: 1,
      openEnded: 0,
      activeCascades: 0,
      shadowCascades: 0,
      activeCostNanoUsd: 11,
      shadowCostNanoUsd: 11,
    })
  })

  it('knows what a rung that was called said, and predicts the cost of one that was not', () => {
    expect(think([small], accepting(0.8))).toMatchObject({
      escalatesMore: 1,
      same: 0,
      openEnded: 1,
      shadowCascades: 1,
      activeCostNanoUsd: 11,
      shadowCostNanoUsd: 11 + 200,
    })
    expect(think([small, middle], accepting(0.8))).toMatchObject({ same: 1, shadowCostNanoUsd: 161, openEnded: 0 })
    expect(think([small, middle], accepting(0.6))).toMatchObject({ stopsSooner: 1, shadowCostNanoUsd: 11 })
    // After the last rung nothing is left to want, so nothing is open.
    expect(think([small, middle], accepting(0.9))).toMatchObject({
      escalatesMore: 1,
      openEnded: 0,
      shadowCostNanoUsd: 461,
    })
  })

  it('thinks nothing where circumstances decided', () => {
    expect(think([small], accepting(0.8), { model: 'small' })).toBeUndefined()
    const { reserved, finished } = reportCascade([small], accepting(0.6))
    if (finished.end.kind !== 'answered') throw new Error('it was answered')
    const answer = { ...finished.end.answer, degraded: 'budget' } as const
    const degraded: Finished = { ...finished, end: { kind: 'answered', answer } }
    expect(evaluateShadow(reserved, degraded, accepting(0.8), reserved.estimate)).toBeUndefined()
  })
})

describe('createShadowCalls()', () => {
  async function onFinished(
    told: readonly Told[],
    more: Partial<ShadowDependencies> & {
      readonly rungs?: 'top' | 'all'
      readonly share?: number
      readonly model?: string
    } = {},
  ) {
    const outcomes: string[] = []
    const records: { tenant: string; record: OutcomeRecord }[] = []
    const asked: { tenant: string; model: string | undefined; priority: string }[] = []
    const compared: unknown[] = []
    const { rungs = 'top', share = 1, model, ...given } = more
    const calls = createShadowCalls(
      { share, rungs, atOnce: 2, keepContent: false },
      {
        ask: async ({ caller, request }) => {
          const { model: wanted = '', priority } = request.constraints
          asked.push({ tenant: caller.tenant, model: wanted, priority })
          const answer = {
            rung: wanted,
            text: wanted === 'large' ? 'YES' : 'no',
            confidence: 0.9,
            costNanoUsd: 500,
          }
          return reportCascade([answer], accepting(0.5)).finished
        },
        outcomes: { append: async (tenant, record) => void records.push({ tenant, record }) },
        clock: { now: () => 77 },
        draw: () => 0.5,
        busy: () => undefined,
        counted: (_ladder, outcome) => outcomes.push(outcome),
        compared: (_finished, rung, confidence, score) => compared.push([rung, confidence, score]),
        spent: () => {},
        logger: pino({ level: 'silent' }),
        ...given,
      },
    )
    const { reserved, finished } = reportCascade(told, accepting(0.6), model === undefined ? {} : { model })
    calls.onFinished(reserved, finished)
    const before = [...asked]
    await new Promise(resolve => setImmediate(resolve))
    await calls.close()
    return { outcomes, records, asked, before, compared }
  }

  it('asks the top rung as nobody’s tenant, last in the queue, and not before the caller has the answer', async () => {
    const { outcomes, asked, before, records, compared } = await onFinished([small])
    expect(before).toEqual([])
    expect(asked).toEqual([{ tenant: '_shadow', model: 'large', priority: 'sheddable' }])
    expect(outcomes).toEqual(['called'])
    expect(records[0]).toMatchObject({ tenant: 'acme', record: { source: 'shadow', at: 77, delivered: 'small' } })
    expect(records[0]?.record.rungs).toMatchObject({ small: { score: 1, rawConfidence: 0.7 }, large: { score: 1 } })
    expect(records[0]?.record.rungs['small']?.answer).toBe(records[0]?.record.rungs['large']?.answer)
    expect(compared).toEqual([['small', 0.7, 1]])
  })

  it('asks every other rung too where all are wanted, so that each has a score', async () => {
    const { asked, records } = await onFinished([small], { rungs: 'all' })
    expect(asked.map(one => one.model)).toEqual(['large', 'middle'])
    const { rungs } = records[0]!.record
    expect(rungs).toMatchObject({ small: { score: 1 }, middle: { score: 0 }, large: { score: 1 } })
    expect(rungs['middle']?.answer).not.toBe(rungs['large']?.answer)
  })

  it('draws its share, and passes over what no policy decided', async () => {
    expect((await onFinished([small], { share: 0.5 })).outcomes).toEqual([])
    expect((await onFinished([small], { model: 'small' })).outcomes).toEqual([])
  })

  it.each([
    ['dropped_pool_busy', { busy: () => 'dropped_pool_busy' as const }],
    ['dropped_router_busy', { busy: () => 'dropped_router_busy' as const }],
    ['dropped_budget', { ask: () => Promise.reject(new GatewayError('BudgetExceeded', 'spent')) }],
    ['failed', { ask: () => Promise.reject(new Error('no worker')) }],
  ])('keeps nothing when it is %s', async (outcome, given) => {
    const { outcomes, records } = await onFinished([small], given)
    expect(outcomes).toEqual([outcome])
    expect(records).toEqual([])
  })
})

describe('isSameAnswer()', () => {
  const text = (value: string) => ({ kind: 'text', text: value }) as const
  const label = (value: string) => ({ kind: 'labels', labels: [{ label: value, score: 1 }] }) as const

  it('compares as the task does, and says nothing of long free text and of vectors', () => {
    expect(isSameAnswer('generate', text('Paris.'), text(' paris'))).toBe(true)
    expect(isSameAnswer('generate', text('Paris'), text('London'))).toBe(false)
    expect(isSameAnswer('generate', text('a '.repeat(60)), text('a '.repeat(60)))).toBeUndefined()
    expect(isSameAnswer('generate', text('It is -5.'), text('it is 5'))).toBe(false)
    expect(isSameAnswer('generate', text('(1, 2)'), text('(1,2)'))).toBe(true)
    expect(isSameAnswer('generate', text('\u00BD'), text('1/2'))).toBe(true)
    expect(isSameAnswer('ocr', text('13.50'), text('1350'))).toBe(false)
    expect(isSameAnswer('transcribe', text('555-1234'), text('555 1234'))).toBe(true)
    expect(isSameAnswer('transcribe', text('one, two'), text('One two'))).toBe(true)
    expect(isSameAnswer('ocr', text('IN VOICE\n42'), text('invoice 42'))).toBe(true)
    expect(isSameAnswer('transcribe', text('in voice'), text('invoice'))).toBe(false)
    expect(isSameAnswer('classify', label('spam'), label('spam'))).toBe(true)
    const vector = { kind: 'embedding', values: [1], space: 's' } as const
    expect(isSameAnswer('embed', vector, vector)).toBeUndefined()
  })
})
