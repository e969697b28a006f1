import type { Logger } from 'pino'
import type { TakenJob } from '#services/state/queue/pool-queue'
import type { Collector } from '#services/worker/collect/collector'
import { createPlaces, type Place } from './places.ts'
import { failedPauseMs, pausedLookMs } from '#services/worker/timings'

/** Batches at work side by side. */
export interface TakeLoops {
  /** Takes nothing new while paused; running legs continue. */
  pause(paused: boolean): void
  readonly paused: boolean
  /** Ends the loops: what runs is finished, what was taken and not begun is given back. */
  stop(): Promise<void>
}

/** What the loops need. */
export interface TakeLoopsDependencies {
  readonly collector: Collector
  /** Takes a batch to its reports; its place may be lent while nothing of it is computed. */
  readonly handle: (batch: readonly TakenJob[], place: Place) => Promise<void>
  readonly logger: Logger
  readonly sleep: (ms: number) => Promise<void>
}

/** Starts `count` loops that draw on one collector. */
export function startTakeLoops(count: number, { collector, handle, logger, sleep }: TakeLoopsDependencies): TakeLoops {
  const state = { paused: false, stopped: false }
  const places = createPlaces(count)
  const handling = new Set<Promise<void>>()

  const isOpen = (): boolean => !state.paused

  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      logger.warn({ err: error }, 'a batch could not be taken or reported')
      await sleep(failedPauseMs)
    }
  }

  const turn = async (): Promise<void> => {
    if (state.paused) return sleep(pausedLookMs)
    const batch = await collector.next(isOpen)
    if (batch.length === 0) return undefined
    // What was begun in the step that took it would cost an attempt; it is finished, as what runs is.
    if ((state.paused || state.stopped) && batch.every(leg => leg.begun === undefined)) return giveBack(batch)
    const place = places.occupy()
    const handled = guarded(() => handle(batch, place)).finally(() => {
      place.leave()
      handling.delete(handled)
    })
    handling.add(handled)
  }

  const taking = (async () => {
    while (!state.stopped) {
      await places.free()
      await guarded(turn)
    }
  })()

  return {
    pause(paused) {
      const isNew = paused && !state.paused
      state.paused = paused
      if (isNew) collector.interrupt()
    },
    get paused() {
      return state.paused
    },
    async stop() {
      state.stopped = true
      state.paused = true
      collector.interrupt()
      await Promise.all(handling)
      await taking
      await Promise.all(handling)
    },
  }
}

async function giveBack(batch: readonly TakenJob[]): Promise<void> {
  await Promise.all(batch.map(taken => taken.giveBack()))
}
