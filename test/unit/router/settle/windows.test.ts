import { describe, expect, it } from 'vitest'
import { createWindows } from '#services/router/ledger/windows'

const at = Date.parse

describe('createWindows()', () => {
  it.each([
    ['UTC', 'day', '2026-11-24T12:00:00Z', '2026-11-24', '2026-11-25T00:00:00Z'],
    ['UTC', 'month', '2026-12-31T23:59:59.999Z', '2026-12', '2027-01-01T00:00:00Z'],
    ['UTC', 'month', '2028-02-10T00:00:00Z', '2028-02', '2028-03-01T00:00:00Z'],
    ['Europe/Berlin', 'day', '2026-11-24T23:30:00Z', '2026-11-25', '2026-11-25T23:00:00Z'],
    // Clocks go back: a day of 25 hours, and forward: one of 23.
    ['Europe/Berlin', 'day', '2026-10-25T00:00:00Z', '2026-10-25', '2026-10-25T23:00:00Z'],
    ['Europe/Berlin', 'day', '2026-03-29T00:00:00Z', '2026-03-29', '2026-03-29T22:00:00Z'],
    // A midnight that does not exist: the day begins at one.
    ['Africa/Cairo', 'day', '2026-04-23T12:00:00Z', '2026-04-23', '2026-04-23T22:00:00Z'],
    ['Asia/Kathmandu', 'day', '2026-11-24T18:14:59Z', '2026-11-24', '2026-11-24T18:15:00Z'],
    ['Pacific/Auckland', 'month', '2026-11-30T11:00:00Z', '2026-12', '2026-12-31T11:00:00Z'],
  ] as const)('gives in %s the %s of %s', (zone, kind, now, label, ends) => {
    expect(createWindows(zone)(kind, at(now))).toMatchObject({ label, endsAt: at(ends) })
  })

  it('goes on to the next window at the very moment, and back with a clock that goes back', () => {
    const windowAt = createWindows('UTC')
    const midnight = at('2026-11-25T00:00:00Z')
    expect(windowAt('day', midnight - 1).label).toBe('2026-11-24')
    expect(windowAt('day', midnight).label).toBe('2026-11-25')
    expect(windowAt('day', midnight - 1).label).toBe('2026-11-24')
  })
})
