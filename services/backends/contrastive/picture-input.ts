import { openPages } from '#services/media/open-pages'
import sharp from 'sharp'
import type { Preprocessing } from './contrastive-files.ts'

/**
 * Makes a picture into what the vision tower sees: float32 [3, height, width], upright, scaled and normalised as the
 * model's files say. Of several pages or frames the first is seen.
 * @throws MediaError when it is no picture, is damaged, or is larger than `limitMegapixels`
 */
export async function pictureInput(
  bytes: Uint8Array,
  { shortestEdge, width, height, kernel, scale, mean, std }: Preprocessing,
  limitMegapixels: number,
): Promise<Float32Array> {
  const page = await (await openPages(bytes, limitMegapixels)).load(0)
  const picture = sharp(page.data, { raw: { width: page.width, height: page.height, channels: 3 } })
  const scaled =
    shortestEdge === undefined
      ? picture.resize(width, height, { fit: 'fill', kernel })
      : picture.resize(shortestEdge, shortestEdge, { fit: 'outside', kernel })
  const { data, info } = await scaled.raw().toBuffer({ resolveWithObject: true })
  const left = Math.floor((info.width - width) / 2)
  const top = Math.floor((info.height - height) / 2)
  const pixels = new Float32Array(3 * width * height)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      // What is cut out beyond a picture's rim is black.
      const isIn = x + left >= 0 && x + left < info.width && y + top >= 0 && y + top < info.height
      const from = ((y + top) * info.width + x + left) * 3
      for (let channel = 0; channel < 3; channel += 1) {
        const value = isIn ? data[from + channel]! * scale : 0
        pixels[(channel * height + y) * width + x] = (value - mean[channel]!) / std[channel]!
      }
    }
  }
  return pixels
}
