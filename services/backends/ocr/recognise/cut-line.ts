import type { Picture } from '#services/media/open-pages'

/** A point of a picture in pixels. */
interface Point {
  readonly x: number
  readonly y: number
}

/** Four corners of a line of text: top left, top right, bottom right, bottom left as it is read. */
export type Corners = readonly [Point, Point, Point, Point]

/** Height of a line as the recogniser takes it. */
export const lineHeight = 48
/** Bounds the memory of one line: some 4,000 characters. */
const widestLine = 128_000
/** Text this much taller than wide is rotated by 90 degrees. @source PaddleOCR `get_rotate_crop_image` */
const uprightRatio = 1.5

/** A line as the recogniser sees it. */
export interface Strip extends Picture {
  /** How much wider it is than it stands in the picture, against its height. */
  readonly stretch: number
}

/**
 * Cuts a line out of a picture, turned level, as a strip of `lineHeight` pixels; each pixel averages what it
 * covers.
 */
export function cutLine(picture: Picture, corners: Corners, stretch = 1): Strip {
  const level = levelled(corners)
  const [topLeft, topRight, bottomRight, bottomLeft] = level
  const sourceWidth = Math.max(1, distance(topLeft, topRight), distance(bottomLeft, bottomRight))
  const sourceHeight = Math.max(1, distance(topLeft, bottomLeft), distance(topRight, bottomRight))
  const width = Math.max(8, Math.min(widestLine, Math.round((stretch * lineHeight * sourceWidth) / sourceHeight)))
  const data = new Uint8Array(width * lineHeight * 3)
  const samples = Math.min(4, Math.max(1, Math.ceil(sourceHeight / lineHeight)))
  for (let row = 0; row < lineHeight; row++) {
    for (let column = 0; column < width; column++) {
      averageAt(picture, level, { column, row, width, samples }, data)
    }
  }
  return { data, width, height: lineHeight, stretch }
}

/** Room at the beginning and the end of a line, in heights of the line. */
export interface Room {
  readonly before: number
  readonly after: number
}

/** The corners of a line with more room at its ends. */
export function widened(corners: Corners, { before, after }: Room): Corners {
  const [topLeft, topRight, bottomRight, bottomLeft] = levelled(corners)
  const share = distance(topLeft, bottomLeft) / Math.max(1, distance(topLeft, topRight))
  const beyond = (from: Point, to: Point, room: number): Point => ({
    x: to.x + (to.x - from.x) * room * share,
    y: to.y + (to.y - from.y) * room * share,
  })
  return [
    beyond(topRight, topLeft, before),
    beyond(topLeft, topRight, after),
    beyond(bottomLeft, bottomRight, after),
    beyond(bottomRight, bottomLeft, before),
  ]
}

/** How much room there is beside a line before another one begins, at most `most` heights of the line. */
export function roomBeside(corners: Corners, others: readonly Corners[], most: number): Room {
  const [topLeft, topRight, , bottomLeft] = levelled(corners)
  const [width, height] = [distance(topLeft, topRight), Math.max(1, distance(topLeft, bottomLeft))]
  const [right, down] = [direction(topLeft, topRight), direction(topLeft, bottomLeft)]
  let [before, after] = [most * height, most * height]
  for (const other of others) {
    if (other === corners) continue
    const along = other.map(point => dot(point, topLeft, right))
    const across = other.map(point => dot(point, topLeft, down))
    // Boxes reach into the lines above and below.
    if (Math.max(...across) < height * rowOverlap || Math.min(...across) > height * (1 - rowOverlap)) continue
    const [from, to] = [Math.min(...along), Math.max(...along)]
    if (to <= width / 2) before = Math.min(before, Math.max(0, -to))
    else if (from >= width / 2) after = Math.min(after, Math.max(0, from - width))
  }
  return { before: before / height, after: after / height }
}

/** Boxes share a row where they overlap by this much of a line's height. */
const rowOverlap = 0.3

function direction(from: Point, to: Point): Point {
  const length = Math.max(1e-6, distance(from, to))
  return { x: (to.x - from.x) / length, y: (to.y - from.y) / length }
}

function dot(point: Point, origin: Point, axis: Point): number {
  return (point.x - origin.x) * axis.x + (point.y - origin.y) * axis.y
}

function levelled(corners: Corners): Corners {
  return isUpright(corners) ? turned(corners) : corners
}

/** Turns a strip by half a circle. */
export function upsideDown<Any extends Picture>(strip: Any): Any {
  const pixels = strip.width * strip.height
  const data = new Uint8Array(pixels * 3)
  for (let pixel = 0; pixel < pixels; pixel++) {
    data.set(strip.data.subarray(pixel * 3, pixel * 3 + 3), (pixels - 1 - pixel) * 3)
  }
  return { ...strip, data }
}

function averageAt(
  picture: Picture,
  corners: Corners,
  cell: { readonly column: number; readonly row: number; readonly width: number; readonly samples: number },
  into: Uint8Array,
): void {
  const { samples } = cell
  const at = (cell.row * cell.width + cell.column) * 3
  let [red, green, blue] = [0, 0, 0]
  for (let sub = 0; sub < samples * samples; sub++) {
    const u = (cell.column + ((sub % samples) + 0.5) / samples) / cell.width
    const v = (cell.row + (Math.floor(sub / samples) + 0.5) / samples) / lineHeight
    const x = between(between(corners[0].x, corners[1].x, u), between(corners[3].x, corners[2].x, u), v) - 0.5
    const y = between(between(corners[0].y, corners[1].y, u), between(corners[3].y, corners[2].y, u), v) - 0.5
    red += bilinear(picture, x, y, 0)
    green += bilinear(picture, x, y, 1)
    blue += bilinear(picture, x, y, 2)
  }
  const share = 1 / (samples * samples)
  into[at] = Math.round(red * share)
  into[at + 1] = Math.round(green * share)
  into[at + 2] = Math.round(blue * share)
}

/** The picture between its pixels; beyond its edges it repeats the edge. */
function bilinear(picture: Picture, x: number, y: number, channel: number): number {
  const left = Math.floor(x)
  const top = Math.floor(y)
  const x0 = clamp(left, picture.width) * 3 + channel
  const x1 = clamp(left + 1, picture.width) * 3 + channel
  const y0 = clamp(top, picture.height) * picture.width * 3
  const y1 = clamp(top + 1, picture.height) * picture.width * 3
  const upper = between(picture.data[y0 + x0]!, picture.data[y0 + x1]!, x - left)
  const lower = between(picture.data[y1 + x0]!, picture.data[y1 + x1]!, x - left)
  return between(upper, lower, y - top)
}

function isUpright([topLeft, topRight, , bottomLeft]: Corners): boolean {
  return distance(topLeft, bottomLeft) >= uprightRatio * distance(topLeft, topRight)
}

/** The same corners, read from bottom to top. */
function turned([topLeft, topRight, bottomRight, bottomLeft]: Corners): Corners {
  return [topRight, bottomRight, bottomLeft, topLeft]
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

function between(a: number, b: number, share: number): number {
  return a + (b - a) * share
}

function clamp(index: number, size: number): number {
  return index < 0 ? 0 : index >= size ? size - 1 : index
}
