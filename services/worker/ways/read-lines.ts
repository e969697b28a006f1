import { cutLine, lineHeight, upsideDown, type Corners } from '../encode/cut-line.ts'
import { encodeLines } from '../encode/line-input.ts'
import type { Picture } from '../encode/load-picture.ts'
import { stretchContrast } from '../encode/stretch-contrast.ts'
import type { OcrModel } from '../infer/onnx/ocr-model.ts'
import { decodeCtc, type RecognisedText } from '../interpret/ctc.ts'
import { isDoubtful, lineScore } from '../interpret/reading.ts'

/** A line to be read: where it is on which picture. */
export interface LineOrder {
  readonly picture: Picture
  readonly corners: Corners
}

/** How lines are read. */
export interface ReadLinesOptions {
  /** Looks a second time, with other contrast and the other way up, at lines that are doubtful. */
  readonly secondLook: boolean
  /** Asked between batches; true leaves the remaining lines unread. */
  readonly stopped: () => boolean
}

/** Lines of a batch: more wins nothing on a CPU and pads more. */
const batchLines = 8
/** Width that the orientation classifier was trained with. @source PaddleOCR `cls_image_shape` 3, 48, 192 */
const orientationWidth = 192
/** Least probability by which a line is turned. @source PaddleOCR `cls_thresh` 0.9 */
const turnedProbability = 0.9
/** A second reading must be better by this to win: lines that are merely shorter often look surer. */
const leastGain = 0.02

const unread: RecognisedText = { text: '', probabilities: [], blankRatio: 1 }

/** Reads lines of any pictures in common batches of similar width; one text a line, in order. */
export async function readLines(
  model: OcrModel,
  orders: readonly LineOrder[],
  options: ReadLinesOptions,
): Promise<readonly RecognisedText[]> {
  const strips = orders.map(order => cutLine(order.picture, order.corners))
  const found = await recognise(model, strips, options)
  if (!options.secondLook) return found
  const doubtful = found.flatMap((line, place) => (isDoubtful(line) ? [place] : []))
  for (const variant of [contrasted, turnedOver]) {
    const changed = await variant(
      model,
      doubtful.map(place => strips[place]!),
    )
    const again = await recognise(model, changed, options)
    for (const [index, place] of doubtful.entries()) {
      if (lineScore(again[index]!) > lineScore(found[place]!) + leastGain) found[place] = again[index]!
    }
  }
  return found
}

async function contrasted(_model: OcrModel, strips: readonly Picture[]): Promise<readonly Picture[]> {
  return strips.map(stretchContrast)
}

async function turnedOver(model: OcrModel, strips: readonly Picture[]): Promise<readonly Picture[]> {
  if (strips.length === 0) return []
  const heads = strips.map(strip => headOf(strip))
  const probabilities = await model.upsideDown(encodeLines(heads, orientationWidth))
  return strips.map((strip, place) => (probabilities[place]! > turnedProbability ? upsideDown(strip) : strip))
}

/** The beginning of a strip, as wide as the orientation classifier looks. */
function headOf(strip: Picture): Picture {
  if (strip.width <= orientationWidth) return strip
  const data = new Uint8Array(orientationWidth * lineHeight * 3)
  for (let row = 0; row < lineHeight; row++) {
    const from = row * strip.width * 3
    data.set(strip.data.subarray(from, from + orientationWidth * 3), row * orientationWidth * 3)
  }
  return { data, width: orientationWidth, height: lineHeight }
}

async function recognise(
  model: OcrModel,
  strips: readonly Picture[],
  options: ReadLinesOptions,
): Promise<RecognisedText[]> {
  const texts: RecognisedText[] = strips.map(() => unread)
  const byWidth = strips.map((_, place) => place).toSorted((a, b) => strips[a]!.width - strips[b]!.width)
  for (let start = 0; start < byWidth.length; start += batchLines) {
    if (options.stopped()) break
    const places = byWidth.slice(start, start + batchLines)
    const { rows, classes } = await model.recognise(
      encodeLines(
        places.map(place => strips[place]!),
        0,
      ),
    )
    for (const [index, place] of places.entries()) texts[place] = decodeCtc(rows[index]!, classes, model.dictionary)
  }
  return texts
}
