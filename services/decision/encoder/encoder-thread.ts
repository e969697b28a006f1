import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession } from 'onnxruntime-node'
import { loadEmbeddingModel } from './embedding-model.ts'
import { readWordPieces } from './word-pieces.ts'

/** What the thread is started with. */
export interface EncoderThreadData {
  readonly packFolder: string
  readonly tokens: number
}

/** What the thread says: first that it is ready, then a vector or a fault a text. */
export type EncoderThreadMessage =
  | { readonly kind: 'ready'; readonly dimensions: number }
  | { readonly kind: 'vector'; readonly id: number; readonly values: Float32Array }
  | { readonly kind: 'fault'; readonly id: number }

const { packFolder, tokens } = workerData as EncoderThreadData
const model = await loadEmbeddingModel(packFolder, {
  load: path =>
    InferenceSession.create(path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    }),
})
const toPieces = readWordPieces(packFolder, tokens)
const say = (message: EncoderThreadMessage): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message)
}

let last = Promise.resolve()
parentPort?.on('message', ({ id, text }: { readonly id: number; readonly text: string }) => {
  last = last.then(() => encode(id, text))
})
say({ kind: 'ready', dimensions: model.dimensions })

async function encode(id: number, text: string): Promise<void> {
  try {
    const [vector] = await model.embed([toPieces(text).ids])
    say({ kind: 'vector', id, values: vector?.values ?? new Float32Array(model.dimensions) })
  } catch {
    // The text that caused it may not be told; whoever waits hears that it failed.
    say({ kind: 'fault', id })
  }
}
