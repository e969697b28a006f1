import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createStoreClock } from '#services/platform/redis/store-clock'

const hourMs = 3_600_000

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000_000_000 }))
afterEach(() => void vi.useRealTimers())

/** A reading that took no time: Redis says `storeMs` now. */
function readNow(clock: ReturnType<typeof createStoreClock>, storeMs: number, tookMs = 0): void {
  const now = performance.now()
  clock.read(storeMs, now - tookMs, now)
}

describe('the clock of the store', () => {
  it('is the machine’s own until Redis was asked', () => {
    expect(createStoreClock(() => 5000).now()).toBe(5000)
  })

  it.each([hourMs, -hourMs, 700])('goes by Redis when the machine is %s ms off, and says so', aheadMs => {
    const clock = createStoreClock(() => Date.now() + aheadMs)
    readNow(clock, Date.now())
    expect(clock.now()).toBe(Date.now())
    expect(Math.round(clock.aheadMs)).toBe(aheadMs)
    vi.advanceTimersByTime(5000)
    expect(clock.now()).toBe(Date.now())
  })

  it('is not moved by a machine whose clock is set while it runs', () => {
    let machineMs = Date.now()
    const clock = createStoreClock(() => machineMs)
    readNow(clock, Date.now())
    machineMs += hourMs
    expect(clock.now()).toBe(Date.now())
    expect(Math.round(clock.aheadMs)).toBe(hourMs)
  })

  it('prefers the reading that took less time, until it is old', () => {
    const clock = createStoreClock(Date.now)
    readNow(clock, Date.now(), 2)
    const sure = clock.now()
    readNow(clock, Date.now() - 40, 100)
    expect(clock.now()).toBe(sure)
    vi.advanceTimersByTime(31_000)
    readNow(clock, Date.now() - 40, 100)
    expect(clock.now()).toBe(Date.now() + 10)
  })

  it('follows a Redis whose time makes a step, as after another became master', () => {
    const clock = createStoreClock(Date.now)
    readNow(clock, Date.now())
    clock.now()
    readNow(clock, Date.now() - hourMs, 5)
    expect(Math.abs(clock.now() - (Date.now() - hourMs))).toBeLessThan(5)
  })

  it('does not go back by what two readings differ', () => {
    const clock = createStoreClock(Date.now)
    readNow(clock, Date.now() + 20, 10)
    const before = clock.now()
    readNow(clock, Date.now(), 0)
    expect(clock.now()).toBe(before)
    vi.advanceTimersByTime(50)
    expect(clock.now()).toBe(Date.now())
  })
})
