import sharp from 'sharp'
import type { Picture } from '../load-picture.ts'

/** A picture as a text detector takes it. */
export interface DetectorInput {
  /** float32 [1, 3, height, width], BGR, standardised. */
  readonly values: Float32Array
  readonly width: number
  readonly height: number
}

/** How large the detector sees a picture. */
export interface DetectorScale {
  /** The longer side is shrunk to this. */
  readonly longestSide: number
  /** A picture that is smaller is enlarged up to this factor. */
  readonly enlarge: number
}

/** The detector halves the picture five times. */
const grid = 32
/** Means and deviations of ImageNet, which PP-OCR applies to the channels in BGR order. @source PaddleOCR `NormalizeImage` of the PP-OCRv4 detector */
const means = [0.485, 0.456, 0.406]
const deviations = [0.229, 0.224, 0.225]

/** Resizes and standardises a picture for the detector. */
export async function encodeForDetector(picture: Picture, scale: DetectorScale): Promise<DetectorInput> {
  const factor = Math.min(scale.enlarge, scale.longestSide / Math.max(picture.width, picture.height))
  const width = toGrid(picture.width * factor)
  const height = toGrid(picture.height * factor)
  const data = await sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: factor < 1 ? 'lanczos3' : 'cubic' })
    .raw()
    .toBuffer()
  return { values: standardise(data, width * height), width, height }
}

function standardise(data: Uint8Array, pixels: number): Float32Array {
  const values = new Float32Array(3 * pixels)
  for (let channel = 0; channel < 3; channel++) {
    const gain = 1 / (255 * deviations[channel]!)
    const offset = means[channel]! / deviations[channel]!
    const plane = values.subarray(channel * pixels, (channel + 1) * pixels)
    for (let pixel = 0, at = 2 - channel; pixel < pixels; pixel++, at += 3) plane[pixel] = data[at]! * gain - offset
  }
  return values
}

function toGrid(side: number): number {
  return Math.max(grid, Math.round(side / grid) * grid)
}
