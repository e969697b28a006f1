import { cutOut, detectorFactor, type Area, type DetectorScale } from './detector-input.ts'
import type { Corners } from '../recognise/cut-line.ts'
import { findTexture, type Texture } from './find-texture.ts'
import type { Picture } from '#services/media/open-pages'
import type { OcrModel } from '../ocr-model.ts'
import { mergeBoxes } from './merge-boxes.ts'
import { partNeighbours } from './part-neighbours.ts'
import { quantile } from '../../answers/statistics.ts'
import { heightOf, type TextBox } from './text-boxes.ts'
import { detectText, type Detection } from './detect-text.ts'

/** How lines are looked for. */
export interface FindOptions {
  /** The longer side of a page as the detector sees it at first. */
  readonly longestSide: number
  /** Detects also at half the size, and enlarges small pictures. */
  readonly multiScale: boolean
  /** Pixels, in millions, of one picture as the detector sees it. */
  readonly detectorMegapixels: number
}

/** The lines of a picture. */
export interface FoundLines {
  readonly boxes: readonly TextBox[]
  /** The detector's highest probability anywhere. */
  readonly textPeak: number
  /** Text was found that is too small for the detector at the scale that its limit allows: more of it may be unseen. */
  readonly tooSmall: boolean
  /** Share of text-like texture that no line covers. */
  readonly uncoveredRatio: number
}

/** Small print in a small picture: the larger rung sees it at up to twice its size. */
const multiScaleEnlarge = 2
/**
 * Boxes that are lower than this as the detector sees them hold print of fewer than 9 pixels: its neighbours get
 * lost or run together. Measured with letters of 5 to 28 pixels: nothing is found at 5, boxes of 13 pixels at 6, of
 * 18 at 9.
 */
const smallBoxPixels = 18
/** Print is brought to this height where there is room for it: letters of some 14 pixels. */
const goodBoxPixels = 26
/** Boxes higher than this hold large letters for certain: lines of small print that ran together are lower. */
const largeBoxPixels = 34
/**
 * Above, the detector sees letters better at a smaller scale: noise is averaged out, and what is large is not torn
 * apart.
 */
const tornBoxPixels = 30
const largeQuantile = 0.75
/** Looking closer must pay: a scale that is hardly larger shows nothing new. */
const leastStep = 1.25
/** This share of texture outside all lines may be text too small to detect. */
const unseenBlocks = 12
const unseenRatio = 0.25
const unseenStep = 2.5
/** Most passes over one picture at a larger scale. */
const closerLooks = 2
/** A part this large is not cut out. */
const worthCutting = 0.8
/** Room around writing: faint or lone letters beside it. */
const roomPixels = 48
/** Boxes of the small print decide, wherever there are larger ones too. */
const smallQuantile = 0.1

/**
 * Finds the lines of a picture; where print is small it looks closer, up to the size of the picture and the limit
 * of pixels.
 */
export async function findLines(
  model: OcrModel,
  picture: Picture,
  options: FindOptions,
  unwanted: () => boolean,
): Promise<FoundLines> {
  const most = Math.sqrt((options.detectorMegapixels * 1e6) / (picture.width * picture.height))
  const passes: Detection[] = []
  for (const scale of scalesOf(options)) {
    passes.push(await detectText(model, picture, Math.min(most, detectorFactor(picture, scale)), unwanted))
  }
  let finest = passes[0]!
  let texture = findTexture(picture, cornersOf(passes))
  let wanted = closerFactor(finest, texture)
  for (let attempt = 0; attempt < closerLooks && wanted > 0; attempt++) {
    const factor = Math.min(most, wanted, Math.max(1, finest.factor))
    if (factor < finest.factor * leastStep) break
    finest = await detectWithin(model, picture, { area: areaOfText(picture, passes, texture), factor }, unwanted)
    passes.push(finest)
    texture = findTexture(picture, cornersOf(passes))
    wanted = closerFactor(finest, texture)
  }
  const coarse = coarserFactor(passes[0]!)
  if (coarse > 0 && passes.every(pass => pass.factor > coarse * leastStep)) {
    passes.push(await detectText(model, picture, coarse, unwanted))
  }
  return {
    boxes: partNeighbours(mergeBoxes(inOrderOfTrust(passes))),
    textPeak: Math.max(...passes.map(pass => pass.textPeak)),
    tooSmall: wanted > most && most < 1 && finest.factor * leastStep > most,
    uncoveredRatio: texture.uncoveredRatio,
  }
}

