import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Tensor, type InferenceSession } from 'onnxruntime-node'
import { GatewayError } from '#services/contract/errors'
import type { SessionLoader } from '../onnx/session-loader.ts'

/** A plane of numbers of a picture: float32 [1, 3, height, width]. */
export interface PlanesInput {
  readonly values: Float32Array
  readonly width: number
  readonly height: number
}

/** Lines as a batch: float32 [lines, 3, height, width]. */
export interface LinesInput extends PlanesInput {
  readonly lines: number
}

/** What the recogniser gave for each line: float32 [steps, classes], probabilities. */
export interface LineProbabilities {
  readonly rows: readonly Float32Array[]
  readonly classes: number
}

/** The networks of PP-OCR in memory. */
export interface OcrModel {
  /** Characters by class, the first being class 1. */
  readonly dictionary: readonly string[]
  /** float32 [height, width] of the input: probability of text at each pixel. */
  detect(input: PlanesInput): Promise<Float32Array>
  recognise(input: LinesInput): Promise<LineProbabilities>
  /** Probability that each line is upside down. */
  upsideDown(input: LinesInput): Promise<readonly number[]>
  close(): Promise<void>
}

/** Where the networks are: folders of unpacked packs. */
export interface OcrFolders {
  readonly folder: string
  /** Folder of another detector, instead of the one in `folder`. */
  readonly detectorFolder?: string
}

/**
 * Loads detector, recogniser and orientation classifier. Files are known by the part of their name that PaddleOCR
 * gives them: `det`, `rec`, `cls` and `keys`.
 * @throws GatewayError Config when a file is missing or cannot be loaded
 */
export async function loadOcr(folders: OcrFolders, sessions: SessionLoader): Promise<OcrModel> {
  const detector = await sessions.load(
    await findFile(folders.detectorFolder ?? folders.folder, /(^|[_.-])det[_.].*onnx$|^det\.onnx$/i),
  )
  const recogniser = await sessions.load(await findFile(folders.folder, /(^|[_.-])rec[_.].*onnx$|^rec\.onnx$/i))
  const classifier = await sessions.load(await findFile(folders.folder, /(^|[_.-])cls[_.].*onnx$|^cls\.onnx$/i))
  const keys = await readFile(await findFile(folders.folder, /keys.*\.txt$/i), 'utf8')
  // The recogniser's last class is the space, which the list of keys cannot hold.
  const dictionary = [...keys.replace(/\r?\n$/, '').split(/\r?\n/), ' ']

  return {
    dictionary,
    async detect(input) {
      const output = await runOnce(detector, new Tensor('float32', input.values, [1, 3, input.height, input.width]))
      return output.data as Float32Array
    },
    async recognise(input) {
      const output = await runOnce(recogniser, linesTensor(input))
      const [, steps = 0, classes = 0] = output.dims
      const data = output.data as Float32Array
      const size = steps * classes
      return {
        rows: Array.from({ length: input.lines }, (_, line) => data.subarray(line * size, (line + 1) * size)),
        classes,
      }
    },
    async upsideDown(input) {
      const output = await runOnce(classifier, linesTensor(input))
      const data = output.data as Float32Array
      return Array.from({ length: input.lines }, (_, line) => data[line * 2 + 1] ?? 0)
    },
    async close() {
      await Promise.all([detector.release(), recogniser.release(), classifier.release()])
    },
  }
}

function linesTensor(input: LinesInput): Tensor {
  return new Tensor('float32', input.values, [input.lines, 3, input.height, input.width])
}

/** Runs a network of one input and one output. */
async function runOnce(session: InferenceSession, input: Tensor): Promise<Tensor> {
  const output = await session.run({ [session.inputNames[0] ?? 'x']: input })
  const tensor = output[session.outputNames[0] ?? '']
  if (tensor === undefined) throw new Error('the network gave no output')
  return tensor
}

async function findFile(folder: string, pattern: RegExp): Promise<string> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new GatewayError('Config', `the model pack ${folder} cannot be read`, {}, { cause: error })
  })
  const [name] = names.filter(candidate => pattern.test(candidate)).toSorted()
  if (name === undefined)
    throw new GatewayError('Config', `the model pack ${folder} has no file like ${pattern.source}`)
  return join(folder, name)
}
