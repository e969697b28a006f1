import type { Clock } from '../../shared/contract/clock.ts'
import type { JobConsumer, TakenJob } from '../../shared/queue/pool-queue.ts'

/** How batches are formed. */
export interface CollectorOptions {
  /** Most legs in a batch, whatever the model could take. */
  readonly maxSize: number
  /** How long a batch that is not full waits for more. */
  readonly maxWaitMs: number
  /** The largest batch that a model takes at once. */
  readonly maxBatchOf: (model: string) => number
}

/** What collecting needs. */
export interface CollectorDependencies {
  readonly consumer: JobConsumer
  readonly clock: Clock
  readonly sleep: (ms: number) => Promise<void>
}

/** Forms batches of one model out of a pool's queue. */
export interface Collector {
  /** The next batch in the queue's order; empty when nothing came for a while. One caller at a time is served. */
  next(): Promise<readonly TakenJob[]>
  /** What was taken and not given out yet: at most one leg. */
  leftOver(): TakenJob | undefined
}

/** How long an empty queue is waited on before the caller may look around. */
const idleWaitMs = 1000
/** Pause between two looks while a batch waits for more. */
const lookEveryMs = 1

/** Makes a collector. A leg of another model ends the batch and heads the next one, so the order is never turned. */
export function createCollector(options: CollectorOptions, dependencies: CollectorDependencies): Collector {
  const { consumer, clock, sleep } = dependencies
  let held: TakenJob | undefined
  let turn: Promise<unknown> = Promise.resolve()

  const fill = async (batch: TakenJob[], model: string): Promise<void> => {
    const limit = Math.min(options.maxSize, options.maxBatchOf(model))
    const untilAt = clock.now() + options.maxWaitMs
    while (batch.length < limit) {
      const next = await consumer.take(0)
      if (next === undefined) {
        if (clock.now() >= untilAt) return
        await sleep(lookEveryMs)
      } else if (next.job.model === model) {
        batch.push(next)
      } else {
        held = next
        return
      }
    }
  }

  const collect = async (): Promise<readonly TakenJob[]> => {
    const head = held ?? (await consumer.take(idleWaitMs))
    held = undefined
    if (head === undefined) return []
    const batch = [head]
    await fill(batch, head.job.model)
    return batch
  }

  return {
    next() {
      const mine = turn.then(collect)
      turn = mine.catch(() => {
        // The caller of this turn hears of it; the next turn begins anew.
      })
      return mine
    },
    leftOver() {
      const left = held
      held = undefined
      return left
    },
  }
}
