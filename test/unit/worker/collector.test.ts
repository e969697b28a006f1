import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LegId } from '#services/contract/ids'
import type { Job } from '#services/state/queue/job'
import type { JobConsumer, TakenJob } from '#services/state/queue/pool-queue'
import { createCollector, type Collector } from '#services/worker/collect/collector'

interface Arrival {
  readonly model: string
  readonly atMs: number
}

/** A queue whose legs come at set times of a clock that only waiting turns. */
function setUp(
  arrivals: readonly Arrival[],
  options: {
    readonly limit: number
    readonly maxWaitMs: number
    readonly models?: readonly string[]
    /** The model computes until then; for ever when absent. */
    readonly busyUntilMs?: number
  },
) {
  const time = { now: 0 }
  const waiting = arrivals
    .map(({ model, atMs }, index) => ({ atMs, taken: takenOf(model, index) }))
    .toSorted((one, other) => one.atMs - other.atMs)
  const take = (model: string, limit: number): TakenJob[] => {
    const due = waiting.filter(({ atMs, taken }) => atMs <= time.now && taken.job.model === model).slice(0, limit)
    for (const one of due) waiting.splice(waiting.indexOf(one), 1)
    return due.map(one => one.taken)
  }
  const consumer: JobConsumer = {
    take(waitMs, limits) {
      const [head] = waiting
      if (head === undefined || head.atMs > time.now + waitMs) {
        time.now += waitMs
        return Promise.resolve(undefined)
      }
      time.now = Math.max(time.now, head.atMs)
      const { model } = head.taken.job
      return Promise.resolve({
        legs: take(model, limits.get(model) ?? 0),
        more: limit => Promise.resolve(take(model, limit)),
      })
    },
    interrupt: () => undefined,
    close: () => Promise.resolve(),
  }
  const { limit, maxWaitMs, models = ['a', 'b', 'c'], busyUntilMs = Infinity } = options
  const collector = createCollector(
    {
      maxWaitMs,
      limits: () => new Map(models.map(model => [model, limit])),
      isBusy: () => time.now < busyUntilMs,
    },
    {
      consumer,
      clock: { now: () => time.now },
      sleep(ms) {
        time.now += ms
        return Promise.resolve()
      },
    },
  )
  return { collector, time }
}

function takenOf(model: string, index: number): TakenJob {
  // What a collector looks at is the model and nothing else.
  const job = { legId: `${index}` as LegId, model } as Job
  return { job, lost: new AbortController().signal, done: () => Promise.resolve(), giveBack: () => Promise.resolve() }
}

const idsOf = (batch: readonly TakenJob[]): readonly string[] => batch.map(({ job }) => job.legId)

async function drain(collector: Collector, count: number): Promise<readonly (readonly TakenJob[])[]> {
  const batches: (readonly TakenJob[])[] = []
  while (batches.flat().length < count) batches.push(await collector.next())
  return batches.filter(batch => batch.length > 0)
}

const at = (model: string, ...times: number[]): Arrival[] => times.map(atMs => ({ model, atMs }))

describe('createCollector()', () => {
  it('gives a full batch at once', async () => {
    const { collector, time } = setUp(at('a', 0, 0, 0), { limit: 2, maxWaitMs: 50 })
    expect(idsOf(await collector.next())).toEqual(['0', '1'])
    expect(time.now).toBe(0)
  })

  it('waits for more no longer than it may', async () => {
    const { collector, time } = setUp(at('a', 0, 3, 30), { limit: 8, maxWaitMs: 10 })
    expect(idsOf(await collector.next())).toEqual(['0', '1'])
    expect(time.now).toBe(10)
  })

  it('does not wait at all when it may not', async () => {
    const { collector, time } = setUp(at('a', 0), { limit: 8, maxWaitMs: 0 })
    expect(idsOf(await collector.next())).toEqual(['0'])
    expect(time.now).toBe(0)
  })

  it('waits only while the model computes another batch', async () => {
    const arrivals = at('a', 0, 3, 30)
    const idle = setUp(arrivals, { limit: 8, maxWaitMs: 10, busyUntilMs: 0 })
    expect(idsOf(await idle.collector.next())).toEqual(['0'])
    expect(idle.time.now).toBe(0)
    const soonFree = setUp(arrivals, { limit: 8, maxWaitMs: 10, busyUntilMs: 5 })
    expect(idsOf(await soonFree.collector.next())).toEqual(['0', '1'])
    expect(soonFree.time.now).toBe(5)
  })

  it('gives nothing, at once, to those who want no more', async () => {
    const { collector, time } = setUp(at('a', 0), { limit: 8, maxWaitMs: 10 })
    expect(await collector.next(() => false)).toEqual([])
    expect(time.now).toBe(0)
    expect(idsOf(await collector.next(() => true))).toEqual(['0'])
  })

  it('gives no more than the model takes', async () => {
    const { collector } = setUp(at('a', 0, 0, 0), { limit: 2, maxWaitMs: 5 })
    expect(await collector.next()).toHaveLength(2)
  })

  it.each([
    ['lets a batch go out before it asks for the next where nothing else is at work', 0, 2],
    ['asks at once where the model is at work', 1000, 0],
  ])('%s', async (_what, busyUntilMs, turns) => {
    const { collector } = setUp(at('a', 0, 0, 0), { limit: 1, maxWaitMs: 0, busyUntilMs })
    let passed = 0
    let over = false
    const count = async (): Promise<void> => {
      while (!over) {
        await new Promise(resolve => setImmediate(resolve))
        passed += 1
      }
    }
    expect(await collector.next()).toHaveLength(1)
    const counting = count()
    expect(await collector.next()).toHaveLength(1)
    over = true
    await counting
    passed -= 1
    expect(passed).toBeGreaterThanOrEqual(turns - 1)
    expect(passed).toBeLessThanOrEqual(turns)
  })

  it('gives nothing when nothing came', async () => {
    const { collector } = setUp([], { limit: 8, maxWaitMs: 5 })
    expect(await collector.next()).toEqual([])
  })

  it('leaves the queue to others while it has no model that is ready', async () => {
    const { collector } = setUp(at('a', 0), { limit: 8, maxWaitMs: 5, models: [] })
    expect(await collector.next()).toEqual([])
  })

  it('serves two callers one after the other, in order', async () => {
    const { collector } = setUp(at('a', 0, 0, 0, 0), { limit: 2, maxWaitMs: 5 })
    const both = await Promise.all([collector.next(), collector.next()])
    expect(both.map(idsOf)).toEqual([
      ['0', '1'],
      ['2', '3'],
    ])
  })

  it('mixes no models and loses nothing, whatever comes when', async () => {
    const arrival = fc.record({ model: fc.constantFrom('a', 'b', 'c'), atMs: fc.nat(40) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(arrival, { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(10),
        async (arrivals, limit, maxWaitMs) => {
          const { collector } = setUp(arrivals, { limit, maxWaitMs })
          const batches = await drain(collector, arrivals.length)
          expect(batches.flatMap(idsOf).toSorted()).toEqual(arrivals.map((_, index) => String(index)).toSorted())
          for (const batch of batches) {
            expect(new Set(batch.map(({ job }) => job.model)).size).toBe(1)
            expect(batch.length).toBeLessThanOrEqual(limit)
          }
        },
      ),
    )
  })
})
