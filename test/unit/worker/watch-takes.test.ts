import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TakenBatch, WatchableConsumer } from '#services/state/queue/pool-queue'
import { watchTakes, type TakeFault } from '#services/worker/collect/watch-takes'
import { waitingJob } from '../../support/worker/waiting-job.ts'

const limits = new Map([['m', 1]])

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watched(take: WatchableConsumer['take'], waiting: ReadonlySet<string> = new Set()) {
  const faults: TakeFault[] = []
  let restarts = 0
  const consumer = watchTakes(
    {
      take,
      interrupt() {},
      restart: () => void (restarts += 1),
      waitingModels: () => Promise.resolve(waiting),
      close: () => Promise.resolve(),
    },
    { pool: 'p', commandTimeoutMs: 800, models: () => ['m'] },
    { logger: pino({ level: 'silent' }), observe: fault => faults.push(fault) },
  )
  return { consumer, faults, restarts: () => restarts }
}

function batchOf(givenBack: string[]): TakenBatch {
  const job = waitingJob()
  const leg = {
    job,
    lost: new AbortController().signal,
    done: () => Promise.resolve(),
    giveBack: () => Promise.resolve(void givenBack.push(job.legId)),
  }
  return { legs: [leg], more: () => Promise.resolve([]) }
}

describe('a take that does not come back', () => {
  it('fails within its time, is counted, and taking starts again; what it brings later is given back', async () => {
    const givenBack: string[] = []
    let arrive: (batch: TakenBatch) => void = () => {}
    const { consumer, faults, restarts } = watched(() => new Promise(resolve => (arrive = resolve)))
    const taking = consumer.take(1000, limits)
    const failure = taking.catch(String)
    await vi.advanceTimersByTimeAsync(4500)
    expect(await failure).toContain('did not come back')
    expect(faults).toEqual(['hung'])
    expect(restarts()).toBe(1)
    expect(consumer.canTake).toBe(false)
    arrive(batchOf(givenBack))
    await vi.advanceTimersByTimeAsync(1)
    expect(givenBack).toHaveLength(1)
  })

  it('is not one that waited for as long as it may', async () => {
    const { consumer, faults } = watched(() => new Promise(resolve => setTimeout(() => resolve(undefined), 3000)))
    const taking = consumer.take(1000, limits)
    await vi.advanceTimersByTimeAsync(3001)
    expect(await taking).toBeUndefined()
    expect(faults).toEqual([])
  })
})

/** Takes and looks each second. */
async function takeAndLook(consumer: ReturnType<typeof watched>['consumer'], seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await consumer.take(1000, limits).catch(() => undefined)
    await consumer.check()
    await vi.advanceTimersByTimeAsync(1000)
  }
}

describe('loops that take nothing', () => {
  it('while legs of their models wait begin again after 5 s', async () => {
    const { consumer, faults } = watched(() => Promise.resolve(undefined), new Set(['m']))
    await takeAndLook(consumer, 6)
    expect(faults).toEqual([])
    await takeAndLook(consumer, 2)
    expect(faults).toEqual(['starved'])
  })

  it.each([
    ['legs of models wait that others serve', new Set(['another'])],
    ['nothing waits', new Set<string>()],
  ])('are well where %s', async (_name, waiting) => {
    const { consumer, faults } = watched(() => Promise.resolve(undefined), waiting)
    await takeAndLook(consumer, 20)
    expect(faults).toEqual([])
  })

  it('are not those that are all at work, nor those that take some', async () => {
    const busy = watched(() => Promise.resolve(undefined), new Set(['m']))
    await takeAndLook(busy.consumer, 1)
    for (let second = 0; second < 20; second += 1) {
      await busy.consumer.check()
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(busy.faults).toEqual([])
    const taking = watched(() => Promise.resolve(batchOf([])), new Set(['m']))
    await takeAndLook(taking.consumer, 20)
    expect(taking.faults).toEqual([])
  })
})

describe('whether a worker can take', () => {
  it('is told by its last take', async () => {
    let away = false
    const { consumer } = watched(() => (away ? Promise.reject(new Error('away')) : Promise.resolve(undefined)))
    await consumer.take(0, limits)
    expect(consumer.canTake).toBe(true)
    away = true
    await expect(consumer.take(0, limits)).rejects.toThrow('away')
    expect(consumer.canTake).toBe(false)
    away = false
    await consumer.take(0, limits)
    expect(consumer.canTake).toBe(true)
  })
})
