import { InferenceSession } from 'onnxruntime-node'
import { serveParent } from '#services/platform/process/serve-parent'
import { loadEmbeddingModel } from './embedding-model.ts'
import { readWordPieces } from './word-pieces.ts'

/** A text to be encoded. */
export interface EncoderOrder {
  readonly id: number
  readonly text: string
}

/** What the process says: first that it is ready or why not, then a vector or a fault for each text. */
export type FromEncoder =
  | { readonly kind: 'ready'; readonly dimensions: number }
  | { readonly kind: 'load-failed'; readonly message: string }
  | { readonly kind: 'vector'; readonly id: number; readonly values: Float32Array }
  | { readonly kind: 'fault'; readonly id: number }

const [packFolder = '', tokens = ''] = process.argv.slice(2)

type Encode = (text: string) => Promise<Float32Array>

let last = Promise.resolve()
const opening = open()
const parent = serveParent<FromEncoder>(order => {
  const { id, text } = order as EncoderOrder
  last = last.then(() => answer(id, text))
})

async function open(): Promise<Encode | undefined> {
  try {
    const model = await loadEmbeddingModel(packFolder, {
      load: path =>
        InferenceSession.create(path, {
          executionProviders: ['cpu'],
          intraOpNumThreads: 1,
          interOpNumThreads: 1,
          logSeverityLevel: 3,
        }),
    })
    const toPieces = readWordPieces(packFolder, Number(tokens))
    parent.send({ kind: 'ready', dimensions: model.dimensions })
    return async text => {
      const [vector] = await model.embed([toPieces(text).ids])
      return vector?.values ?? new Float32Array(model.dimensions)
    }
  } catch (error) {
    parent.send({ kind: 'load-failed', message: error instanceof Error ? error.message : 'unknown fault' })
    return undefined
  }
}

async function answer(id: number, text: string): Promise<void> {
  const encode = await opening
  try {
    const values = await encode?.(text)
    parent.send(values === undefined ? { kind: 'fault', id } : { kind: 'vector', id, values })
  } catch {
    // The message is withheld, since it may quote the text; the caller learns that it failed.
    parent.send({ kind: 'fault', id })
  }
}
