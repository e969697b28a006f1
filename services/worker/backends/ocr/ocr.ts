import type { Backend, RunControl } from '../backend.ts'
import { encodeForDetector, type DetectorScale } from './detect/detector-input.ts'
import { loadPicture, type Picture } from './load-picture.ts'
import { MediaError } from '#services/media/media-error'
import { loadOcr, type OcrModel } from './ocr-model.ts'
import { createSessionLoader } from '../onnx/session-loader.ts'
import { mergeBoxes } from './detect/merge-boxes.ts'
import { interpretReading } from './recognise/reading.ts'
import { findTextBoxes, type TextBox } from './detect/text-boxes.ts'
import type { Outcome, Work } from '#services/worker/states'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { abandoned, badInput, isAbandoned } from '../end-leg.ts'
import { readLines, type LineText } from './read-lines.ts'
import { shareTime } from '../share-time.ts'

/** PP-OCR in ONNX: a detector of lines and a recogniser. */
export interface OcrSpec {
  readonly kind: 'ocr'
  readonly pack: string
  /** Pack of another detector than that of `pack`. */
  readonly detectorPack?: string
  /** The longer side of the picture as the detector sees it. */
  readonly longestSide: number
  /** Detects a second time at half the size, enlarges small pictures, and looks twice at doubtful lines. */
  readonly multiScale?: boolean
  /** Largest picture that is taken; 40 when absent. */
  readonly imageMegapixels?: number
}

/** Small print in a small picture: the larger rung sees it at up to twice its size. */
const multiScaleEnlarge = 2
/** Pictures whose lines are recognised in common batches. */
const batchPictures = 4

/** Loads PP-OCR: picture → lines found → lines read → text with its signs. */
export async function createOcrBackend(spec: OcrSpec, dependencies: BackendDependencies): Promise<Backend> {
  const { packPath } = dependencies
  const folders = {
    folder: packPath(spec.pack),
    ...(spec.detectorPack !== undefined && { detectorFolder: packPath(spec.detectorPack) }),
  }
  const model = await loadOcr(folders, createSessionLoader(dependencies, dependencies))
  return {
    maxBatch: batchPictures,
    run: (batch, control) => readBatch(batch, control, { spec, dependencies, model }),
    close: () => model.close(),
  }
}

interface Parts {
  readonly spec: OcrSpec
  readonly dependencies: BackendDependencies
  readonly model: OcrModel
}

/** What was found on the picture of one leg, before it is read. */
type Found =
  | {
      readonly kind: 'lines'
      readonly picture: Picture
      readonly boxes: readonly TextBox[]
      readonly textPeak: number
      readonly ownMs: number
    }
  | { readonly kind: 'failed'; readonly message: string; readonly ownMs: number }
  | { readonly kind: 'abandoned'; readonly ownMs: number }

async function readBatch(batch: readonly Work[], control: RunControl, parts: Parts): Promise<readonly Outcome[]> {
  const { clock } = parts.dependencies
  const startedAt = performance.now()
  const found: Found[] = []
  for (const work of batch)
    found.push(isAbandoned(work, control, clock) ? { kind: 'abandoned', ownMs: 0 } : await find(work, parts))

  const orders = found.flatMap((leg, place) => {
    if (leg.kind !== 'lines') return []
    const unwanted = (): boolean => isAbandoned(batch[place]!, control, clock)
    return leg.boxes.map(box => ({ picture: leg.picture, corners: box.corners, unwanted }))
  })
  const readingAt = performance.now()
  const texts = await readLines(parts.model, orders, parts.spec.multiScale === true)
  const endedAt = performance.now()

  const perLineMs = (endedAt - readingAt) / Math.max(1, orders.length)
  const weights = found.map(leg => leg.ownMs + (leg.kind === 'lines' ? leg.boxes.length * perLineMs : 0))
  const shares = shareTime(endedAt - startedAt, weights)
  let from = 0
  return batch.map((work, place) => {
    const leg = found[place]!
    const lines = leg.kind === 'lines' ? texts.slice(from, (from += leg.boxes.length)) : []
    const usage = { images: 1, computeMs: shares[place]! }
    if (leg.kind === 'failed') return badInput(leg.message, usage)
    if (leg.kind === 'abandoned' || isAbandoned(work, control, clock)) return abandoned(work, clock, usage)
    return { kind: 'done', result: { ...resultOf(leg, lines), usage } }
  })
}

function resultOf(leg: Extract<Found, { kind: 'lines' }>, texts: readonly LineText[]) {
  const lines = leg.boxes.map((box, index) => ({ ...texts[index]!, corners: box.corners, boxScore: box.score }))
  const megapixels = (leg.picture.width * leg.picture.height) / 1e6
  const { text, rawConfidence, signals } = interpretReading(lines, { megapixels, textPeak: leg.textPeak })
  return { output: { kind: 'text' as const, text }, rawConfidence, signals }
}

async function find(work: Work, { spec, model }: Parts): Promise<Found> {
  const startedAt = performance.now()
  try {
    const picture = await loadPicture(imageOf(work), spec.imageMegapixels ?? 40)
    const passes: (readonly TextBox[])[] = []
    let textPeak = 0
    for (const scale of scalesOf(spec)) {
      const input = await encodeForDetector(picture, scale)
      const values = await model.detect(input)
      passes.push(findTextBoxes({ values, width: input.width, height: input.height }, picture))
      textPeak = values.reduce((peak, value) => Math.max(peak, value), textPeak)
    }
    return { kind: 'lines', picture, boxes: mergeBoxes(passes), textPeak, ownMs: performance.now() - startedAt }
  } catch (error) {
    if (error instanceof MediaError)
      return { kind: 'failed', message: error.message, ownMs: performance.now() - startedAt }
    throw error
  }
}

/** Fine first: it finds small print; the coarse pass adds large letters that the fine one tears apart. */
function scalesOf(spec: OcrSpec): readonly DetectorScale[] {
  if (spec.multiScale !== true) return [{ longestSide: spec.longestSide, enlarge: 1 }]
  return [
    { longestSide: spec.longestSide, enlarge: multiScaleEnlarge },
    { longestSide: spec.longestSide / 2, enlarge: 1 },
  ]
}

function imageOf(work: Work): Uint8Array {
  const images = work.parts.filter(part => part.kind === 'image')
  const [part] = images
  if (part === undefined || images.length > 1 || part.kind !== 'image')
    throw new MediaError('reading takes exactly one image part')
  return part.bytes
}
