import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Clock } from '#services/contract/clock'
import type { Backend, RunControl } from '#services/backends/backend'
import type { Outcome, Work } from '#services/backends/work'
import { abandoned, isAbandoned } from '#services/backends/end-leg'
import { shareTime } from '#services/backends/share-time'
import { ProcessDied, startProcess, type ModelProcess, type ProcessOptions } from './start-process.ts'
import { createMutex } from '#services/platform/process/mutex'
import { watchWanted } from './watch-wanted.ts'
import { firstRestartMs, leastRenewalMs, longWaitMs, longestRestartMs, longestStepMs } from '#services/worker/timings'

/** A backend that computes in a process of its own and gets a new one when it dies. */
export interface ProcessBackend extends Backend {
  /** False while the process is being replaced, or is inside a run that nobody wants. */
  readonly ready: boolean
  /** False while a batch has waited for its turn for long: more would wait behind it. */
  readonly hasRoom: boolean
  /** Memory of the process that is its own; 0 while there is none. */
  readonly memoryBytes: number
  /** Times that the process was started again because it had grown. */
  readonly renewals: number
}

/** What a process backend is built with. */
export interface ProcessBackendOptions extends ProcessOptions {
  /**
   * How long a run may go on after nobody wants any of its legs before the process is killed; three times as long
   * where others of the batch are wanted.
   */
  readonly stuckMs: number
  /** A process that has grown by more than this since it loaded is started again between two batches. */
  readonly mostGrowthBytes: number
}

interface Dependencies {
  readonly logger: Logger
  readonly clock: Clock
  /** Called when `ready` or `hasRoom` has changed. */
  readonly changed?: () => void
}

/**
 * Starts the process of a model and keeps it alive. Batches are computed one at a time. A run that does not end costs
 * the legs that are in it: nobody waits for it longer than for a step, and the process is killed and started again. A
 * batch that a process died with is computed again leg by leg, so that only the leg that killed it is lost.
 * @throws GatewayError Config when the model cannot be loaded at first; later faults are mended
 */
