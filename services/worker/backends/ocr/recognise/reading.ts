import { mean, quantile } from '../../answers/statistics.ts'
import type { Point } from '../detect/minimal-rectangle.ts'

/** A line that was found and recognised. */
export interface ReadLine {
  /** Corners in pixels of the picture, from top left clockwise. */
  readonly corners: readonly [Point, Point, Point, Point]
  /** Probability of the detector that this is text. */
  readonly boxScore: number
  readonly text: string
  readonly probabilities: readonly number[]
  readonly blankRatio: number
  /** True when it stands on its head. */
  readonly turned: boolean
}

/** Text of a picture with the signs by which it can be trusted. */
export interface Reading {
  readonly text: string
  readonly rawConfidence: number
  readonly signals: Readonly<Record<string, number>>
}

/** Lines recognised with less are noise: edges, textures. @source PaddleOCR `drop_score` 0.5 */
const noiseScore = 0.5
/** Lines recognised with less are worth a second look. */
const doubtfulScore = 0.9

/** Mean probability of a line's characters; 0 of an empty line. */
export function lineScore(line: Pick<ReadLine, 'probabilities'>): number {
  return mean(line.probabilities)
}

/** Tells whether a line is worth a second look. */
export function isDoubtful(line: Pick<ReadLine, 'probabilities'>): boolean {
  return lineScore(line) < doubtfulScore
}

/**
 * Puts lines in reading order and reads their signs. All signals are finite:
 *
 * | signal | what |
 * |---|---|
 * | `line_mean`, `line_min`, `line_q10` | mean character probability of lines |
 * | `char_mean`, `char_min`, `char_q10` | probabilities of characters |
 * | `boxes`, `dropped`, `doubtful` | lines found; share of them left out as noise; share of them under 0.9 |
 * | `box_score_mean`, `box_score_min` | the detector's probabilities |
 * | `text_peak` | the detector's highest probability anywhere: low on a picture without text |
 * | `blank_ratio` | mean share of time steps without a character |
 * | `text_height_px`, `text_height_min_px` | median and least height of lines in pixels of the picture |
 * | `characters`, `megapixels` | counts |
 */
export function interpretReading(
  lines: readonly ReadLine[],
  picture: { readonly megapixels: number; readonly textPeak: number },
): Reading {
  const kept = lines.filter(line => lineScore(line) >= noiseScore && line.text.trim() !== '')
  const rows = inReadingOrder(kept)
  const overturned = kept.filter(line => line.turned).length > kept.length / 2
  const text = (overturned ? rows.toReversed().map(row => row.toReversed()) : rows)
    .map(row => row.map(line => line.text.trim()).join(' '))
    .join('\n')
  const scores = lines.map(lineScore)
  const characters = lines.flatMap(line => line.probabilities)
  const heights = lines.map(heightOf)
  const share = (count: number): number => count / Math.max(1, lines.length)
  const signals = {
    line_mean: mean(scores),
    line_min: quantile(scores, 0),
    line_q10: quantile(scores, 0.1),
    char_mean: mean(characters),
    char_min: quantile(characters, 0),
    char_q10: quantile(characters, 0.1),
    boxes: lines.length,
    dropped: share(lines.length - kept.length),
    doubtful: share(lines.filter(isDoubtful).length),
    box_score_mean: mean(lines.map(line => line.boxScore)),
    box_score_min: quantile(
      lines.map(line => line.boxScore),
      0,
    ),
    text_peak: picture.textPeak,
    blank_ratio: mean(lines.map(line => line.blankRatio)),
    text_height_px: quantile(heights, 0.5),
    text_height_min_px: quantile(heights, 0),
    characters: text.length,
    megapixels: picture.megapixels,
  }
  return { text, rawConfidence: confidenceOf(signals), signals }
}

/** An answer is as good as its typical characters and its worst line; of nothing found, as sure as the detector saw nothing. */
function confidenceOf(signals: {
  line_min: number
  char_mean: number
  char_q10: number
  dropped: number
  boxes: number
  text_peak: number
}): number {
  const sure =
    signals.boxes === 0
      ? 1 - signals.text_peak
      : Math.cbrt(signals.line_min * signals.char_mean * signals.char_q10) * (1 - signals.dropped / 2)
  return Math.max(0, Math.min(1, sure))
}

/** Rows from top to bottom, each from left to right; boxes whose middles lie within half a line of each other share a row. */
export function inReadingOrder<Line extends Pick<ReadLine, 'corners'>>(
  lines: readonly Line[],
): readonly (readonly Line[])[] {
  const rows: Line[][] = []
  for (const line of lines.toSorted((a, b) => middleOf(a).y - middleOf(b).y)) {
    const row = rows.at(-1)
    const first = row?.[0]
    const near =
      first !== undefined && middleOf(line).y - middleOf(first).y < Math.min(heightOf(line), heightOf(first)) / 2
    if (near) row?.push(line)
    else rows.push([line])
  }
  return rows.map(row => row.toSorted((a, b) => middleOf(a).x - middleOf(b).x))
}

function middleOf({ corners }: Pick<ReadLine, 'corners'>): Point {
  return { x: mean(corners.map(corner => corner.x)), y: mean(corners.map(corner => corner.y)) }
}

function heightOf({ corners: [topLeft, topRight, , bottomLeft] }: Pick<ReadLine, 'corners'>): number {
  const width = Math.hypot(topRight.x - topLeft.x, topRight.y - topLeft.y)
  const height = Math.hypot(bottomLeft.x - topLeft.x, bottomLeft.y - topLeft.y)
  return Math.min(width, height)
}
