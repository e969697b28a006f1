import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectEnd, leastNeeded } from '#services/router/choose/expect-end'
import { expectWait, type Servers } from '#services/router/pools/queue-wait'
import { createInflow } from '#services/router/pools/arrival-rate'
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
  for (const ms of times) recorder.add(ms, 0)
  return recorder.sketch(0)
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
    for (let index = 0; index < 2000; index += 1) recorder.add(10, 0)
    for (let index = 0; index < 2000; index += 1) recorder.add(100, 0)
    expect(quantileOf(recorder.sketch(0), 0.2)).toBeGreaterThan(90)
    expect(weightOf(recorder.sketch(0))).toBeLessThanOrEqual(600)
  })

  it('knows mean and deviation', () => {
    const { meanMs, deviationMs } = momentsOf(sketchOf([100, 300]))
    expect(meanMs).toBeCloseTo(200, -1)
    expect(deviationMs).toBeCloseTo(100, -1)
  })
})

describe('expectWait()', () => {
  const service = { meanMs: 100, deviationMs: 0 }
  const servers: Servers = { concurrency: 4, parallel: () => 4, weights: {} }
  const legs = Array.from({ length: 4 }, () => ({ model: 'm', serviceMs: 100, elapsedMs: 0 }))
  const busy = (work: PoolBacklog['work']): PoolBacklog => ({ waiting: 9, running: 4, work, batches: 4, legs })
  const normal = (tenant: string, workMs: number) => ({ priority: 2, tenant, model: 'm', workMs })
  const next = (tenant = 't', priority = 2, model = 'm') => ({ model, turn: { priority, tenant }, service })

  it('is nothing while a lane is free or nobody is there', () => {
    const free = { ...busy([]), waiting: 0, running: 3, batches: 3, legs: legs.slice(1) }
    expect(expectWait(free, servers, next()).meanMs).toBe(0)
    expect(expectWait(busy([]), { ...servers, concurrency: 0 }, next()).meanMs).toBe(0)
  })

  it('counts the classes before its own in full, and none after it', () => {
    const backlog = busy([
      { priority: 1, tenant: 'u', model: 'm', workMs: 800 },
      { priority: 4, tenant: 'u', model: 'm', workMs: 4000 },
    ])
    expect(expectWait(backlog, servers, next()).meanMs).toBe(900 / 4)
  })

  it('leaves a class only the slots that what comes in before it does not take', () => {
    const backlog = { ...busy([]), inflow: new Map([[1, 3]]) }
    expect(expectWait(backlog, servers, next()).meanMs).toBeCloseTo(100 / 1)
    expect(expectWait(backlog, servers, next('t', 1)).meanMs).toBeCloseTo(100 / 4)
    const full = { ...backlog, inflow: new Map([[1, 9]]) }
    expect(expectWait(full, servers, next()).meanMs).toBeGreaterThan(1000)
  })

  it('counts of a flooding tenant what fair turns give it', () => {
    const backlog = busy([normal('flood', 100_000)])
    expect(expectWait(backlog, servers, next('polite')).meanMs).toBe(200 / 4)
    expect(expectWait(backlog, servers, next('flood')).meanMs).toBe(100_100 / 4)
    const weighty = { ...servers, weights: { flood: 3 } }
    expect(expectWait(backlog, weighty, next('polite')).meanMs).toBe(400 / 4)
  })

  it('counts what legs at work have left by their own size, not by how many they are', () => {
    const long = { model: 'm', serviceMs: 60_000, elapsedMs: 10_000 }
    const one: Servers = { concurrency: 2, parallel: () => 1, weights: {} }
    const atWork = (...running: (typeof long)[]) => ({
      ...busy([]),
      waiting: 0,
      running: running.length,
      batches: running.length,
      legs: running,
    })
    expect(expectWait(atWork(long), one, next()).meanMs).toBe(50_000)
    expect(expectWait(atWork({ ...long, serviceMs: 10_500 }), one, next()).meanMs).toBe(1500)
    // The second was taken and waits for the model: all of it is left, however long ago that was.
    expect(expectWait(atWork(long, { ...long, elapsedMs: 9000 }), one, next()).meanMs).toBe(110_000)
  })

  it('tells a lane that is free from a model that is busy', () => {
    const serial: Servers = { concurrency: 2, parallel: () => 1, weights: {} }
    const other = { model: 'other', serviceMs: 5000, elapsedMs: 1000 }
    const queue = { ...busy([]), waiting: 0, running: 1, batches: 1, legs: [other] }
    expect(expectWait(queue, serial, next()).meanMs).toBe(0)
    const full = { ...queue, running: 2, batches: 2, legs: [other, { ...other, model: 'm' }] }
    expect(expectWait(full, serial, next()).meanMs).toBe(4000)
    const bothOthers = { ...full, legs: [other, other] }
    expect(expectWait(bothOthers, serial, next()).meanMs).toBeGreaterThanOrEqual(4000)
  })
})

describe('createInflow()', () => {
  it('tells by class how many slots keep up with what comes in, over about a second', () => {
    const inflow = createInflow()
    expect(inflow(new Map([[1, 500]]), 0)).toBeUndefined()
    expect(inflow(new Map([[1, 600]]), 100)).toBeUndefined()
    expect(inflow(new Map([[1, 1500]]), 500)?.get(1)).toBe(2)
    expect(inflow(new Map([[1, 1500]]), 1600)?.get(1)).toBe(0)
    expect(inflow(new Map([[1, 0]]), 2000)?.get(1)).toBe(0)
  })
})

describe('leastNeeded()', () => {
  const wait = { meanMs: 60, deviationMs: 0 }
  const service = { meanMs: 49_452, deviationMs: 0, quantileMs: () => 49_452, measuredAt: 1 }
  it('refuses nothing by a service time that was hardly measured; the wait counts', () => {
    expect(leastNeeded(wait, { ...service, weight: 2 }, 49_512)).toBe(60)
  })

  it('goes by the forecast once it is measured', () => {
    expect(leastNeeded(wait, { ...service, weight: 3 }, 49_512)).toBe(49_512)
  })
})

describe('expectEnd()', () => {
  const service = { meanMs: 100, deviationMs: 50, quantileMs: (ratio: number) => (ratio >= 0.99 ? 400 : 80) }
  const rules = { onTimeRatio: 0.99, idleRatio: 0.5 }

  it('is content with even odds while the pool is idle, and wants to be sure while it is busy', () => {
    expect(expectEnd({ meanMs: 0, deviationMs: 0 }, service, rules)).toBe(80)
    expect(expectEnd({ meanMs: 60, deviationMs: 0 }, service, rules)).toBe(460)
    expect(expectEnd({ meanMs: 60, deviationMs: 30 }, service, rules)).toBeGreaterThan(460)
  })

  it('never gets shorter as the wait grows', () => {
    const wait = fc.double({ min: 0, max: 1000, noNaN: true })
    fc.assert(
      fc.property(wait, wait, (one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)]
        const end = (meanMs: number): number => expectEnd({ meanMs, deviationMs: meanMs / 4 }, service, rules)
        expect(end(less)).toBeLessThanOrEqual(end(more) + 1e-9)
      }),
    )
  })
})