export async function createProcessBackend(
  options: ProcessBackendOptions,
  dependencies: Dependencies,
): Promise<ProcessBackend> {
  const { logger, clock } = dependencies
  const mutex = createMutex()
  const closing = new AbortController()
  let model: ModelProcess | undefined = await startProcess(options, dependencies)
  const { maxBatch } = model
  let reborn: Promise<void> = Promise.resolve()
  let unwantedRun = false
  let longWaits = 0
  let renewing = false
  let renewals = 0
  let renewedAt = Number.NEGATIVE_INFINITY
  void guard(model)

  async function guard(living: ModelProcess): Promise<void> {
    const reason = await living.died
    if (closing.signal.aborted || living !== model) return
    model = undefined
    dependencies.changed?.()
    logger.error({ model: options.model, reason }, 'the process of a model died and is restarted')
    reborn = restart()
  }

  /** Native allocators give back little of what a large input took, so memory would grow with the largest of all. */
  async function renewGrown(): Promise<void> {
    if (model === undefined || closing.signal.aborted) return
    const { loadedBytes, bytes } = model.memory
    if (bytes - loadedBytes <= options.mostGrowthBytes || performance.now() - renewedAt < leastRenewalMs) return
    logger.info({ model: options.model, loadedBytes, bytes }, 'the process of a model has grown and is restarted')
    const grown = model
    renewing = true
    model = undefined
    renewals += 1
    renewedAt = performance.now()
    await grown.close()
    reborn = restart(0)
    await reborn
    renewing = false
  }

  async function restart(firstMs = firstRestartMs): Promise<void> {
    for (let waitMs = firstMs; !closing.signal.aborted; waitMs = nextRestartMs(waitMs)) {
      if (waitMs > 0) await pause(waitMs, closing.signal)
      try {
        const born = await startProcess(options, dependencies)
        if (closing.signal.aborted) return born.kill()
        model = born
        dependencies.changed?.()
        void guard(born)
        return
      } catch (error) {
        logger.error({ model: options.model, err: error }, 'a model could not be loaded again')
        renewing = false
        dependencies.changed?.()
      }
    }
  }

  /** One run of the process; nothing when it died with several legs, of which only one need be at fault. */
  async function computeTogether(batch: readonly Work[], control: RunControl): Promise<readonly Outcome[] | undefined> {
    if (model === undefined) return batch.map(work => lost(work, control, clock, 0))
    const startedAt = performance.now()
    const living = model
    const watched = watchWanted(batch, control)
    watched.whenStuck(options.stuckMs, living.kill)
    try {
      return await living.run(batch, control)
    } catch (error) {
      logger.error({ model: options.model, err: error, legs: batch.length }, 'a batch failed with its process')
      if (error instanceof ProcessDied && batch.length > 1) return undefined
      return lostBatch(batch, control, clock, performance.now() - startedAt)
    } finally {
      watched.stop()
    }
  }

  async function compute(batch: readonly Work[], control: RunControl): Promise<readonly Outcome[]> {
    const together = await computeTogether(batch, control)
    if (together !== undefined) return together
    const outcomes: Outcome[] = []
    for (const work of batch) {
      await reborn
      const gone = isAbandoned(work, control, clock)
      const [outcome] = (gone ? undefined : await computeTogether([work], control)) ?? []
      outcomes.push(outcome ?? lost(work, control, clock, 0))
    }
    return outcomes
  }

  function markUnwanted(now: boolean): void {
    if (unwantedRun === now) return
    unwantedRun = now
    dependencies.changed?.()
  }

  /** Logs that a batch waits for its turn, once that has taken long; gives what ends it. */
  function waitLong(batch: readonly Work[], control: RunControl): () => void {
    let resumes: readonly (() => void)[] | undefined
    const timer = setTimeout(() => {
      longWaits += 1
      resumes = batch.map(work => control.waits?.(work.legId) ?? ignore)
      dependencies.changed?.()
    }, longWaitMs)
    return () => {
      clearTimeout(timer)
      if (resumes === undefined) return
      longWaits -= 1
      for (const resume of resumes) resume()
      dependencies.changed?.()
    }
  }

  async function run(batch: readonly Work[], control: RunControl): Promise<readonly Outcome[]> {
    const entering = mutex.enter()
    const stopWaiting = waitLong(batch, control)
    const wanted = watchWanted(batch, control)
    let computing: Promise<readonly Outcome[]> | undefined
    try {
      await Promise.race([entering.then(() => reborn), wanted.over])
      stopWaiting()
      if (model === undefined || wanted.isOver()) return lostBatch(batch, control, clock, 0)
      const startedAt = performance.now()
      computing = compute(batch, control)
      const ended = await Promise.race([computing, wanted.overFor(longestStepMs)])
      if (ended !== undefined) return ended
      markUnwanted(true)
      logger.warn({ model: options.model, legs: batch.length }, 'a model is still running for requests that have ended')
      return lostBatch(batch, control, clock, performance.now() - startedAt)
    } finally {
      wanted.stop()
      void leave(entering, computing)
    }
  }

  async function leave(entering: Promise<() => void>, computing: Promise<unknown> | undefined): Promise<void> {
    const leaveMutex = await entering
    await computing
    markUnwanted(false)
    await renewGrown()
    leaveMutex()
  }

  return {
    maxBatch,
    get ready() {
      return (model !== undefined || renewing) && !unwantedRun
    },
    get hasRoom() {
      return longWaits === 0
    },
    get memoryBytes() {
      return model?.memory.bytes ?? 0
    },
    get renewals() {
      return renewals
    },
    run,
    async close() {
      closing.abort()
      await Promise.all([model?.close(), reborn])
    },
  }
}

function nextRestartMs(waitMs: number): number {
  return Math.min(longestRestartMs, Math.max(firstRestartMs, waitMs * 2))
}

function lostBatch(batch: readonly Work[], control: RunControl, clock: Clock, computeMs: number): readonly Outcome[] {
  const shares = shareTime(
    computeMs,
    batch.map(() => 1),
  )
  return batch.map((work, place) => lost(work, control, clock, shares[place] ?? 0))
}

/** The outcome of a leg that was not computed to its end. */
function lost(work: Work, control: RunControl, clock: Clock, computeMs: number): Outcome {
  const usage = computeMs > 0 ? { computeMs, estimated: true } : {}
  if (isAbandoned(work, control, clock)) return abandoned(work, clock, usage)
  return { kind: 'failed', reason: 'bug', message: 'the process of the model failed', usage }
}

function ignore(): void {}

async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  await sleep(waitMs, undefined, { signal, ref: false }).catch(() => undefined)
}
