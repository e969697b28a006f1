import type { Picture } from '../open-pages.ts'

/** Tells how wide the ground is between two columns of a strip: the widest run without ink, in heights of the writing. */
export type InkGaps = (from: number, to: number) => number

/** Rows with less than this share of the strongest row's ink are ground: accents and tails of letters have more. */
const rowShare = 0.1
/** Columns that stand out from the ground by less than this share of the strongest are ground: rims of letters are grey. */
const columnShare = 0.3

/** Measures the writing of a strip, so that the gaps between its letters can be told. */
export function inkGaps(strip: Picture): InkGaps {
  const { data, width, height } = strip
  const ground = medianGreen(strip)
  const rows = new Float64Array(height)
  const columns = new Uint8Array(width)
  for (let row = 0, at = 1; row < height; row++) {
    for (let column = 0; column < width; column++, at += 3) {
      const ink = Math.abs(data[at]! - ground)
      rows[row]! += ink
      if (ink > columns[column]!) columns[column] = ink
    }
  }
  const least = columns.reduce((most, ink) => Math.max(most, ink), 0) * columnShare
  const writing = spanOf(rows)
  return (from, to) => {
    let widest = 0
    let run = 0
    for (let column = Math.max(0, from); column <= Math.min(width - 1, to); column++) {
      run = columns[column]! < least ? run + 1 : 0
      if (run > widest) widest = run
    }
    return widest / writing
  }
}

/** How many rows the writing covers, from its first to its last. */
function spanOf(rows: Float64Array): number {
  const least = Math.min(...rows)
  const threshold = least + rowShare * (Math.max(...rows) - least)
  const first = rows.findIndex(ink => ink > threshold)
  return first < 0 ? rows.length : rows.findLastIndex(ink => ink > threshold) - first + 1
}

/** The ground's brightness: letters cover less than half of a strip. Green is most of what the eye takes for brightness. */
function medianGreen({ data }: Picture): number {
  const histogram = new Uint32Array(256)
  for (let at = 1; at < data.length; at += 3) histogram[data[at]!]! += 1
  let left = data.length / 6
  for (let value = 0; value < 256; value++) {
    left -= histogram[value]!
    if (left <= 0) return value
  }
  return 255
}
