import type { Picture } from '#services/media/open-pages'

/** Lines of one width as the recogniser takes them: float32 [lines, 3, height, width], BGR, -1..1, padded with 0. */
export interface LineInput {
  readonly values: Float32Array
  readonly lines: number
  readonly width: number
  readonly height: number
}

/**
 * Puts strips of one height side by side as a batch, each padded on the right to the width of the widest, or to
 * `leastWidth`.
 */
export function encodeLines(strips: readonly Picture[], leastWidth: number): LineInput {
  const width = Math.max(leastWidth, ...strips.map(strip => strip.width))
  const height = strips[0]?.height ?? 0
  const values = new Float32Array(strips.length * 3 * height * width)
  for (const [line, strip] of strips.entries()) {
    for (let channel = 0; channel < 3; channel++) {
      const plane = values.subarray((line * 3 + channel) * height * width, (line * 3 + channel + 1) * height * width)
      fillPlane(plane, strip, 2 - channel, width)
    }
  }
  return { values, lines: strips.length, width, height }
}

function fillPlane(plane: Float32Array, strip: Picture, channel: number, width: number): void {
  for (let row = 0; row < strip.height; row++) {
    for (let column = 0; column < strip.width; column++) {
      plane[row * width + column] = strip.data[(row * strip.width + column) * 3 + channel]! / 127.5 - 1
    }
  }
}
