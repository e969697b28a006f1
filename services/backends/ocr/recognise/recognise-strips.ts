import { encodeLines } from './line-input.ts'
import type { Picture } from '#services/media/open-pages'
import type { Strip } from './cut-line.ts'
import { columnsOf, splitStrip, type Piece } from './split-strip.ts'
import { measureInk } from './strip-ink.ts'
import type { OcrModel } from '../ocr-model.ts'
import { bestPath, decodePath, emptyText, joinPaths, stepPixels, type BestPath, type RecognisedText } from './ctc.ts'

/**
 * Strips of a batch. Measured on two cores, 24 lines of 700 pixels: 25 ms a line alone, 23 in pairs, 25 in fours,
 * 33 in eights.
 */
const batchStrips = 4
/** Width that the orientation classifier was trained with. @source PaddleOCR `cls_image_shape` 3, 48, 192 */
const orientationWidth = 192
/** Strips that the orientation classifier takes in one run. */
const orientationBatch = 64

/**
 * Reads strips in batches of similar width, one text a strip, in order. Wide ones are read in pieces. Unread ones
 * are empty.
 */
export async function recogniseStrips(
  model: OcrModel,
  strips: readonly Strip[],
  unwanted: () => boolean,
): Promise<readonly RecognisedText[]> {
  const pieces = strips.flatMap((strip, place) => splitStrip(strip).map(piece => ({ ...piece, place })))
  const byWidth = pieces.toSorted((a, b) => a.strip.width - b.strip.width)
  const paths = new Map<Piece, BestPath>()
  for (let start = 0; start < byWidth.length && !unwanted(); start += batchStrips) {
    const batch = byWidth.slice(start, start + batchStrips)
    const input = encodeLines(
      batch.map(piece => piece.strip),
      0,
    )
    const { rows, classes } = await model.recognise(input)
    for (const [index, piece] of batch.entries()) {
      // What the batch padded is no part of the line.
      const steps = Math.ceil(piece.strip.width / stepPixels)
      paths.set(piece, bestPath(rows[index]!.subarray(0, steps * classes), classes))
    }
  }
  const ofStrips: Piece[][] = strips.map(() => [])
  for (const piece of pieces) ofStrips[piece.place]!.push(piece)
  return ofStrips.map((own, place) => textOf(strips[place]!, own, paths, model.dictionary))
}

function textOf(
  strip: Strip,
  pieces: readonly Piece[],
  paths: ReadonlyMap<Piece, BestPath>,
  dictionary: readonly string[],
): RecognisedText {
  let whole: BestPath | undefined
  for (const piece of pieces) {
    const path = paths.get(piece)
    if (path === undefined) return emptyText
    whole = whole === undefined ? path : joinPaths(whole, path, whole.classes.length - piece.from / stepPixels)
  }
  return decodePath(whole!, dictionary, measureInk(strip))
}

/** Probability of each strip that it is upside down. */
export async function turnedProbabilities(model: OcrModel, strips: readonly Picture[]): Promise<readonly number[]> {
  const found: number[] = []
  for (let start = 0; start < strips.length; start += orientationBatch) {
    const heads = strips.slice(start, start + orientationBatch).map(headOf)
    found.push(...(await model.upsideDown(encodeLines(heads, orientationWidth))))
  }
  return found
}

/** The beginning of a strip, as wide as the input of the orientation classifier. */
function headOf(strip: Picture): Picture {
  return strip.width <= orientationWidth ? strip : columnsOf(strip, 0, orientationWidth)
}
