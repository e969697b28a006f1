import type { Backend, RunControl } from '../backend.ts'
import { openPages, type Picture } from '#services/media/open-pages'
import { MediaError } from '#services/media/media-error'
import { loadOcr, type OcrModel } from './ocr-model.ts'
import { createSessionLoader } from '../onnx/session-loader.ts'
import { interpretReading, type ReadPage } from './recognise/reading.ts'
import type { Outcome, Work } from '#services/backends/work'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { abandoned, badInput, isAbandoned } from '../end-leg.ts'
import { orientPage } from './orient-page.ts'
import { readLines } from './read-lines.ts'

/** PP-OCR in ONNX: a detector of lines and a recogniser. */
export interface OcrSpec {
  readonly kind: 'ocr'
  readonly pack: string
  /** Pack of another detector than that of `pack`. */
  readonly detectorPack?: string
  /** The longer side of a page as the detector sees it at first; it enlarges small print. */
  readonly longestSide: number
  /** Detects a second time at half the size, enlarges small pictures, and reads doubtful lines twice. */
  readonly multiScale?: boolean
  /** Largest page that is taken, in millions of pixels. @default 40 */
  readonly imageMegapixels?: number
  /** Pages of a file, or frames of an animation, that are read; an answer names those that were not. @default 32 */
  readonly pages?: number
  /**
   * Most that the detector sees of one page at once, in millions of pixels; larger pages are seen smaller.
   * @default 24
   */
  readonly detectorMegapixels?: number
}

/** Loads PP-OCR: pages → lines found, the right way up → lines read → text with its signs. */
export async function createOcrBackend(spec: OcrSpec, dependencies: BackendDependencies): Promise<Backend> {
  const { packPath } = dependencies
  const folders = {
    folder: packPath(spec.pack),
    ...(spec.detectorPack !== undefined && { detectorFolder: packPath(spec.detectorPack) }),
  }
  const model = await loadOcr(folders, createSessionLoader(dependencies, dependencies))
  return {
    // One at a time: lines of several pictures in common batches are read no faster, and the first would wait for
    // the last.
    maxBatch: 1,
    async run(batch, control) {
      const outcomes: Outcome[] = []
      for (const work of batch) outcomes.push(await readWork(work, control, { spec, dependencies, model }))
      return outcomes
    },
    close: () => model.close(),
  }
}

interface Parts {
  readonly spec: OcrSpec
  readonly dependencies: BackendDependencies
  readonly model: OcrModel
}

async function readWork(work: Work, control: RunControl, parts: Parts): Promise<Outcome> {
  const { clock } = parts.dependencies
  const startedAt = performance.now()
  const unwanted = (): boolean => isAbandoned(work, control, clock)
  const usage = () => ({ images: 1, computeMs: Math.ceil(performance.now() - startedAt) })
  try {
    if (unwanted()) return abandoned(work, clock, usage())
    const { pages, count, animated } = await readPages(imageOf(work), parts, unwanted)
    if (unwanted()) return abandoned(work, clock, usage())
    const { text, rawConfidence, signals, caveats } = interpretReading(pages, count, animated)
    const output = { kind: 'text' as const, text }
    return {
      kind: 'done',
      result: { output, rawConfidence, signals, ...(caveats.length > 0 && { caveats }), usage: usage() },
    }
  } catch (error) {
    if (error instanceof MediaError) return badInput(error.message, usage())
    throw error
  }
}

/** Reads the pages of a file one by one, so that one at a time is in memory. */
async function readPages(
  bytes: Uint8Array,
  { spec, model }: Parts,
  unwanted: () => boolean,
): Promise<{ readonly pages: readonly ReadPage[]; readonly count: number; readonly animated: boolean }> {
  const file = await openPages(bytes, spec.imageMegapixels ?? 40)
  const pages: ReadPage[] = []
  let before: Picture | undefined
  let repeated = 0
  for (let page = 0; page < file.readable && pages.length < (spec.pages ?? 32) && !unwanted(); page++) {
    const picture = await file.load(page)
    if (file.animated && before !== undefined && showsTheSame(before, picture)) {
      repeated += 1
      continue
    }
    before = picture
    pages.push(await readPage(picture, spec, model, unwanted))
  }
  return { pages, count: file.count - repeated, animated: file.animated }
}

async function readPage(picture: Picture, spec: OcrSpec, model: OcrModel, unwanted: () => boolean): Promise<ReadPage> {
  const multiScale = spec.multiScale === true
  const options = {
    longestSide: spec.longestSide,
    multiScale,
    detectorMegapixels: spec.detectorMegapixels ?? 24,
  }
  const { boxes, ...page } = await orientPage(model, picture, options, unwanted)
  const lines = boxes.map(box => box.corners)
  const texts = await readLines(model, { picture: page.picture, lines, secondLook: multiScale, unwanted })
  return {
    lines: boxes.map((box, index) => ({ ...texts[index]!, corners: box.corners, boxScore: box.score })),
    megapixels: (picture.width * picture.height) / 1e6,
    textPeak: page.textPeak,
    orientationSure: page.orientationSure,
    tooSmall: page.tooSmall,
    uncoveredRatio: page.uncoveredRatio,
  }
}

function showsTheSame(before: Picture, now: Picture): boolean {
  return before.data.length === now.data.length && Buffer.compare(before.data, now.data) === 0
}

function imageOf(work: Work): Uint8Array {
  const images = work.parts.filter(part => part.kind === 'image')
  const [part] = images
  if (part === undefined || images.length > 1 || part.kind !== 'image')
    throw new MediaError('reading takes exactly one image part')
  return part.bytes
}
