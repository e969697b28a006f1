import type { Caveat } from '#services/contract/answer'
import { mean, quantile } from '../../answers/statistics.ts'
import type { Point } from '../detect/minimal-rectangle.ts'
import { heightOf } from '../detect/text-boxes.ts'

/** A line that was found and recognised. */
export interface ReadLine {
  /** Corners in pixels of the picture, from top left clockwise. */
  readonly corners: readonly [Point, Point, Point, Point]
  /** Probability of the detector that this is text. */
  readonly boxScore: number
  readonly text: string
  readonly probabilities: readonly number[]
  readonly blankRatio: number
  /** The letters are so widely spaced that words cannot be told apart. */
  readonly apart: boolean
  /** How many of its spaces are expected to be wrong. */
  readonly spaceErrors: number
  /** How many of its words are expected to be wrong for mixing letters and digits. */
  readonly mixedErrors: number
  /** Two readings of a number in it or its sign differ. */
  readonly disputed: boolean
}

/** A page that was read. */
export interface ReadPage {
  readonly lines: readonly ReadLine[]
  readonly megapixels: number
  /** The detector's highest probability of text anywhere. */
  readonly textPeak: number
  /** How sure it is in [0,1] which way up the page is. */
  readonly orientationSure: number
  /** Text on it was too small to be seen well within the limits. */
  readonly tooSmall: boolean
  /** Share of text-like texture that no line covers. */
  readonly uncoveredRatio: number
}

/** Text of a picture with the signs by which it can be trusted. */
export interface Reading {
  readonly text: string
  readonly rawConfidence: number
  readonly signals: Readonly<Record<string, number>>
  readonly caveats: readonly Caveat[]
}

/** Lines recognised with less are noise: edges, textures. @source PaddleOCR `drop_score` 0.5 */
const noiseScore = 0.5
/** Lines recognised with less are read again. */
const doubtfulScore = 0.9

/** An answer that lacks a part of what was sent, or may lack it, is hardly right. */
const partlyReadTrust = 0.5
/**
 * Wrong words for each character's worth of doubt. Measured on 60,000 characters in 25 fonts: 0.7; on 156 odd
 * pictures in six: 0.2 to 1.1.
 */
const wrongPerDoubt = 0.6
/** Number of wrong words, or spaces, from which on they are reported. */
const toldWords = 0.5
const toldSpaces = 0.25
/** Two readings of a number differ: one of them is wrong. */
const disputedTrust = 0.55
/** A page that reads as well upside down. */
const leastUpright = 0.5
/** Nothing was found, though the texture resembles text. */
const unfoundShare = 0.5

/** Mean probability of a line's characters; 0 of an empty line. */
export function lineScore(line: Pick<ReadLine, 'probabilities'>): number {
  return mean(line.probabilities)
}

/** How many words of a line are expected to be wrong. */
export function doubtsOf(line: Pick<ReadLine, 'probabilities' | 'spaceErrors' | 'mixedErrors'>): number {
  return wrongPerDoubt * missingIn(line.probabilities) + line.spaceErrors + line.mixedErrors
}

/** What characters lack of certainty. */
function missingIn(probabilities: readonly number[]): number {
  return probabilities.reduce((sum, probability) => sum + 1 - probability, 0)
}

/** Returns whether to read a line again. */
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
 * | `pages`, `coverage` | pages of the file; share of them that was read |
 * | `orientation` | how sure the least sure page is of its way up |
 * | `disputed` | share of lines of which two readings differ in a number or its sign |
 * | `apart` | share of lines whose letters stand so far apart that words cannot be told |
 * | `doubts` | sum of what each character lacks of certainty, and of what words lack that mix letters and digits |
 * | `space_errors` | how many spaces are expected to be lost or too many |
 * | `uncovered` | share of what looks like writing that no line covers |
 * | `too_small` | 1 where print was too small to be seen well within the limits |
 */
export function interpretReading(pages: readonly ReadPage[], pageCount: number, animated = false): Reading {
  const texts = pages
    .map(page => textOf(keptOf(page.lines)))
    // Frames of an animation show one text for as long as it takes to read it.
    .filter((page, index, all) => !animated || page !== all[index - 1])
  const lines = pages.flatMap(page => page.lines)
  const kept = keptOf(lines)
  const text = texts.filter(page => page !== '').join('\n')
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
    text_peak: highest(pages.map(page => page.textPeak)),
    blank_ratio: mean(lines.map(line => line.blankRatio)),
    text_height_px: quantile(heights, 0.5),
    text_height_min_px: quantile(heights, 0),
    characters: text.length,
    megapixels: pages.reduce((sum, page) => sum + page.megapixels, 0),
    pages: pageCount,
    coverage: pages.length / Math.max(1, pageCount),
    orientation: Math.min(1, ...pages.map(page => page.orientationSure)),
    disputed: share(lines.filter(line => line.disputed).length),
    apart: share(lines.filter(line => line.apart).length),
    doubts: missingIn(characters) + kept.reduce((sum, line) => sum + line.mixedErrors, 0) / wrongPerDoubt,
    space_errors: kept.reduce((sum, line) => sum + line.spaceErrors, 0),
    uncovered: highest(pages.map(page => page.uncoveredRatio)),
    too_small: Number(pages.some(page => page.tooSmall)),
  }
  return { text, rawConfidence: confidenceOf(signals), signals, caveats: caveatsOf(signals, pages.length) }
}

