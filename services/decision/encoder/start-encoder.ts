import { GatewayError } from '#services/contract/errors'
import { builtEntry } from '#services/platform/process/built-entry'
import { startComputingProcess } from '#services/platform/process/computing-process'
import type { EncoderOrder, FromEncoder } from './encoder-process.ts'

/** One life of an encoder's process. */
export interface EncoderLife {
  readonly dimensions: number
  /** Resolves when the process is no more. */
  readonly died: Promise<string>
  encode(text: string): Promise<Float32Array>
  kill(): void
}

interface Waiting {
  readonly resolve: (values: Float32Array) => void
  readonly reject: (error: Error) => void
}

/** What an encoder's process is started with. */
export interface EncoderOptions {
  readonly packFolder: string
  /** Word pieces that are read of a text. */
  readonly tokens: number
  /** Time without an answer, while texts wait, after which the process is killed. */
  readonly stuckMs: number
}

/**
 * Starts an encoder's process. It keeps this process alive while a call waits for it.
 * @throws GatewayError Config when it cannot be loaded
 */
export async function startEncoder({ packFolder, tokens, stuckMs }: EncoderOptions): Promise<EncoderLife> {
  const waiting = new Map<number, Waiting>()
  let loaded!: (message: FromEncoder) => void
  const loading = new Promise<FromEncoder>(resolve => (loaded = resolve))
  let stuck: NodeJS.Timeout | undefined
  let ended = false
  let asked = 0

  const child = startComputingProcess<EncoderOrder, FromEncoder>({
    entry: builtEntry(import.meta.url, 'encoder-process'),
    parameters: [packFolder, String(tokens)],
    onMessage(message) {
      if (message.kind === 'ready' || message.kind === 'load-failed') return loaded(message)
      const one = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.kind === 'vector') one?.resolve(message.values)
      else one?.reject(new Error('the encoder failed on a text'))
      watch()
    },
  })

  /** Starts the time for the next answer, where one is waited for. */
  function watch(): void {
    clearTimeout(stuck)
    child.stay(waiting.size > 0)
    if (waiting.size > 0) stuck = setTimeout(child.kill, stuckMs)
  }

  async function onExit(): Promise<void> {
    await child.died
    ended = true
    clearTimeout(stuck)
    for (const one of waiting.values()) one.reject(new Error('the encoder has ended'))
    waiting.clear()
  }
  void onExit()

  const found = await Promise.race([loading, child.died])
  if (typeof found === 'string' || found.kind !== 'ready') {
    child.kill()
    const why = typeof found !== 'string' && found.kind === 'load-failed' ? found.message : 'its process died'
    throw new GatewayError('Config', `encoder ${packFolder}: it cannot be loaded (${why})`)
  }
  child.stay(false)
  return {
    dimensions: found.dimensions,
    died: child.died,
    kill: child.kill,
    encode(text) {
      if (ended) return Promise.reject(new Error('the encoder has ended'))
      asked += 1
      const id = asked
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        if (waiting.size === 1) watch()
        child.send({ id, text })
      })
    },
  }
}
