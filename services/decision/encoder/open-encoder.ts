import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { GatewayError } from '#services/contract/errors'
import type { EncoderThreadData, EncoderThreadMessage } from './encoder-thread.ts'
import type { TextEncoder } from './text-encoder.ts'

interface Waiting {
  readonly resolve: (values: Float32Array) => void
  readonly reject: (error: Error) => void
}

/** Word pieces that are read of a text unless said otherwise: what MiniLM was trained on. */
const usualTokens = 256

/**
 * Opens the encoder of an unpacked pack in a thread of its own, since a run holds the thread that it runs on for milliseconds. The
 * caller owns it and closes it. @throws GatewayError Config when the pack is not there or cannot be loaded
 */
export async function openEncoder(packFolder: string, tokens = usualTokens): Promise<TextEncoder> {
  const sha256 = await identityOf(packFolder)
  const data: EncoderThreadData = { packFolder, tokens }
  const thread = new Worker(threadEntry(), { workerData: data })
  const waiting = new Map<number, Waiting>()
  const letGo = (error: Error): void => {
    for (const one of waiting.values()) one.reject(error)
    waiting.clear()
  }
  const dimensions = await readyDimensions(thread, packFolder)
  let asked = 0
  let ended = false
  thread.on('message', (message: EncoderThreadMessage) => {
    if (message.kind === 'ready') return
    const one = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.kind === 'vector') one?.resolve(message.values)
    else one?.reject(new Error('the encoder failed on a text'))
  })
  thread.on('error', letGo)
  thread.on('exit', () => {
    ended = true
    letGo(new Error('the encoder has ended'))
  })
  // Nothing under way should keep a process that has ended its work.
  thread.unref()
  return {
    identity: { pack: basename(packFolder), sha256, tokens, dimensions },
    encode(text) {
      if (ended) return Promise.reject(new Error('the encoder has ended'))
      asked += 1
      const id = asked
      return new Promise<Float32Array>((resolve, reject) => {
        waiting.set(id, { resolve: settled(thread, waiting, resolve), reject: settled(thread, waiting, reject) })
        thread.ref()
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        thread.postMessage({ id, text })
      })
    },
    async close() {
      await thread.terminate()
    },
  }
}

/** While somebody waits the thread keeps the process; then no more. */
function settled<Value>(
  thread: Worker,
  waiting: ReadonlyMap<number, Waiting>,
  settle: (value: Value) => void,
): (value: Value) => void {
  return value => {
    if (waiting.size === 0) thread.unref()
    settle(value)
  }
}

function readyDimensions(thread: Worker, packFolder: string): Promise<number> {
  return new Promise((resolve, reject) => {
    thread.once('message', (message: EncoderThreadMessage) => {
      resolve(message.kind === 'ready' ? message.dimensions : 0)
    })
    thread.once('error', error => {
      reject(new GatewayError('Config', `encoder ${packFolder}: it cannot be loaded`, {}, { cause: error }))
    })
  })
}

/** Node 20 runs no TypeScript in a thread, so sources run from a checkout (tests) use the build beside them. @throws GatewayError Config */
function threadEntry(): URL {
  const here = import.meta.url
  const entry = here.endsWith('.ts')
    ? new URL('../../../dist/services/decision/encoder/encoder-thread.js', here)
    : new URL('./encoder-thread.js', here)
  if (!existsSync(entry)) throw new GatewayError('Config', 'the encoder runs built code: build the project first')
  return entry
}

/** SHA-256 over the weights that run and the tokenizer. @throws GatewayError Config when they are not there */
async function identityOf(packFolder: string): Promise<string> {
  const weights = ['onnx/model_quantized.onnx', 'onnx/model.onnx'].find(name => existsSync(join(packFolder, name)))
  if (weights === undefined) throw new GatewayError('Config', `encoder ${packFolder}: there is no such pack`)
  const hash = createHash('sha256')
  for (const name of [weights, 'tokenizer.json']) {
    for await (const piece of createReadStream(join(packFolder, name))) hash.update(piece as Uint8Array)
  }
  return hash.digest('hex')
}
