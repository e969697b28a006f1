import type { Clock } from '#services/contract/clock'
import type { JobConsumer, TakenBatch, TakenJob } from '#services/state/queue/pool-queue'
import { fillLookEveryMs, idleWaitMs, notReadyMs } from '#services/worker/timings'

/** How batches are formed. */
export interface CollectorOptions {
  /** How long a batch that is not full waits for more, while its model is at work. */
  readonly maxWaitMs: number
  /** Whether the model computes another batch now: only then does waiting cost nothing. */
  readonly isBusy: (model: string) => boolean
  /** The models that can be served now, with the most legs of each in a batch. */
  readonly limits: () => ReadonlyMap<string, number>
}

/** What collecting needs. */
export interface CollectorDependencies {
  readonly consumer: JobConsumer
  readonly clock: Clock
  readonly sleep: (ms: number) => Promise<void>
}

/** Forms batches of one model out of a pool's queue. */
export interface Collector {
  /**
   * The next batch in the queue's order; empty when nothing came for a while, and at once where `isOpen` says no:
   * what is taken is begun in the same step, and could not be given back for nothing. One caller at a time is served.
   */
  next(isOpen?: () => boolean): Promise<readonly TakenJob[]>
  /** Ends a wait for what comes: what may be taken has changed. */
  interrupt(): void
}

/**
 * What came to a worker that has nothing else to do goes out before the next is asked for. undici looks at a
 * connection that idled for one turn of the loop before it writes.
 */
const letGoOut = (): Promise<void> => new Promise(resolve => setImmediate(() => setImmediate(resolve)))

function ignore(): void {}

/** Makes a collector. */
export function createCollector(options: CollectorOptions, dependencies: CollectorDependencies): Collector {
  const { consumer, clock, sleep } = dependencies
  let turn: Promise<unknown> = Promise.resolve()

  const isAlone = (legs: readonly TakenJob[]): boolean => {
    const model = legs.find(leg => leg.expired !== true)?.job.model
    return model !== undefined && !options.isBusy(model)
  }

  const waitsOn = (model: string, untilAt: number): boolean => clock.now() < untilAt && options.isBusy(model)

  const collect = async (isOpen: () => boolean): Promise<readonly TakenJob[]> => {
    if (!isOpen()) return []
    const limits = options.limits()
    if (limits.size === 0) {
      await sleep(notReadyMs)
      return []
    }
    const batch = await consumer.take(idleWaitMs, limits, isOpen)
    if (batch === undefined) return []
    return fill(batch, limits, isOpen)
  }

  /** Adds what comes while the model is at work. */
  const fill = async (
    batch: TakenBatch,
    limits: ReadonlyMap<string, number>,
    isOpen: () => boolean,
  ): Promise<readonly TakenJob[]> => {
    const legs = [...batch.legs]
    const model = legs.find(leg => leg.expired !== true)?.job.model
    if (model === undefined) return legs
    const limit = limits.get(model) ?? 1
    const untilAt = clock.now() + options.maxWaitMs
    for (;;) {
      const missing = limit - legs.filter(leg => leg.expired !== true).length
      if (missing <= 0 || !isOpen() || !waitsOn(model, untilAt)) return legs
      await sleep(fillLookEveryMs)
      try {
        legs.push(...(await batch.more(missing)))
      } catch {
        // Redis is away; what was taken before is at hand.
        return legs
      }
    }
  }

  return {
    next(isOpen = () => true) {
      const mine = turn.then(() => collect(isOpen))
      // The caller of this turn gets the failure; the next turn starts again.
      turn = mine.then(legs => (isAlone(legs) ? letGoOut() : undefined), ignore)
      return mine
    },
    interrupt: () => consumer.interrupt(),
  }
}
