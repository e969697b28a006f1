import sharp from 'sharp'
import type { Picture } from '#services/media/open-pages'

/** A part of a picture as a text detector takes it. */
export interface DetectorInput {
  /** float32 [1, 3, height, width], BGR, standardised. */
  readonly values: Float32Array
  readonly width: number
  readonly height: number
  /** Which pixels of the picture the input shows, the context around them left out. */
  readonly core: Area
  /** Where the core begins in the input. */
  readonly coreAt: { readonly x: number; readonly y: number }
}

/** A part of a picture, in pixels. */
export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** How large the detector sees a picture. */
export interface DetectorScale {
  /** The longer side of a picture, or of a window of a long one, is shrunk to this. */
  readonly longestSide: number
  /** A picture that is smaller is enlarged up to this factor. */
  readonly enlarge: number
}

/** The detector halves the picture five times. */
const grid = 32
/**
 * Means and deviations of ImageNet, which PP-OCR applies to the channels in BGR order.
 * @source PaddleOCR `NormalizeImage` of the PP-OCRv4 detector
 */
const means = [0.485, 0.456, 0.406]
const deviations = [0.229, 0.224, 0.225]
/** Pages have this shape; longer ones are read in windows. */
const windowRatio = 1.5
/** A thin strip holds one line as high as itself; the detector wants it about this high. */
const stripRatio = 6
const stripPixels = 64
/** Pixels of one input: what is larger is cut into bands, so that memory is bounded. */
const bandPixels = 2.4e6
/** Pixels of context beside a band: the network sees text at the rim of its input less well. */
const bandContext = 64

/**
 * The factor by which the detector sees a picture. A picture up to the shape of a page is seen whole; a strip or a
 * tall page is seen as sharply as a window of it would be, since its text is as large as its shorter side allows.
 */
export function detectorFactor(
  picture: { readonly width: number; readonly height: number },
  scale: DetectorScale,
): number {
  const longer = Math.max(picture.width, picture.height)
  const shorter = Math.min(picture.width, picture.height)
  if (longer >= stripRatio * shorter && shorter < stripPixels) return stripPixels / shorter
  const seen = Math.min(longer, Math.max(windowRatio * shorter, scale.longestSide / scale.enlarge))
  return Math.min(scale.enlarge, scale.longestSide / seen)
}

/** Resizes a picture evenly for the detector. */
export async function resizeForDetector(picture: Picture, factor: number): Promise<Picture> {
  if (factor === 1) return picture
  const width = Math.max(1, Math.round(picture.width * factor))
  const height = Math.max(1, Math.round(picture.height * factor))
  const data = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
    limitInputPixels: false,
  })
    .resize(width, height, { fit: 'fill', kernel: factor < 1 ? 'lanczos3' : 'cubic' })
    .raw()
    .toBuffer()
  return { data, width, height }
}

/** A part of a picture, as one of its own. */
export function cutOut(picture: Picture, { x, y, width, height }: Area): Picture {
  const data = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 3
    data.set(picture.data.subarray(from, from + width * 3), row * width * 3)
  }
  return { data, width, height }
}

/** Cuts a resized picture into inputs whose cores cover all of it, along its longer side. */
export function detectorInputs(picture: Picture): readonly (() => DetectorInput)[] {
  const lying = picture.width >= picture.height
  const [length, breadth] = lying ? [picture.width, picture.height] : [picture.height, picture.width]
  const bands = Math.ceil((length * breadth) / bandPixels)
  return Array.from({ length: bands }, (_, band) => {
    const from = Math.floor((length * band) / bands)
    const to = Math.floor((length * (band + 1)) / bands)
    const core = lying
      ? { x: from, y: 0, width: to - from, height: breadth }
      : { x: 0, y: from, width: breadth, height: to - from }
    return () => encodeCore(picture, core)
  })
}

function encodeCore(picture: Picture, core: Area): DetectorInput {
  const left = Math.max(0, core.x - bandContext)
  const top = Math.max(0, core.y - bandContext)
  const right = Math.min(picture.width, core.x + core.width + bandContext)
  const bottom = Math.min(picture.height, core.y + core.height + bandContext)
  const width = toGrid(right - left)
  const height = toGrid(bottom - top)
  const values = new Float32Array(3 * width * height)
  for (let channel = 0; channel < 3; channel++) {
    const gain = 1 / (255 * deviations[channel]!)
    const offset = means[channel]! / deviations[channel]!
    const plane = values.subarray(channel * width * height, (channel + 1) * width * height)
    for (let row = 0; row < height; row++) {
      // Beyond its edges the picture repeats its edge pixels.
      const line = Math.min(picture.height - 1, top + row) * picture.width
      for (let column = 0; column < width; column++) {
        const pixel = line + Math.min(picture.width - 1, left + column)
        plane[row * width + column] = picture.data[pixel * 3 + 2 - channel]! * gain - offset
      }
    }
  }
  return { values, width, height, core, coreAt: { x: core.x - left, y: core.y - top } }
}

function toGrid(side: number): number {
  return Math.ceil(side / grid) * grid
}
