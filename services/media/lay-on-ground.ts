/** Pixels with transparency: uint8 [pixels, 4], red, green, blue, alpha. */
export type ClearPixels = Uint8Array

/** The grounds that clear pictures are laid on, in order of preference. */
const grounds = [255, 0, 128] as const
/** Grey values of the ground and of almost all content must differ by this, else another ground is looked for. */
const clearContrast = 96
/** Content that is fainter than this is a shadow or a rim. */
const solidAlpha = 128
/** Share of the content that may be lost on the ground. */
const lostShare = 0.05

/**
 * Lays pixels on a grey ground that their content stands out from: white where the content is dark, black where it
 * is light, grey where it is both. Gives uint8 [pixels, 3].
 */
export function layOnGround(pixels: ClearPixels): Uint8Array {
  const ground = groundFor(pixels)
  const count = pixels.length / 4
  const laid = new Uint8Array(count * 3)
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    const alpha = pixels[from + 3]! / 255
    for (let channel = 0; channel < 3; channel++) {
      laid[to + channel] = Math.round(pixels[from + channel]! * alpha + ground * (1 - alpha))
    }
  }
  return laid
}

function groundFor(pixels: ClearPixels): number {
  const histogram = new Uint32Array(256)
  let solid = 0
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at + 3]! < solidAlpha) continue
    histogram[luma(pixels, at)]! += 1
    solid += 1
  }
  let best: { readonly ground: number; readonly contrast: number } | undefined
  for (const ground of grounds) {
    const contrast = contrastOf(histogram, solid, ground)
    if (contrast >= clearContrast) return ground
    if (best === undefined || contrast > best.contrast) best = { ground, contrast }
  }
  return best?.ground ?? grounds[0]
}

/** The distance of grey values that all but `lostShare` of the content keeps from the ground. */
function contrastOf(histogram: Uint32Array, solid: number, ground: number): number {
  let lost = 0
  for (let distance = 0; distance < 256; distance++) {
    lost += histogram[ground - distance] ?? 0
    if (distance > 0) lost += histogram[ground + distance] ?? 0
    if (lost > solid * lostShare) return distance
  }
  return 255
}

/** @source ITU-R BT.601 */
function luma(data: Uint8Array, at: number): number {
  return Math.round(0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!)
}
