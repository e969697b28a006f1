import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectEnd } from '#services/router/choose/expect-end'
import { expectWait, type Servers } from '#services/router/pools/queue-wait'
import { createInflow } from '#services/router/pools/arrival-rate'
import { createServiceTimesRecorder, sketchFor } from '#services/state/service-times/service-times'
import {
  createTimeRecorder,
  mergeSketches,
  momentsOf,
  quantileOf,
  weightOf,
} from '#services/state/service-times/time-sketch'
import type { PoolBacklog } from '#services/state/queue/pool-queue'

const sketchOf = (times: readonly number[]) => {
  const recorder = createTimeRecorder()
  for (const ms of times) recorder.add(ms)
  return recorder.sketch()
}

describe('a time sketch', () => {
  it('tells every quantile within 4 % of the true one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.2, max: 600_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (times, ratio) => {
          const sorted = times.toSorted((a, b) => a - b)
          const exact = sorted[Math.max(0, Math.ceil(ratio * sorted.length - 1e-9) - 1)] ?? 0
          const told = quantileOf(sketchOf(times), ratio)
          expect(Math.abs(Math.log(told / exact))).toBeLessThanOrEqual(Math.log(1.0401))
        },
      ),
    )
  })

  it('is the same whether times come at one worker or at two', () => {
    const [one, other] = [
      [5, 10, 20],
      [10, 400],
    ] as const
    expect(mergeSketches([sketchOf(one), sketchOf(other)])).toEqual(sketchOf([...one, ...other]))
  })

  it('follows a change, and does not grow', () => {
    const recorder = createTimeRecorder()
    for (let index = 0; index < 2000; index += 1) recorder.add(10)
    for (let index = 0; index < 2000; index += 1) recorder.add(100)
    expect(quantileOf(recorder.sketch(), 0.2)).toBeGreaterThan(90)
    expect(weightOf(recorder.sketch())).toBeLessThanOrEqual(600)
  })

  it('knows mean and deviation', () => {
    const { meanMs, deviationMs } = momentsOf(sketchOf([100, 300]))
    expect(meanMs).toBeCloseTo(200, -1)
    expect(deviationMs).toBeCloseTo(100, -1)
  })
})

describe('sketchFor()', () => {
  const recorder = createServiceTimesRecorder()
  for (let index = 0; index < 50; index += 1) {
    recorder.add('m', 100, 10)
    recorder.add('m', 100_000, 1000)
  }
  recorder.add('m', 10_000_000, 5000)

  it('tells inputs of different sizes apart', () => {
    expect(quantileOf(sketchFor([recorder.times()], 'm', 120) ?? [], 0.9)).toBeLessThan(11)
    expect(quantileOf(sketchFor([recorder.times()], 'm', 120_000) ?? [], 0.1)).toBeGreaterThan(900)
  })

  it('takes all sizes together where one has few', () => {
    expect(quantileOf(sketchFor([recorder.times()], 'm', 10_000_000) ?? [], 0.1)).toBeLessThan(11)
    expect(sketchFor([recorder.times()], 'other', 1)).toBeUndefined()
  })
})

describe('expectWait()', () => {
  const service = { meanMs: 100, deviationMs: 0 }
  const servers: Servers = { capacity: 4, weights: {} }
  const busy = (work: PoolBacklog['work']): PoolBacklog => ({ waiting: 9, running: 4, work })
  const normal = (tenant: string, workMs: number) => ({ priority: 2, tenant, workMs })

  it('is nothing while a lane is free or nobody is there', () => {
    expect(expectWait({ waiting: 0, running: 3, work: [] }, servers, normal('t', 0), service).meanMs).toBe(0)
    expect(expectWait(busy([]), { ...servers, capacity: 0 }, normal('t', 0), service).meanMs).toBe(0)
  })

  it('counts the classes before its own in full, and none after it', () => {
    const backlog = busy([
      { priority: 1, tenant: 'u', workMs: 800 },
      { priority: 4, tenant: 'u', workMs: 4000 },
    ])
    expect(expectWait(backlog, servers, normal('t', 0), service).meanMs).toBe(900 / 4)
  })

  it('leaves a class only the lanes that what comes in before it does not take', () => {
    const backlog = { ...busy([]), inflow: new Map([[1, 3]]) }
    expect(expectWait(backlog, servers, normal('t', 0), service).meanMs).toBeCloseTo(100 / 1)
    expect(expectWait(backlog, servers, { ...normal('t', 0), priority: 1 }, service).meanMs).toBeCloseTo(100 / 4)
    const full = { ...backlog, inflow: new Map([[1, 9]]) }
    expect(expectWait(full, servers, normal('t', 0), service).meanMs).toBeGreaterThan(1000)
  })

  it('counts of a flooding tenant what fair turns give it', () => {
    const backlog = busy([normal('flood', 100_000)])
    expect(expectWait(backlog, servers, normal('polite', 0), service).meanMs).toBe(200 / 4)
    expect(expectWait(backlog, servers, normal('flood', 0), service).meanMs).toBe(100_100 / 4)
    const weighty = { ...servers, weights: { flood: 3 } }
    expect(expectWait(backlog, weighty, normal('polite', 0), service).meanMs).toBe(400 / 4)
  })
})

describe('createInflow()', () => {
  it('tells by class how many lanes keep up with what comes in, over about a second', () => {
    const inflow = createInflow()
    expect(inflow(new Map([[1, 500]]), 0)).toBeUndefined()
    expect(inflow(new Map([[1, 600]]), 100)).toBeUndefined()
    expect(inflow(new Map([[1, 1500]]), 500)?.get(1)).toBe(2)
    expect(inflow(new Map([[1, 1500]]), 1600)?.get(1)).toBe(0)
    expect(inflow(new Map([[1, 0]]), 2000)?.get(1)).toBe(0)
  })
})

describe('expectEnd()', () => {
  const service = { meanMs: 100, deviationMs: 50, quantileMs: (ratio: number) => (ratio >= 0.99 ? 400 : 80) }
  const sureness = 0.99

  it('is content with even odds while the pool is idle, and wants to be sure while it is busy', () => {
    expect(expectEnd({ meanMs: 0, deviationMs: 0 }, service, sureness)).toBe(80)
    expect(expectEnd({ meanMs: 60, deviationMs: 0 }, service, sureness)).toBe(460)
    expect(expectEnd({ meanMs: 60, deviationMs: 30 }, service, sureness)).toBeGreaterThan(460)
  })

  it('never gets shorter as the wait grows', () => {
    const wait = fc.double({ min: 0, max: 1000, noNaN: true })
    fc.assert(
      fc.property(wait, wait, (one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)]
        const end = (meanMs: number): number => expectEnd({ meanMs, deviationMs: meanMs / 4 }, service, sureness)
        expect(end(less)).toBeLessThanOrEqual(end(more) + 1e-9)
      }),
    )
  })
})
