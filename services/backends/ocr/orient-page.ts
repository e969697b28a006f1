import { cutLine, upsideDown, type Strip } from './recognise/cut-line.ts'
import type { Picture } from '#services/media/open-pages'
import { turnPicture } from './turn-picture.ts'
import type { OcrModel } from './ocr-model.ts'
import { lineScore } from './recognise/reading.ts'
import { mean } from '../answers/statistics.ts'
import { turnOver, type TextBox } from './detect/text-boxes.ts'
import { findLines, type FindOptions, type FoundLines } from './detect/find-lines.ts'
import { recogniseStrips, turnedProbabilities } from './recognise/recognise-strips.ts'

/** A page with its lines, turned so that they can be read. */
export interface UprightPage extends FoundLines {
  readonly picture: Picture
  /** How sure it is in [0,1] which way up the page is. */
  readonly orientationSure: number
}

/** Lines from which the orientation of a page is inferred: the longest. */
const sampleLines = 8
/** Lines that are read both ways where the classifier has a doubt. */
const comparedLines = 4
/** Below this, the classifier takes no line of the sample as upside down. */
const undoubted = 0.2
/** Readings of one line in both directions differ by this where only one is right. */
const clearDifference = 0.15
/** Boxes this much taller than wide hold lines that stand on their side. */
const sidewaysRatio = 1.5

/**
 * Finds the lines of a page, and which way up it is: by the shape of its lines, by the classifier, and by reading
 * both ways.
 */
export async function orientPage(
  model: OcrModel,
  picture: Picture,
  options: FindOptions,
  unwanted: () => boolean,
): Promise<UprightPage> {
  const level = await layLevel(model, picture, options, unwanted)
  const longest = level.boxes.toSorted((a, b) => lengthOf(b) - lengthOf(a)).slice(0, sampleLines)
  if (longest.length === 0) return { ...level, orientationSure: 1 }
  const strips = longest.map(box => cutLine(level.picture, box.corners))
  const turned = await turnedProbabilities(model, strips)
  if (Math.max(...turned) <= undoubted) return { ...level, orientationSure: 1 }
  const doubted = strips
    .map((strip, index) => ({ strip, turned: turned[index]! }))
    .toSorted((a, b) => b.turned - a.turned)
    .slice(0, comparedLines)
  const onHead = await comparedReadings(
    model,
    doubted.map(({ strip }) => strip),
    unwanted,
  )
  const over = onHead + (mean(turned) - 0.5) * clearDifference > 0
  const orientationSure = Math.min(1, Math.abs(onHead) / clearDifference)
  if (!over) return { ...level, orientationSure }
  return {
    ...level,
    picture: turnPicture(level.picture, 2),
    boxes: turnOver(level.boxes, level.picture),
    orientationSure,
  }
}

/** How much better strips read upside down than as they are, in [-1,1]. */
async function comparedReadings(model: OcrModel, strips: readonly Strip[], unwanted: () => boolean): Promise<number> {
  const asTheyAre = await recogniseStrips(model, strips, unwanted)
  const turned = await recogniseStrips(model, strips.map(upsideDown), unwanted)
  return mean(turned.map((text, index) => lineScore(text) - lineScore(asTheyAre[index]!)))
}

/** The lines of a page, which is turned by a quarter where most of them stand on their side. */
async function layLevel(
  model: OcrModel,
  picture: Picture,
  options: FindOptions,
  unwanted: () => boolean,
): Promise<FoundLines & { readonly picture: Picture }> {
  const found = await findLines(model, picture, options, unwanted)
  if (!standsOnSide(found.boxes)) return { ...found, picture }
  const turned = turnPicture(picture, 1)
  const again = await findLines(model, turned, options, unwanted)
  return standsOnSide(again.boxes) ? { ...found, picture } : { ...again, picture: turned }
}

function standsOnSide(boxes: readonly TextBox[]): boolean {
  let standing = 0
  let lying = 0
  for (const box of boxes) {
    const [width, height] = sidesOf(box)
    if (height >= width * sidewaysRatio) standing += height
    else lying += width
  }
  return standing > lying
}

function lengthOf(box: TextBox): number {
  return Math.max(...sidesOf(box))
}

function sidesOf({ corners: [topLeft, topRight, , bottomLeft] }: TextBox): readonly [number, number] {
  return [
    Math.hypot(topRight.x - topLeft.x, topRight.y - topLeft.y),
    Math.hypot(bottomLeft.x - topLeft.x, bottomLeft.y - topLeft.y),
  ]
}
