import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LegId } from '../../services/shared/contract/ids.ts'
import type { Job } from '../../services/shared/queue/job.ts'
import type { JobConsumer, TakenJob } from '../../services/shared/queue/pool-queue.ts'
import { createCollector, type Collector } from '../../services/worker/collect/collector.ts'

interface Arrival {
  readonly model: string
  readonly atMs: number
}

/** A queue whose legs come at set times of a clock that only waiting turns. */
function setUp(
  arrivals: readonly Arrival[],
  options: { readonly maxSize: number; readonly maxWaitMs: number; readonly maxBatchOf?: (model: string) => number },
) {
  const time = { now: 0 }
  const waiting = arrivals
    .map(({ model, atMs }, index) => ({ atMs, taken: takenOf(model, index) }))
    .toSorted((one, other) => one.atMs - other.atMs)
  const held: string[] = []
  let takenCount = 0
  const consumer: JobConsumer = {
    take(waitMs) {
      const [head] = waiting
      if (head !== undefined && head.atMs <= time.now + waitMs) {
        time.now = Math.max(time.now, head.atMs)
        waiting.shift()
        takenCount += 1
        return Promise.resolve(head.taken)
      }
      time.now += waitMs
      return Promise.resolve(undefined)
    },
    close: () => Promise.resolve(),
  }
  const collector = createCollector(
    { maxBatchOf: () => 64, ...options },
    {
      consumer,
      clock: { now: () => time.now },
      sleep(ms) {
        time.now += ms
        return Promise.resolve()
      },
    },
  )
  return { collector, time, held, taken: () => takenCount }
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

describe('createCollector()', () => {
  it('gives a full batch at once', async () => {
    const { collector, time } = setUp(
      [0, 0, 0].map(atMs => ({ model: 'a', atMs })),
      { maxSize: 2, maxWaitMs: 50 },
    )
    expect(idsOf(await collector.next())).toEqual(['0', '1'])
    expect(time.now).toBe(0)
  })

  it('waits for more no longer than it may', async () => {
    const { collector, time } = setUp(
      [
        { model: 'a', atMs: 0 },
        { model: 'a', atMs: 3 },
        { model: 'a', atMs: 30 },
      ],
      { maxSize: 8, maxWaitMs: 10 },
    )
    expect(idsOf(await collector.next())).toEqual(['0', '1'])
    expect(time.now).toBe(10)
  })

  it('does not wait at all when it may not', async () => {
    const { collector, time } = setUp([{ model: 'a', atMs: 0 }], { maxSize: 8, maxWaitMs: 0 })
    expect(idsOf(await collector.next())).toEqual(['0'])
    expect(time.now).toBe(0)
  })

  it('ends a batch at a leg of another model, which heads the next', async () => {
    const { collector, taken } = setUp(
      ['a', 'b', 'a'].map(model => ({ model, atMs: 0 })),
      { maxSize: 8, maxWaitMs: 5 },
    )
    expect(idsOf(await collector.next())).toEqual(['0'])
    expect(taken()).toBe(2)
    expect(idsOf(await collector.next())).toEqual(['1'])
    expect(idsOf(await collector.next())).toEqual(['2'])
  })

  it('gives no more than the model takes', async () => {
    const { collector } = setUp(
      [0, 0, 0].map(atMs => ({ model: 'a', atMs })),
      { maxSize: 8, maxWaitMs: 5, maxBatchOf: () => 2 },
    )
    expect(await collector.next()).toHaveLength(2)
  })

  it('gives nothing when nothing came', async () => {
    const { collector } = setUp([], { maxSize: 8, maxWaitMs: 5 })
    expect(await collector.next()).toEqual([])
  })

  it('leaves over the leg that it took too many, once', async () => {
    const { collector } = setUp(
      ['a', 'b'].map(model => ({ model, atMs: 0 })),
      { maxSize: 8, maxWaitMs: 5 },
    )
    await collector.next()
    expect(collector.leftOver()?.job.model).toBe('b')
    expect(collector.leftOver()).toBeUndefined()
  })

  it('serves two callers one after the other, in order', async () => {
    const { collector } = setUp(
      [0, 0, 0, 0].map(atMs => ({ model: 'a', atMs })),
      { maxSize: 2, maxWaitMs: 5 },
    )
    const both = await Promise.all([collector.next(), collector.next()])
    expect(both.map(idsOf)).toEqual([
      ['0', '1'],
      ['2', '3'],
    ])
  })

  it('keeps the order, mixes no models and loses nothing, whatever comes when', async () => {
    const arrival = fc.record({ model: fc.constantFrom('a', 'b', 'c'), atMs: fc.nat(40) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(arrival, { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(10),
        fc.integer({ min: 1, max: 5 }),
        async (arrivals, maxSize, maxWaitMs, modelBatch) => {
          const inOrder = arrivals
            .map(({ atMs }, index) => ({ atMs, index }))
            .toSorted((one, other) => one.atMs - other.atMs)
            .map(({ index }) => String(index))
          const { collector } = setUp(arrivals, { maxSize, maxWaitMs, maxBatchOf: () => modelBatch })
          const batches = await drain(collector, arrivals.length)
          expect(batches.flatMap(idsOf)).toEqual(inOrder)
          for (const batch of batches) {
            expect(new Set(batch.map(({ job }) => job.model)).size).toBe(1)
            expect(batch.length).toBeLessThanOrEqual(Math.min(maxSize, modelBatch))
          }
          expect(collector.leftOver()).toBeUndefined()
        },
      ),
    )
  })
})