/** Looks closer at the part of a picture that holds writing: most of a page may be blank. */
async function detectWithin(
  model: OcrModel,
  picture: Picture,
  { area, factor }: { readonly area: Area; readonly factor: number },
  unwanted: () => boolean,
): Promise<Detection> {
  if (area.width * area.height > worthCutting * picture.width * picture.height)
    return detectText(model, picture, factor, unwanted)
  const found = await detectText(model, cutOut(picture, area), factor, unwanted)
  return { ...found, boxes: found.boxes.map(box => moved(box, area)) }
}

/** Where writing was found or may be, with some room around it. */
function areaOfText(picture: Picture, passes: readonly Detection[], { area, blocks }: Texture): Area {
  const corners = cornersOf(passes).flat()
  const ends = blocks === 0 ? [] : [area, { x: area.x + area.width, y: area.y + area.height }]
  const [xs, ys] = [[...corners, ...ends].map(({ x }) => x), [...corners, ...ends].map(({ y }) => y)]
  const [x, y] = [within(lowest(xs) - roomPixels, picture.width), within(lowest(ys) - roomPixels, picture.height)]
  return {
    x,
    y,
    width: within(-lowest(xs.map(value => -value)) + roomPixels, picture.width) - x,
    height: within(-lowest(ys.map(value => -value)) + roomPixels, picture.height) - y,
  }
}

function within(value: number, most: number): number {
  return Math.max(0, Math.min(most, Math.round(value)))
}

function lowest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
}

function moved(box: TextBox, { x, y }: Area): TextBox {
  const [a, b, c, d] = box.corners
  const by = (point: { readonly x: number; readonly y: number }) => ({ x: point.x + x, y: point.y + y })
  return { ...box, corners: [by(a), by(b), by(c), by(d)] }
}

/** Fine first: it finds small print; the coarse pass adds large letters that the fine one tears apart. */
function scalesOf({ longestSide, multiScale }: FindOptions): readonly DetectorScale[] {
  if (!multiScale) return [{ longestSide, enlarge: 1 }]
  return [
    { longestSide, enlarge: multiScaleEnlarge },
    { longestSide: longestSide / 2, enlarge: 1 },
  ]
}

/** The factor at which the small print of a pass would be seen well; 0 where it is. */
function closerFactor({ boxes, factor }: Detection, texture: Texture): number {
  const small = quantile(boxes.map(heightOf), smallQuantile) * factor
  if (boxes.length > 0 && small < smallBoxPixels) return (factor * goodBoxPixels) / small
  return texture.blocks * texture.uncoveredRatio >= unseenBlocks && texture.uncoveredRatio >= unseenRatio
    ? factor * unseenStep
    : 0
}

const cornersOf = (passes: readonly Detection[]): readonly Corners[] =>
  passes.flatMap(pass => pass.boxes.map(box => box.corners))

/** The factor at which large letters would be seen well; 0 where there are none. */
function coarserFactor({ boxes, factor }: Detection): number {
  const large = quantile(boxes.map(heightOf), largeQuantile) * factor
  return large > tornBoxPixels ? (factor * goodBoxPixels) / large : 0
}

/** Large letters are believed as the coarsest pass saw them, small ones as the finest did. */
function inOrderOfTrust(passes: readonly Detection[]): readonly (readonly TextBox[])[] {
  const coarseFirst = passes.toSorted((a, b) => a.factor - b.factor)
  return [
    ...coarseFirst.map(pass => pass.boxes.filter(box => isLarge(box, pass))),
    ...coarseFirst.toReversed().map(pass => pass.boxes.filter(box => !isLarge(box, pass))),
  ]
}

function isLarge(box: TextBox, { factor }: Detection): boolean {
  return heightOf(box) * factor >= largeBoxPixels
}
