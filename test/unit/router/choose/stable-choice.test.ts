import { describe, expect, it } from 'vitest'
import { stableStep, type NextTurn } from '#services/router/ladders/stable-choice'
import type { Step } from '#services/decision/policy/policy'
import type { CandidateRung } from '#services/router/request/states'
import { candidateOf, rungOf } from '../../../support/builders.ts'

/** Nano-USD a token: the large model costs ten times as much, and both read a cached prefix at a tenth. */
const prices = {
  small: { perInputToken: 100, perCachedToken: 10, perOutputToken: 400 },
  large: { perInputToken: 1000, perCachedToken: 100, perOutputToken: 4000 },
} as const

type Name = keyof typeof prices

function ladder(quality: Partial<Record<Name, number>> = {}): readonly CandidateRung[] {
  return (['small', 'large'] as const).map(name => {
    const predictedQuality = quality[name]
    return candidateOf(rungOf({ name, price: prices[name] }), {
      price: prices[name],
      ...(predictedQuality === undefined ? {} : { predictedQuality }),
    })
  })
}

const nowMs = 1_000_000
const call = (model: Name) => ({ kind: 'call', model, reason: 'predicted quality' }) as const

/** A conversation of so many tokens that `rung` answered a second ago, and comes back with 100 more. */
function turnAfter(rung: Name, tokens: number, more: Partial<NextTurn> = {}): NextTurn {
  return { session: { rung, tokens, answeredAt: nowMs - 1000 }, inputTokens: tokens + 100, nowMs, ...more }
}

/**
 * What 10,000 tokens of prefix make a switch to the large model cost: more expensive tokens now, and the cache of the
 * small.
 */
const dearer = 10_100 * 1000 + 256 * 4000 - (10_000 * 10 + 100 * 100 + 256 * 400)
const lostCache = 10_000 * (100 - 10)
const weightThatPays = (gain: number): number => gain / ((dearer + lostCache) / 1e9)

describe('a switch to a rung that costs more', () => {
  const better = ladder({ small: 0.5, large: 0.7 })

  it('is made where the quality gained is worth the more expensive turn and the lost cache', () => {
    const costWeight = weightThatPays(0.2) * 0.999
    const step = stableStep(call('large'), better, turnAfter('small', 10_000, { costWeight }))
    expect(step).toMatchObject({ kind: 'call', model: 'large' })
    expect(step.reason).toMatch(/^predicted quality; session: 10000 tokens of the prefix are cached at small; leaving/u)
  })

  it('is not made where it is worth the more expensive turn alone', () => {
    const costWeight = (0.2 / (dearer / 1e9)) * 0.999
    const step = stableStep(call('large'), better, turnAfter('small', 10_000, { costWeight }))
    expect(step).toMatchObject({ kind: 'call', model: 'small', isKept: true })
    expect(step.reason).toContain('10000 tokens of its prefix are cached')
    expect(step.reason).toContain(`loses ${lostCache} nano-USD`)
  })

  it('is made at the same price of quality once the cache is cold', () => {
    const costWeight = (0.2 / (dearer / 1e9)) * 0.9
    const cold = turnAfter('small', 10_000, { costWeight, nowMs: nowMs + 600_000 })
    expect(stableStep(call('large'), better, cold)).toMatchObject({
      model: 'large',
      reason: 'predicted quality; session: small has no cached prefix to lose',
    })
  })

  it('is not made for a quality that nobody predicts', () => {
    expect(stableStep(call('large'), ladder(), turnAfter('small', 10_000)).model).toBe('small')
    const worse = ladder({ small: 0.7, large: 0.6 })
    expect(stableStep(call('large'), worse, turnAfter('small', 10_000)).model).toBe('small')
  })

  it('is made for any quality where the policy weighs no money', () => {
    expect(stableStep(call('large'), better, turnAfter('small', 10_000)).model).toBe('large')
  })

  it('is made where the caller limits risk or quality, whatever it costs', () => {
    const costWeight = weightThatPays(0.2) * 10
    const turn = turnAfter('small', 10_000, { costWeight, isLimited: true })
    expect(stableStep(call('large'), better, turn)).toMatchObject({
      model: 'large',
      reason: "predicted quality; session: the caller's limit decides, not the cache of small",
    })
  })
})

describe('a switch to a cheaper rung', () => {
  it('is made where this turn gets cheaper by more than the cache is worth', () => {
    expect(stableStep(call('small'), ladder(), turnAfter('large', 100)).model).toBe('small')
  })

  it('is not made where the lost cache is worth more', () => {
    const step = stableStep(call('small'), ladder(), turnAfter('large', 5000))
    expect(step).toMatchObject({ model: 'large', isKept: true })
  })

  it('is not made where the kept rung, with its prefix cached, costs less in this turn', () => {
    const flat = ladder().map(one =>
      one.rung.name === 'large' ? { ...one, price: { ...prices.large, perCachedToken: 1, perOutputToken: 400 } } : one,
    )
    expect(stableStep(call('small'), flat, turnAfter('large', 50_000)).model).toBe('large')
  })
})

describe('a rung whose pool is overloaded', () => {
  const pressed = (large: number, small = 0): readonly CandidateRung[] =>
    ladder().map(one => ({ ...one, overloadPrice: one.rung.name === 'large' ? large : small }))

  it('is not kept, whatever its cache is worth', () => {
    expect(stableStep(call('small'), pressed(0), turnAfter('large', 5000))).toMatchObject({
      model: 'large',
      isKept: true,
    })
    const step = stableStep(call('small'), pressed(0.1), turnAfter('large', 5000))
    expect(step).toEqual({
      ...call('small'),
      reason: 'predicted quality; session: pool p is overloaded, so large is not kept',
    })
  })

  it('is kept where the other is no better off', () => {
    expect(stableStep(call('small'), pressed(0.1, 0.1), turnAfter('large', 5000))).toMatchObject({ model: 'large' })
  })

  it('is not kept once its call is refused for it', () => {
    const refused = ladder().map(one =>
      one.rung.name === 'large'
        ? { ...one, removedBy: 'overload' as const, removedWhy: 'its pool is overloaded' }
        : one,
    )
    expect(stableStep(call('small'), refused, turnAfter('large', 5000)).model).toBe('small')
  })
})

describe('the step of the policy stands', () => {
  const noPrefix = ladder().map(one => ({ ...one, price: { perComputeSecond: 11_000 }, predictedMeanMs: 500 }))
  const stop: Step = { kind: 'stop', model: 'small', reason: 'no rung is left' }

  it('where it is the rung of the turn before, and where it stops', () => {
    expect(stableStep(call('large'), ladder(), turnAfter('large', 50_000))).toEqual(call('large'))
    expect(stableStep(stop, ladder(), turnAfter('large', 50_000))).toEqual(stop)
  })

  it('where that rung cannot be called, or has no price of cached input, and says so', () => {
    const stood = (step: Step, why: string): Step => ({ ...step, reason: `predicted quality; session: ${why}` })
    const alone = stableStep(call('small'), ladder().slice(0, 1), turnAfter('large', 50_000))
    expect(alone).toEqual(stood(call('small'), 'large cannot be called now'))
    const unpriced = stableStep(call('large'), noPrefix, turnAfter('small', 50_000))
    expect(unpriced).toEqual(stood(call('large'), 'small has no cached prefix to lose'))
  })
})
