import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Job } from '#services/state/queue/job'
import type { TakenBatch, TakenJob } from '#services/state/queue/pool-queue'
import { createCollector } from '#services/worker/collect/collector'
import { startTakeLoops } from '#services/worker/engine/take-loops'

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** What was begun in the step that took it. */
function begunLeg(): TakenJob {
  return {
    job: { model: 'm' } as Job,
    begun: { word: 'run', attempt: 1, at: 0 },
    lost: new AbortController().signal,
    done: async () => {},
    giveBack: async () => {},
  }
}

describe('startTakeLoops()', () => {
  it('ends the wait and takes nothing after a pause, however many loops wait for their turn', async () => {
    const waits: ((batch?: TakenBatch) => void)[] = []
    let taken = 0
    const collector = createCollector(
      { maxWaitMs: 0, isBusy: () => false, limits: () => new Map([['m', 1]]) },
      {
        clock: { now: () => Date.now() },
        sleep,
        consumer: {
          // Waits where it is wanted, and takes what comes or is interrupted.
          async take(_waitMs, _limits, isOpen = () => true) {
            if (!isOpen()) return undefined
            const batch = await new Promise<TakenBatch | undefined>(resolve => waits.push(resolve))
            if (batch !== undefined) taken += 1
            return batch
          },
          interrupt: () => waits.shift()?.(),
          close: async () => {},
        },
      },
    )
    const handled: (readonly TakenJob[])[] = []
    const handle = async (batch: readonly TakenJob[]): Promise<void> => void handled.push(batch)
    const concurrency = startTakeLoops(64, { collector, handle, logger: pino({ level: 'silent' }), sleep })
    await sleep(20)
    const wake = (): void => waits.shift()?.({ legs: [begunLeg()], more: async () => [] })
    wake()
    await sleep(20)
    expect(handled).toHaveLength(1)
    concurrency.pause(true)
    await concurrency.stop()
    expect({ taken, handled: handled.length, waiting: waits.length }).toEqual({ taken: 1, handled: 1, waiting: 0 })
  })
})
