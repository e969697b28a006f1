import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Clock } from '#services/contract/clock'
import type { Backend, RunControl } from '#services/worker/backends/backend'
import type { Outcome, Work } from '#services/worker/states'
import { abandoned, isAbandoned } from '#services/worker/backends/end-leg'
import { shareTime } from '#services/worker/backends/share-time'
import { startThread, type ModelThread, type ThreadOptions } from './start-thread.ts'
import { createTurnstile } from './turnstile.ts'

/** A backend that computes in a thread of its own and gets a new one when it dies. */
export interface ThreadBackend extends Backend {
  /** False while a dead thread is being replaced. */
  readonly ready: boolean
}

/** What a thread backend is built with. */
export interface ThreadBackendOptions extends ThreadOptions {
  /** How long a run may go on after nobody wants any of its legs, before its thread is ended by force. */
  readonly stuckMs: number
}

interface Dependencies {
  readonly logger: Logger
  readonly clock: Clock
  /** Hears that `ready` has changed. */
  readonly changed?: () => void
}

/** Waits between tries to load a model again, doubling up to the last. */
const firstRestartMs = 200
const longestRestartMs = 30_000

/**
 * Starts the thread of a model and keeps it alive. Batches are computed one at a time.
 * @throws GatewayError Config when the model cannot be loaded at first; later faults are mended
 */
export async function createThreadBackend(
  options: ThreadBackendOptions,
  dependencies: Dependencies,
): Promise<ThreadBackend> {
  const { logger, clock } = dependencies
  const turnstile = createTurnstile()
  const closing = new AbortController()
  let thread: ModelThread | undefined = await startThread(options, dependencies)
  const { maxBatch } = thread
  let reborn: Promise<void> = Promise.resolve()
  void guard(thread)

  async function guard(living: ModelThread): Promise<void> {
    const reason = await living.died
    if (closing.signal.aborted) return
    thread = undefined
    dependencies.changed?.()
    logger.error({ model: options.model, reason }, 'the thread of a model died and is started again')
    reborn = restart()
  }

  async function restart(): Promise<void> {
    for (let waitMs = firstRestartMs; !closing.signal.aborted; waitMs = Math.min(longestRestartMs, waitMs * 2)) {
      await pause(waitMs, closing.signal)
      try {
        const born = await startThread(options, dependencies)
        if (closing.signal.aborted) return await born.kill()
        thread = born
        dependencies.changed?.()
        void guard(born)
        return
      } catch (error) {
        logger.error({ model: options.model, err: error }, 'a model could not be loaded again')
      }
    }
  }

  async function compute(
    living: ModelThread,
    batch: readonly Work[],
    control: RunControl,
  ): Promise<readonly Outcome[]> {
    const startedAt = performance.now()
    try {
      return await living.run(batch, control)
    } catch (error) {
      logger.error({ model: options.model, err: error }, 'a batch was lost')
      const shares = shareTime(
        performance.now() - startedAt,
        batch.map(() => 1),
      )
      return batch.map((work, place) => lost(work, control, clock, shares[place] ?? 0))
    }
  }

  async function run(batch: readonly Work[], control: RunControl): Promise<readonly Outcome[]> {
    const entering = turnstile.enter()
    const wanted = watchWanted(batch, control)
    const turn = entering.then(() => reborn)
    try {
      await Promise.race([turn, wanted.over])
      if (thread === undefined || wanted.isOver()) return batch.map(work => lost(work, control, clock, 0))
      const living = thread
      void wanted.over.then(() => wanted.after(options.stuckMs, () => void living.kill()))
      return await compute(living, batch, control)
    } finally {
      wanted.stop()
      void entering.then(leave => leave())
    }
  }

  return {
    maxBatch,
    get ready() {
      return thread !== undefined
    },
    run,
    async close() {
      closing.abort()
      await Promise.all([thread?.close(), reborn])
    },
  }
}

/** Knows when nobody wants any leg of a batch any more. */
interface WantedWatch {
  readonly over: Promise<void>
  isOver(): boolean
  /** Does something later, unless the watch is stopped before. */
  after(waitMs: number, act: () => void): void
  stop(): void
}

function watchWanted(batch: readonly Work[], control: RunControl): WantedWatch {
  const signals = batch.map(work => control.signal(work.legId))
  const isOver = (): boolean => signals.every(signal => signal.aborted)
  let stopped = false
  let tellOver!: () => void
  const over = new Promise<void>(resolve => (tellOver = resolve))
  const look = (): void => {
    if (isOver()) tellOver()
  }
  // One by one rather than by a signal that ends them all: Node warns of a leak when a large batch hangs on one signal.
  for (const signal of signals) signal.addEventListener('abort', look, { once: true })
  look()
  let timer: NodeJS.Timeout | undefined
  return {
    over,
    isOver,
    after(waitMs, act) {
      if (!stopped) timer = setTimeout(act, waitMs)
    },
    stop() {
      stopped = true
      for (const signal of signals) signal.removeEventListener('abort', look)
      clearTimeout(timer)
    },
  }
}

/** The outcome of a leg that was not computed to its end. */
function lost(work: Work, control: RunControl, clock: Clock, computeMs: number): Outcome {
  const usage = computeMs > 0 ? { computeMs, estimated: true } : {}
  if (isAbandoned(work, control, clock)) return abandoned(work, clock, usage)
  return { kind: 'failed', reason: 'bug', message: 'the thread of the model failed', usage }
}

async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined)
}
