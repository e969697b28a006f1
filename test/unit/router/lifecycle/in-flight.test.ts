import { describe, expect, it } from 'vitest'
import { createInFlight } from '#services/router/lifecycle/in-flight'

describe('createInFlight()', () => {
  const refusal = (work: () => unknown): unknown => {
    try {
      work()
    } catch (error) {
      return error
    }
    return undefined
  }

  it('gives one tenant, and one connection, its share, and says whose is full', () => {
    const inFlight = createInFlight(4, 0.5)
    const leave = inFlight.enter({ tenant: 'busy', connection: '1' })
    inFlight.enter({ tenant: 'busy', connection: '2' })
    expect(refusal(() => inFlight.enter({ tenant: 'busy', connection: '3' }))).toMatchObject({
      code: 'RateLimited',
      details: { reason: 'TENANT_IN_FLIGHT_FULL', retryAfterMs: 1000 },
    })
    leave()
    leave()
    inFlight.enter({ tenant: 'busy', connection: '2' })
    expect(refusal(() => inFlight.enter({ tenant: 'calm', connection: '2' }))).toMatchObject({
      code: 'RateLimited',
      details: { reason: 'CONNECTION_IN_FLIGHT_FULL' },
    })
    inFlight.enter({ tenant: 'calm', connection: '4' })
    inFlight.enter({ tenant: 'calm', connection: '4' })
    expect(refusal(() => inFlight.enter({ tenant: 'third', connection: '5' }))).toMatchObject({
      code: 'Overloaded',
      details: { reason: 'IN_FLIGHT_FULL' },
    })
  })
})
