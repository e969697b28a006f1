import type { Logger } from 'pino'
import type { TakenJob } from '#services/state/queue/pool-queue'
import type { Collector } from '#services/worker/collect/collector'

/** Batches at work side by side. */
export interface Lanes {
  /** Takes nothing new while paused; what runs goes on. */
  pause(paused: boolean): void
  readonly paused: boolean
  /** Ends the lanes: what runs is finished, what was taken and not begun is given back. */
  stop(): Promise<void>
}

/** How long a paused lane waits before it looks again. */
const pausedLookMs = 100
/** Pause after a turn that failed, as when Redis is away. */
const failedPauseMs = 200

/** Starts `count` lanes that draw on one collector. */
export function startLanes(
  count: number,
  collector: Collector,
  handle: (batch: readonly TakenJob[]) => Promise<void>,
  { logger, sleep }: { readonly logger: Logger; readonly sleep: (ms: number) => Promise<void> },
): Lanes {
  const state = { paused: false, stopped: false }

  const isOpen = (): boolean => !state.paused

  const turn = async (): Promise<void> => {
    if (state.paused) return sleep(pausedLookMs)
    const batch = await collector.next(isOpen)
    if (batch.length === 0) return undefined
    // What was begun in the step that took it would cost an attempt; it is finished, as what runs is.
    if ((state.paused || state.stopped) && batch.every(leg => leg.begun === undefined)) return giveBack(batch)
    return handle(batch)
  }
  const lane = async (): Promise<void> => {
    while (!state.stopped) {
      try {
        await turn()
      } catch (error) {
        logger.warn({ err: error }, 'a batch could not be taken or reported')
        await sleep(failedPauseMs)
      }
    }
  }
  const lanes = Array.from({ length: count }, lane)

  return {
    pause(paused) {
      const isNew = paused && !state.paused
      state.paused = paused
      if (isNew) collector.rouse()
    },
    get paused() {
      return state.paused
    },
    async stop() {
      state.stopped = true
      state.paused = true
      collector.rouse()
      await Promise.all(lanes)
    },
  }
}

async function giveBack(batch: readonly TakenJob[]): Promise<void> {
  await Promise.all(batch.map(taken => taken.giveBack()))
}
