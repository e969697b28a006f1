import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import type { LegId } from '#services/contract/ids'
import type { RunControl } from '#services/worker/backends/backend'
import type { Outcome, Work } from '#services/worker/states'
import type { BackendSpec } from '#services/worker/backends/create-backend'
import { batchPlaces, type FromThread, type ThreadBirth, type ToThread } from './messages.ts'
import { transferableMedia } from './transfer-media.ts'

/** What a model's thread needs to know. */
export interface ThreadOptions {
  readonly model: string
  readonly spec: BackendSpec
  readonly packPaths: Readonly<Record<string, string>>
  readonly executionProviders: readonly string[]
  readonly threads: number
  /** Built JavaScript of `model-thread`. */
  readonly entry: URL
}

/** One life of a model's thread. */
export interface ModelThread {
  readonly maxBatch: number
  /** Resolves with the reason when the thread is no more. */
  readonly died: Promise<string>
  /** Computes one batch; the caller waits for its end before the next. Takes the media: their buffers are moved. Rejects when the run throws or the thread dies. */
  run(batch: readonly Work[], control: RunControl): Promise<readonly Outcome[]>
  /** Lets the model go; ends the thread by force after five seconds. */
  close(): Promise<void>
  /** Ends the thread by force, with whatever it computes. */
  kill(): Promise<void>
}

/** How long a thread may take to let its model go. */
const closeMs = 5000

interface Run {
  readonly control: RunControl
  /** Pieces of text that are being handed on, in order. */
  handing: Promise<void>
  readonly resolve: (outcomes: readonly Outcome[]) => void
  readonly reject: (error: Error) => void
}

/**
 * Starts a thread and waits until its model is loaded.
 * @throws GatewayError Config when the model cannot be loaded
 */
export async function startThread(
  options: ThreadOptions,
  dependencies: { readonly logger: Logger },
): Promise<ModelThread> {
  const { entry, ...rest } = options
  const unwanted = new Int32Array(new SharedArrayBuffer(batchPlaces * Int32Array.BYTES_PER_ELEMENT))
  const birth: ThreadBirth = { ...rest, unwanted, logLevel: dependencies.logger.level }
  const worker = new Worker(entry, { name: options.model, workerData: birth, execArgv: [] })
  const say = (message: ToThread, transfer: readonly ArrayBuffer[] = []): void => worker.postMessage(message, transfer)
  let current: Run | undefined
  let causeOfDeath: Error | undefined

  const died = new Promise<string>(resolve => {
    worker.once('error', (error: unknown) => resolve(error instanceof Error ? error.message : 'unknown fault'))
    worker.once('exit', code => resolve(`exit code ${code}`))
  })
  async function mourn(): Promise<void> {
    causeOfDeath = new Error(`the thread of ${options.model} died: ${await died}`)
    current?.reject(causeOfDeath)
  }
  void mourn()

  function hand(to: Run, legId: LegId, text: string): void {
    to.handing = to.handing
      .then(() => untilAborted(to.control.onDelta(legId, text), to.control.signal(legId)))
      .catch((error: unknown) =>
        dependencies.logger.warn({ err: error, legId }, 'a piece of text could not be handed on'),
      )
      .finally(() => say({ kind: 'delta-taken', legId }))
  }

  function heard(message: FromThread): void {
    if (message.kind === 'log') relay(dependencies.logger, message.line)
    else if (current !== undefined) tell(current, message)
  }

  function tell(waiting: Run, message: FromThread): void {
    if (message.kind === 'delta') hand(waiting, message.legId, message.text)
    else if (message.kind === 'ended') {
      waiting.control.ran?.(message.startedAt, message.endedAt)
      void waiting.handing.finally(() => waiting.resolve(message.outcomes))
    } else if (message.kind === 'threw') waiting.reject(new Error(`the model threw: ${message.stack}`))
  }

  worker.on('message', heard)
  const maxBatch = await untilLoaded(worker, options.model, died)

  async function run(batch: readonly Work[], control: RunControl): Promise<readonly Outcome[]> {
    if (causeOfDeath !== undefined) throw causeOfDeath
    const stopWatching = watch(batch, control, unwanted, legId => say({ kind: 'unwanted', legId }))
    try {
      return await new Promise((resolve, reject) => {
        current = { control, handing: Promise.resolve(), resolve, reject }
        say({ kind: 'run', batch }, transferableMedia(batch))
      })
    } finally {
      current = undefined
      stopWatching()
    }
  }

  async function kill(): Promise<void> {
    await worker.terminate()
  }

  async function close(): Promise<void> {
    say({ kind: 'close' })
    const timer = setTimeout(() => void kill(), closeMs)
    await died
    clearTimeout(timer)
  }

  return { maxBatch: Math.min(maxBatch, batchPlaces), died, run, close, kill }
}

async function untilLoaded(worker: Worker, model: string, died: Promise<string>): Promise<number> {
  const loaded = new Promise<number>((resolve, reject) => {
    worker.on('message', function first(message: FromThread) {
      if (message.kind === 'ready') resolve(message.maxBatch)
      else if (message.kind === 'load-failed') reject(new GatewayError('Config', `model ${model}: ${message.message}`))
      else return
      worker.off('message', first)
    })
  })
  const dead = died.then(reason => {
    throw new GatewayError('Config', `model ${model}: its thread died while loading (${reason})`)
  })
  return Promise.race([loaded, dead])
}

/** Carries the abort of each leg's signal into the thread; gives what ends the watch. */
function watch(
  batch: readonly Work[],
  control: RunControl,
  unwanted: Int32Array<SharedArrayBuffer>,
  tell: (legId: LegId) => void,
): () => void {
  const watches = batch.map((work, place) => {
    const signal = control.signal(work.legId)
    const give = (): void => {
      Atomics.store(unwanted, place, 1)
      tell(work.legId)
    }
    Atomics.store(unwanted, place, signal.aborted ? 1 : 0)
    signal.addEventListener('abort', give, { once: true })
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