function keptOf(lines: readonly ReadLine[]): readonly ReadLine[] {
  return lines.filter(line => lineScore(line) >= noiseScore && line.text.trim() !== '')
}

/** A row of lines as one line of text, joined by spaces. */
function textOf(lines: readonly ReadLine[]): string {
  return inReadingOrder(lines)
    .map(row => row.map(line => line.text.trim()).join(' '))
    .join('\n')
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}

/**
 * An answer is as good as its typical characters and its worst line; of nothing found, as sure as the detector saw
 * nothing.
 */
function confidenceOf(signals: Readonly<Record<string, number>>): number {
  const at = (name: string): number => signals[name] ?? 0
  const found =
    at('boxes') === 0
      ? (1 - at('text_peak')) * (1 - unfoundShare * at('uncovered'))
      : Math.cbrt(at('line_min') * at('char_mean') * at('char_q10')) * (1 - at('dropped') / 2)
  const agreed = at('disputed') > 0 || at('apart') > 0 ? disputedTrust : 1
  const upright = leastUpright + (1 - leastUpright) * at('orientation')
  const seen = at('coverage') < 1 || at('too_small') > 0 ? partlyReadTrust * at('coverage') : 1
  const words = wordsTrust(at('doubts')) * Math.exp(-at('space_errors'))
  return Math.max(0, Math.min(1, found * words * agreed * upright * seen))
}

/** The chance that a text has no more than one wrong word, as if words went wrong independently. */
function wordsTrust(doubts: number): number {
  const wrong = doubts * wrongPerDoubt
  return Math.exp(-wrong) * (1 + wrong)
}

/** What is known to be missing or doubtful in an answer, for the caller. */
function caveatsOf(signals: Readonly<Record<string, number>>, pagesRead: number): readonly Caveat[] {
  const at = (name: string): number => signals[name] ?? 0
  const caveats: Caveat[] = []
  if (at('coverage') < 1) {
    const note = `${pagesRead} of ${at('pages')} pages were read`
    caveats.push({ note, mostConfidence: partlyReadTrust * at('coverage') })
  }
  if (at('too_small') > 0) caveats.push({ note: 'some print is too small to be read', mostConfidence: partlyReadTrust })
  if (at('orientation') < 1) {
    const mostConfidence = leastUpright + (1 - leastUpright) * at('orientation')
    caveats.push({ note: 'it is uncertain which way up the page is', mostConfidence })
  }
  if (at('dropped') > 0)
    caveats.push({ note: 'some of what looks like writing cannot be read', mostConfidence: partlyReadTrust })
  const wrongWords = at('doubts') * wrongPerDoubt
  if (wrongWords >= toldWords) {
    const note = `about ${Math.round(wrongWords)} ${wrongWords < 1.5 ? 'word' : 'words'} may be misread`
    caveats.push({ note, mostConfidence: wordsTrust(at('doubts')) })
  }
  if (at('space_errors') >= toldSpaces) {
    caveats.push({ note: 'spaces between words may be wrong', mostConfidence: Math.exp(-at('space_errors')) })
  }
  if (at('apart') > 0)
    caveats.push({ note: 'letters stand too far apart to tell words', mostConfidence: disputedTrust })
  if (at('disputed') > 0) caveats.push({ note: 'two readings of a number differ', mostConfidence: disputedTrust })
  return caveats
}

/**
 * Rows from top to bottom, each from left to right, along the slant that most of the writing has; boxes whose middles
 * lie within half a line of each other share a row.
 */
export function inReadingOrder<Line extends Pick<ReadLine, 'corners'>>(
  lines: readonly Line[],
): readonly (readonly Line[])[] {
  const slant = slantOf(lines)
  const placed = lines.map(line => ({ line, at: alongSlant(middleOf(line), slant), height: heightOf(line) }))
  const rows: (typeof placed)[] = []
  for (const one of placed.toSorted((a, b) => a.at.y - b.at.y)) {
    const row = rows.at(-1)
    const first = row?.[0]
    const near = first !== undefined && one.at.y - first.at.y < Math.min(one.height, first.height) / 2
    if (near) row?.push(one)
    else rows.push([one])
  }
  return rows.map(row => row.toSorted((a, b) => a.at.x - b.at.x).map(({ line }) => line))
}

/** Text that is tilted more does not define rows: it may be rotated. */
const mostSlant = Math.PI / 8

/** The angle of the middle one of the lines, the longer counting for more. */
function slantOf(lines: readonly Pick<ReadLine, 'corners'>[]): number {
  const angles = lines
    .map(({ corners: [left, right] }) => ({
      angle: Math.atan2(right.y - left.y, right.x - left.x),
      length: Math.hypot(right.x - left.x, right.y - left.y),
    }))
    .toSorted((a, b) => a.angle - b.angle)
  let before = angles.reduce((sum, { length }) => sum + length, 0) / 2
  const middle = angles.find(({ length }) => (before -= length) <= 0)?.angle ?? 0
  return Math.abs(middle) > mostSlant ? 0 : middle
}

function alongSlant({ x, y }: Point, slant: number): Point {
  const [along, across] = [Math.cos(slant), Math.sin(slant)]
  return { x: x * along + y * across, y: y * along - x * across }
}

function middleOf({ corners }: Pick<ReadLine, 'corners'>): Point {
  return { x: mean(corners.map(corner => corner.x)), y: mean(corners.map(corner => corner.y)) }
}
