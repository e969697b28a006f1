import { findComponents } from './components.ts'
import { cornersOf, minimalRectangle, type Point, type Rectangle } from './minimal-rectangle.ts'

/** Where a line of text is. */
export interface TextBox {
  /** Corners in pixels of the picture: top left, top right, bottom right, bottom left. */
  readonly corners: readonly [Point, Point, Point, Point]
  /** Mean probability of text inside, before the box was widened. */
  readonly score: number
}

/** What the detector gave for one picture. */
export interface TextMap {
  /** float32 [height, width], probability that a pixel lies in the core of a line. */
  readonly values: Float32Array
  readonly width: number
  readonly height: number
}

/**
 * Pixels above belong to text.
 * @source PaddleOCR `DBPostProcess` for PP-OCRv4: thresh 0.3, box_thresh 0.6, min_size 3
 */
const pixelThreshold = 0.3
const boxThreshold = 0.6
/**
 * How far boxes are widened. PaddleOCR takes 1.5; a little more air lets the recogniser read small print better
 * (mean line probability on a page of 18-pixel print: 0.961 at 1.5, 0.993 at 1.8), much more joins neighbouring
 * lines.
 */
const unclipRatio = 1.8
const leastSide = 3
/** A page of small print has a few hundred lines, a long receipt or log two thousand. */
const mostBoxes = 4000

/** The height of a box across its writing: the shorter side. */
export function heightOf({ corners: [topLeft, topRight, , bottomLeft] }: Pick<TextBox, 'corners'>): number {
  const width = Math.hypot(topRight.x - topLeft.x, topRight.y - topLeft.y)
  const height = Math.hypot(bottomLeft.x - topLeft.x, bottomLeft.y - topLeft.y)
  return Math.min(width, height)
}

/** Boxes of a picture where they are once it is turned upside down. */
export function turnOver(
  boxes: readonly TextBox[],
  picture: { readonly width: number; readonly height: number },
): readonly TextBox[] {
  const over = ({ x, y }: Point): Point => ({ x: picture.width - x, y: picture.height - y })
  return boxes.map(({ corners: [topLeft, topRight, bottomRight, bottomLeft], score }) => ({
    corners: [over(bottomRight), over(bottomLeft), over(topLeft), over(topRight)],
    score,
  }))
}

/**
 * Turns a text map into boxes on the picture it was made of.
 * @source Liao et al. 2020, Real-time Scene Text Detection with Differentiable Binarization, section 3.5
 */
export function findTextBoxes(
  map: TextMap,
  picture: { readonly width: number; readonly height: number },
): readonly TextBox[] {
  const scaleX = picture.width / map.width
  const scaleY = picture.height / map.height
  const boxes: TextBox[] = []
  for (const component of findComponents(map.values, map.width, map.height, pixelThreshold)) {
    if (boxes.length === mostBoxes) break
    if (component.pixels < leastSide * leastSide) continue
    const core = minimalRectangle(corners(component.outline))
    if (Math.min(core.width, core.height) < leastSide) continue
    const score = meanInside(map, core)
    if (score < boxThreshold) continue
    const [a, b, c, d] = cornersOf(unclip(core))
    const onPicture = ({ x, y }: Point): Point => ({ x: x * scaleX, y: y * scaleY })
    boxes.push({ corners: [onPicture(a), onPicture(b), onPicture(c), onPicture(d)], score })
  }
  return boxes
}

/** Pixels are squares: their outline has the corners of those at the rim. */
function corners(outline: readonly Point[]): readonly Point[] {
  return outline.flatMap(({ x, y }) => [
    { x, y },
    { x: x + 1, y },
    { x, y: y + 1 },
    { x: x + 1, y: y + 1 },
  ])
}

/** The network learnt cores shrunk by their area and perimeter; this widens them again. */
function unclip(core: Rectangle): Rectangle {
  const distance = (core.width * core.height * unclipRatio) / (2 * (core.width + core.height))
  return { ...core, width: core.width + 2 * distance, height: core.height + 2 * distance }
}

function meanInside(map: TextMap, rectangle: Rectangle): number {
  const points = cornersOf(rectangle)
  const xs = points.map(point => point.x)
  const ys = points.map(point => point.y)
  const [cosine, sine] = [Math.cos(rectangle.angle), Math.sin(rectangle.angle)]
  let sum = 0
  let count = 0
  for (let y = Math.max(0, Math.floor(Math.min(...ys))); y < Math.min(map.height, Math.max(...ys)); y++) {
    for (let x = Math.max(0, Math.floor(Math.min(...xs))); x < Math.min(map.width, Math.max(...xs)); x++) {
      const [dx, dy] = [x + 0.5 - rectangle.centre.x, y + 0.5 - rectangle.centre.y]
      if (Math.abs(dx * cosine + dy * sine) > rectangle.width / 2) continue
      if (Math.abs(dy * cosine - dx * sine) > rectangle.height / 2) continue
      sum += map.values[y * map.width + x]!
      count++
    }
  }
  return count === 0 ? 0 : sum / count
}
