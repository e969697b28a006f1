import type { Picture } from '#services/media/open-pages'

/** Quarter turns, clockwise. */
export type QuarterTurns = 0 | 1 | 2 | 3

/** Turns a picture clockwise by quarters of a circle. */
export function turnPicture(picture: Picture, turns: QuarterTurns): Picture {
  if (turns === 0) return picture
  const { width, height } = picture
  const upright = turns === 2
  const turned = { width: upright ? width : height, height: upright ? height : width }
  const data = new Uint8Array(picture.data.length)
  // Where the first pixel goes, and how far apart its neighbours to the right and below are then.
  const [start, right, down] = strides(turned, turns)
  for (let row = 0, from = 0; row < height; row++) {
    for (let column = 0, to = start + row * down; column < width; column++, from += 3, to += right) {
      data[to * 3] = picture.data[from]!
      data[to * 3 + 1] = picture.data[from + 1]!
      data[to * 3 + 2] = picture.data[from + 2]!
    }
  }
  return { data, ...turned }
}

function strides(
  turned: { readonly width: number; readonly height: number },
  turns: 1 | 2 | 3,
): readonly [number, number, number] {
  const { width, height } = turned
  if (turns === 1) return [width - 1, width, -1]
  return turns === 2 ? [width * height - 1, -1, -width] : [width * (height - 1), -width, 1]
}
