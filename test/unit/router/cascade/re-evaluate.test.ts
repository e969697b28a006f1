import { describe, expect, it } from 'vitest'
import { systemClock } from '#services/contract/clock'
import type { Cascade } from '#services/router/cascade/cascade'
import { planOf } from '#services/router/cascade/start'
import { createReevaluate } from '#services/router/ladders/re-evaluate'
import type { Reserved, CandidateRung } from '#services/router/request/states'
import { candidateOf, cascadePlan, cascadeRequest, rungOf } from '../../../support/builders.ts'

describe('a rung that no money is held for', () => {
  const small = rungOf({ name: 'small' }, { name: 'small' })
  const large = rungOf({ name: 'large' }, { name: 'large' })

  /** What is said of both rungs when the second is found to lack money. */
  function evaluate(leftOut: Cascade['plan']['leftOut']): readonly CandidateRung[] {
    const found = [
      candidateOf(small),
      candidateOf(large, { removedBy: 'cost', removedWhy: 'it may cost more than is left' }),
    ]
    const reevaluate = createReevaluate(
      () => found,
      systemClock,
      () => true,
    )
    const plan = cascadePlan('hold', ['small'], leftOut === undefined ? {} : { leftOut })
    return reevaluate(
      {
        request: cascadeRequest(),
        plan,
        guided: { ladder: { name: 'l', rungs: [small, large] } },
      } as unknown as Cascade,
      0,
      true,
    )
  }

  it('is in the plan with its reason', () => {
    const late = candidateOf(large, { removedBy: 'deadline', removedWhy: 'it needs 9 s, 4 s are left' })
    const reserved = {
      candidateRungs: [candidateOf(small), late],
      guided: { ladder: { name: 'l' } },
    } as unknown as Reserved
    const plan = planOf(reserved)
    expect(plan.rungs.map(rung => rung.name)).toEqual(['small'])
    expect(plan.leftOut).toEqual([{ name: 'large', by: 'deadline', why: 'it needs 9 s, 4 s are left' }])
  })

  it('keeps the reason for which it was left out', () => {
    const leftOut = [{ name: 'large', by: 'deadline', why: 'it needs 9 s, 4 s are left' }]
    expect(evaluate(leftOut).map(one => [one.removedBy, one.removedWhy])).toEqual([
      [undefined, undefined],
      ['deadline', 'it needs 9 s, 4 s are left'],
    ])
    expect(evaluate([{ name: 'large', by: 'capability', why: 'no tools' }])[1]).toMatchObject({
      removedBy: 'capability',
    })
  })

  it('lacks money where nothing else left it out', () => {
    expect(evaluate(undefined)[1]).toMatchObject({ removedBy: 'cost' })
    expect(evaluate([{ name: 'small', by: 'deadline', why: '' }])[1]).toMatchObject({ removedBy: 'cost' })
  })
})
