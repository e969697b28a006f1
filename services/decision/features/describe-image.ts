/** A small grey picture of an image. */
export interface Raster {
  /** uint8 [height][width], 0 black. */
  readonly grey: Uint8Array
  readonly width: number
  readonly height: number
}

/** What an image is known by beside its raster. */
export interface ImageHeader {
  readonly width: number
  readonly height: number
  readonly bytes: number
}

/**
 * Signs of how hard an image is to read, from its header and a small grey raster: size, contrast, edges, entropy,
 * blur. Pure.
 */
export function describeImage(header: ImageHeader, raster: Raster): Readonly<Record<string, number>> {
  const { grey, width, height } = raster
  const histogram = new Float64Array(256)
  for (const value of grey) histogram[value]! += 1 / grey.length
  const mean = sum(histogram, (share, value) => share * value)
  const variance = sum(histogram, (share, value) => share * (value - mean) ** 2)
  const edges = edgesOf(grey, width, height)
  return {
    ...describeImageHeader(header),
    brightness: mean / 255,
    contrast: Math.sqrt(variance) / 128,
    entropy: -sum(histogram, share => (share > 0 ? share * Math.log2(share) : 0)) / 8,
    range: (quantile(histogram, 0.98) - quantile(histogram, 0.02)) / 255,
    ...edges,
  }
}

/** Features of an image from its header alone: size, shape, and how many bits it took. Pure. */
export function describeImageHeader({ width, height, bytes }: ImageHeader): Readonly<Record<string, number>> {
  const pixels = width * height
  return {
    log_megapixels: Math.log1p(pixels / 1e6),
    log_shorter_side: Math.log(Math.max(1, Math.min(width, height))),
    log_aspect: Math.log(Math.max(1, width) / Math.max(1, height)),
    bits_per_pixel: Math.min(32, (bytes * 8) / Math.max(1, pixels)),
  }
}

/** Shares of weak and strong edges, rows that hold any (lines of text), and the sharpness of the strongest. */
function edgesOf(grey: Uint8Array, width: number, height: number): Record<string, number> {
  let weak = 0
  let strong = 0
  let sharp = 0
  let rows = 0
  for (let y = 1; y < height; y += 1) {
    let inRow = 0
    for (let x = 1; x < width; x += 1) {
      const at = y * width + x
      const slope = Math.abs(grey[at]! - grey[at - 1]!) + Math.abs(grey[at]! - grey[at - width]!)
      if (slope > weakSlope) weak += 1
      if (slope > strongSlope) {
        strong += 1
        inRow += 1
      }
      if (slope > sharp) sharp = slope
    }
    if (inRow > width * rowShare) rows += 1
  }
  const pixels = Math.max(1, width * height)
  return {
    weak_edge_ratio: weak / pixels,
    strong_edge_ratio: strong / pixels,
    edge_sharpness: strong / Math.max(1, weak),
    sharpest: sharp / 510,
    busy_row_ratio: rows / Math.max(1, height),
  }
}

const weakSlope = 16
const strongSlope = 64
const rowShare = 0.02

function quantile(histogram: Float64Array, ratio: number): number {
  let upTo = 0
  for (const [value, share] of histogram.entries()) {
    upTo += share
    if (upTo >= ratio) return value
  }
  return 255
}

function sum(histogram: Float64Array, term: (share: number, value: number) => number): number {
  return histogram.reduce((total, share, value) => total + term(share, value), 0)
}
