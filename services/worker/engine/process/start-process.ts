import type { Logger } from 'pino'
import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'
import type { LegId } from '#services/contract/ids'
import { startComputingProcess } from '#services/platform/process/computing-process'
import type { RunControl } from '#services/backends/backend'
import type { Outcome, Work } from '#services/backends/work'
import type { FromModel, ModelOrder, ToModel } from './messages.ts'
import { closeProcessMs } from '#services/worker/timings'

/** What a model's process needs to know. */
export interface ProcessOptions extends Omit<ModelOrder, 'logLevel'> {
  /** Built JavaScript of `model-process`. */
  readonly entry: string
}

/** One life of a model's process. */
export interface ModelProcess {
  readonly maxBatch: number
  /** Memory that is its own, after loading and after its last batch. */
  readonly memory: { readonly loadedBytes: number; readonly bytes: number }
  /** Resolves with the reason when the process is no more. */
  readonly died: Promise<string>
  /**
   * Computes one batch; the caller waits for its end before the next. Rejects with {@link ProcessDied} when the
   * process dies, with another error when the run throws.
   */
  run(batch: readonly Work[], control: RunControl): Promise<readonly Outcome[]>
  /** Lets the model go; ends the process by force after five seconds. */
  close(): Promise<void>
  /** Ends the process by force, with whatever it computes. */
  kill(): void
}

/** A process that ended with a batch at work. */
export class ProcessDied extends Error {}

interface Run {
  readonly control: RunControl
  /** Pieces of text that are being handed on, in order. */
  handing: Promise<void>
  readonly resolve: (outcomes: readonly Outcome[]) => void
  readonly reject: (error: Error) => void
}

/**
 * Starts a process and waits until its model is loaded.
 * @throws GatewayError Config when the model cannot be loaded
 */
export async function startProcess(
  options: ProcessOptions,
  dependencies: { readonly logger: Logger; readonly clock: Clock },
): Promise<ModelProcess> {
  const { entry, ...order } = options
  const { logger } = dependencies
  let current: Run | undefined
  let causeOfDeath: Error | undefined
  let memoryBytes = 0
  let loaded!: (message: Extract<FromModel, { kind: 'ready' | 'load-failed' }>) => void
  const loading = new Promise<Parameters<typeof loaded>[0]>(resolve => (loaded = resolve))
  const child = startComputingProcess<ToModel, FromModel>({ entry, onMessage })

  async function onExit(): Promise<void> {
    causeOfDeath = new ProcessDied(`the process of ${options.model} died: ${await child.died}`)
    current?.reject(causeOfDeath)
  }
  void onExit()

  function hand(to: Run, { legId, text, of }: Extract<FromModel, { kind: 'delta' }>): void {
    to.handing = to.handing
      .then(() => untilAborted(to.control.onDelta(legId, text, of), to.control.signal(legId)))
      .catch((error: unknown) => logger.warn({ err: error, legId }, 'a piece of text could not be handed on'))
      .finally(() => child.send({ kind: 'delta-taken', legId }))
  }

  function onMessage(message: FromModel): void {
    if (message.kind === 'log') relay(logger, message.line)
    else if (message.kind === 'ready' || message.kind === 'load-failed') loaded(message)
    else if (current !== undefined) settleRun(current, message)
  }

  function settleRun(waiting: Run, message: Extract<FromModel, { kind: 'delta' | 'ended' | 'threw' }>): void {
    if (message.kind === 'delta') hand(waiting, message)
    else if (message.kind === 'ended') {
      memoryBytes = message.memoryBytes
      waiting.control.ran?.(message.startedAt, message.endedAt)
      void waiting.handing.finally(() => waiting.resolve(message.outcomes))
    } else waiting.reject(new Error(`the model threw: ${message.stack}`))
  }

  async function run(batch: readonly Work[], control: RunControl): Promise<readonly Outcome[]> {
    if (causeOfDeath !== undefined) throw causeOfDeath
    child.send({ kind: 'run', batch, nowMs: dependencies.clock.now() })
    const stopWatching = watch(batch, control, legId => child.send({ kind: 'unwanted', legId }))
    try {
      return await new Promise((resolve, reject) => {
        current = { control, handing: Promise.resolve(), resolve, reject }
      })
    } finally {
      current = undefined
      stopWatching()
    }
  }

  async function close(): Promise<void> {
    child.send({ kind: 'close' })
    const timer = setTimeout(child.kill, closeProcessMs)
    await child.died
    clearTimeout(timer)
  }

  child.send({ kind: 'load', order: { ...order, logLevel: logger.level } })
  const found = await Promise.race([loading, child.died])
  if (typeof found === 'string') {
    throw new GatewayError('Config', `model ${options.model}: its process died while loading (${found})`)
  }
  if (found.kind === 'ready') {
    const loadedBytes = found.memoryBytes
    memoryBytes = loadedBytes
    return {
      maxBatch: found.maxBatch,
      get memory() {
        return { loadedBytes, bytes: memoryBytes }
      },
      died: child.died,
      run,
      close,
      kill: child.kill,
    }
  }
  child.kill()
  throw new GatewayError('Config', `model ${options.model}: ${found.message}`)
}

/** Carries the abort of each leg's signal into the process; gives what ends the watch. */
function watch(batch: readonly Work[], control: RunControl, onAborted: (legId: LegId) => void): () => void {
  const watches = batch.map(({ legId }) => {
    const signal = control.signal(legId)
    const give = (): void => onAborted(legId)
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
    return () => signal.removeEventListener('abort', give)
  })
  return () => watches.forEach(stop => stop())
}

async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return work.catch(() => undefined)
  let stop!: () => void
  const aborted = new Promise<void>(resolve => {
    stop = resolve
    signal.addEventListener('abort', stop, { once: true })
  })
  await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', stop))
}

function relay(logger: Logger, line: string): void {
  const { level, msg, ...fields } = JSON.parse(line) as { level: number; msg?: string } & Record<string, unknown>
  delete fields['time']
  const name = logger.levels.labels[level]
  if (name === 'fatal' || name === 'error') logger.error(fields, msg)
  else if (name === 'warn') logger.warn(fields, msg)
  else if (name === 'info') logger.info(fields, msg)
  else logger.debug(fields, msg)
}
