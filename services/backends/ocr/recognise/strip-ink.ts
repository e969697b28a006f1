import type { Picture } from '#services/media/open-pages'
import type { Strip } from './cut-line.ts'

/** A stretch of columns of a strip: from its first, to behind its last. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** Where the writing of a strip is. */
export interface StripInk {
  /** Rows that the writing covers, from its first to its last. */
  readonly height: number
  /** Columns that are as wide as the writing is high. */
  readonly unit: number
  /** Columns from the first that holds ink to the last. */
  readonly extent: Stretch
  /** Widths of the stretches of ground within the extent, in columns. */
  readonly grounds: readonly number[]
  /** The widest stretch of ground between two columns; empty, in their middle, where ink is everywhere. */
  widestGap(from: number, to: number): Stretch
  /** The first row that holds ink between two columns, in heights of the writing from the strip's top. */
  top(from: number, to: number): number
}

/** Rows with less than this share of the strongest row's ink are ground: accents and tails of letters have more. */
const rowShare = 0.1
/**
 * Columns that stand out from the ground by less than this share of the strongest are ground: rims of letters are
 * grey.
 */
const columnShare = 0.3

/** Measures the ink of a strip, so that gaps between its letters can be found. */
export function measureInk(strip: Strip): StripInk {
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
  const isInk = (ink: number): boolean => ink >= least
  const extent = { from: Math.max(0, columns.findIndex(isInk)), to: columns.findLastIndex(isInk) + 1 }
  const gapsBetween = (from: number, to: number): readonly Stretch[] => {
    const gaps: Stretch[] = []
    let begin = from
    for (let column = from; column <= to; column++) {
      if (column < to && !isInk(columns[column]!)) continue
      if (column > begin) gaps.push({ from: begin, to: column })
      begin = column + 1
    }
    return gaps
  }
  const span = spanOf(rows)
  return {
    height: span,
    unit: span * strip.stretch,
    extent,
    grounds: gapsBetween(extent.from, extent.to).map(gap => gap.to - gap.from),
    widestGap(from, to) {
      const middle = (from + to) >> 1
      return gapsBetween(Math.max(0, from), Math.min(width, to + 1)).reduce(
        (widest, gap) => (gap.to - gap.from > widest.to - widest.from ? gap : widest),
        { from: middle, to: middle },
      )
    },
    top(from, to) {
      const [left, right] = [Math.max(0, Math.floor(from)), Math.min(width, Math.ceil(to))]
      for (let row = 0; row < height; row++) {
        for (let column = left; column < right; column++) {
          if (isInk(Math.abs(data[3 * (row * width + column) + 1]! - ground))) return row / span
        }
      }
      return height / span
    },
  }
}

/** How many rows the writing covers, from its first to its last. */
function spanOf(rows: Float64Array): number {
  const least = Math.min(...rows)
  const threshold = least + rowShare * (Math.max(...rows) - least)
  const first = rows.findIndex(ink => ink > threshold)
  return first < 0 ? rows.length : rows.findLastIndex(ink => ink > threshold) - first + 1
}

/**
 * The ground's brightness: letters cover less than half of a strip. Green is most of what the eye takes for
 * brightness.
 */
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
