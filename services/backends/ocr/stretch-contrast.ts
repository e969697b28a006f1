import type { Picture } from '#services/media/open-pages'

/** Share of the pixels at each end that may be cut off: specks of light and dirt. */
const cutShare = 0.02
/** Below this span of grey values there is nothing but noise to stretch. */
const leastSpan = 8

/** Spreads the grey values of a strip over the whole range and makes light writing on dark ground dark on light. */
export function stretchContrast<Any extends Picture>(strip: Any): Any {
  const grey = Uint8Array.from({ length: strip.width * strip.height }, (_, pixel) => luma(strip.data, pixel * 3))
  const sorted = grey.toSorted()
  const low = sorted[Math.floor(cutShare * (sorted.length - 1))]!
  const high = sorted[Math.ceil((1 - cutShare) * (sorted.length - 1))]!
  if (high - low < leastSpan) return strip
  // Letters cover less than their ground, so the middle value is the ground's.
  const inverted = sorted[sorted.length >> 1]! < (low + high) / 2
  const data = new Uint8Array(strip.data.length)
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const level = Math.max(0, Math.min(1, (grey[pixel]! - low) / (high - low)))
    data.fill(Math.round(255 * (inverted ? 1 - level : level)), pixel * 3, pixel * 3 + 3)
  }
  return { ...strip, data }
}

/** @source ITU-R BT.601 */
function luma(data: Uint8Array, at: number): number {
  return 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!
}
