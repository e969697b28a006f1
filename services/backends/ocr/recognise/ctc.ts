import { settleCase } from './letter-case.ts'
import { settleMixedWords } from './mixed-words.ts'
import { findSpaces, type Glyph } from './find-spaces.ts'
import type { Stretch, StripInk } from './strip-ink.ts'
import { lacksCharacters, unreadErrors } from './unread-ink.ts'

/** A line as it was recognised. */
export interface RecognisedText {
  readonly text: string
  /** Probability of each character of `text` but the spaces. */
  readonly probabilities: readonly number[]
  /** Share of the time steps that hold no character. */
  readonly blankRatio: number
  /** The letters are so widely spaced that words cannot be told apart. */
  readonly apart: boolean
  /** How many of its spaces are expected to be wrong, lost or too many. */
  readonly spaceErrors: number
  /** How many words are expected to be wrong: they mix letters and digits, or a mark behind them was not read. */
  readonly mixedErrors: number
  /** More pieces of ink stand apart than characters were read: one of two alike may be lost. */
  readonly lacksCharacters: boolean
}

/** A line without a character. */
export const emptyText: RecognisedText = {
  text: '',
  probabilities: [],
  blankRatio: 1,
  apart: false,
  spaceErrors: 0,
  mixedErrors: 0,
  lacksCharacters: false,
}

/** The class for no character (the blank). */
const blank = 0
/** The likeliest class at each time step of a line, with what deciding needs beside it. */
export interface BestPath {
  readonly classes: Int32Array
  readonly probabilities: Float32Array
  /** The likeliest other character, and its probability. */
  readonly rivals: Int32Array
  readonly rivalProbabilities: Float32Array
  /** Probabilities of the blank and of the space. */
  readonly blanks: Float32Array
  readonly spaces: Float32Array
}

/**
 * Takes the likeliest class of each step of `rows`: float32 [steps, classes], probabilities, the last class being
 * the space.
 */
export function bestPath(rows: Float32Array, classes: number): BestPath {
  const steps = Math.floor(rows.length / classes)
  const path = {
    classes: new Int32Array(steps),
    probabilities: new Float32Array(steps),
    rivals: new Int32Array(steps),
    rivalProbabilities: new Float32Array(steps),
    blanks: new Float32Array(steps),
    spaces: new Float32Array(steps),
  }
  for (let step = 0; step < steps; step++) {
    const row = rows.subarray(step * classes, (step + 1) * classes)
    const best = indexOfHighest(row)
    const rival = best === blank ? blank : rivalOf(row, best)
    path.classes[step] = best
    path.probabilities[step] = row[best]!
    path.rivals[step] = rival
    path.rivalProbabilities[step] = row[rival]!
    path.blanks[step] = row[blank]!
    path.spaces[step] = row[classes - 1]!
  }
  return path
}

/**
 * Joins the paths of two pieces of a line of which the second begins `overlap` steps before the first ends. The
 * seam lies where both see a gap between characters, away from the rims, where a piece shows torn characters.
 */
export function joinPaths(first: BestPath, second: BestPath, overlap: number): BestPath {
  const start = first.classes.length - overlap
  let seam = overlap >> 1
  let surest = -1
  for (let step = overlap >> 2; step < overlap - (overlap >> 2); step++) {
    const gap = Math.min(first.blanks[start + step] ?? 0, second.blanks[step] ?? 0)
    if (gap <= surest) continue
    surest = gap
    seam = step
  }
  const join = <Values extends Int32Array | Float32Array>(a: Values, b: Values, into: Values): Values => {
    into.set(a.subarray(0, start + seam))
    into.set(b.subarray(seam), start + seam)
    return into
  }
  const steps = start + second.classes.length
  return {
    classes: join(first.classes, second.classes, new Int32Array(steps)),
    probabilities: join(first.probabilities, second.probabilities, new Float32Array(steps)),
    rivals: join(first.rivals, second.rivals, new Int32Array(steps)),
    rivalProbabilities: join(first.rivalProbabilities, second.rivalProbabilities, new Float32Array(steps)),
    blanks: join(first.blanks, second.blanks, new Float32Array(steps)),
    spaces: join(first.spaces, second.spaces, new Float32Array(steps)),
  }
}

/** A character of a path but no space: where it is, and how likely a space is before it. */
interface Placed {
  readonly character: string
  probability: number
  rival: string
  rivalProbability: number
  readonly from: number
  to: number
  readonly space: number
}

/** Pixels that one time step of the recogniser covers. */
export const stepPixels = 8

/**
 * Reads a path: repeated classes are one character, blanks part them; where words end is told with the ink of the
 * strip, and full-width letters among Latin ones are folded. `dictionary` names the classes from 1 on, the last
 * being the space.
 * @source Graves et al. 2006, Connectionist Temporal Classification, best-path decoding
 */
export function decodePath(path: BestPath, dictionary: readonly string[], ink: StripInk): RecognisedText {
  const read = withoutEchoes(placeCharacters(path, dictionary), ink)
  const placed = settleCase(read, topsOf(read, ink))
  const { before, expectedErrors, apart } = findSpaces(
    glyphsOf(placed, ink),
    ink.grounds.map(width => width / ink.unit),
  )
  const { characters, expectedErrors: mixed } = settleMixedWords(placed, before)
  const text = characters.map(({ character }, index) => (before[index] === true ? ` ${character}` : character)).join('')
  const seen = placed.map(one => ({ character: one.character, column: columnOf(one) }))
  const steps = path.classes.length
  const blanks = path.classes.reduce((count, best) => count + Number(best === blank), 0)
  return {
    text: foldWidth(text),
    probabilities: characters.map(({ probability }) => probability),
    blankRatio: steps === 0 ? 1 : blanks / steps,
    apart: apart && !wideScripts.test(text),
    spaceErrors: expectedErrors,
    mixedErrors: mixed + unreadErrors(seen, ink),
    lacksCharacters: !wideScripts.test(text) && lacksCharacters(seen, ink),
  }
}

function placeCharacters(path: BestPath, dictionary: readonly string[]): readonly Placed[] {
  const placed: Placed[] = []
  const characterOf = (index: number): string => dictionary[index - 1] ?? '\uFFFD'
  let before = blank
  let space = 0
  for (const [step, best] of path.classes.entries()) {
    const probability = path.probabilities[step]!
    const [rival, rivalProbability] = [characterOf(path.rivals[step]!), path.rivalProbabilities[step]!]
    const last = placed.at(-1)
    if (best === blank || best === dictionary.length) space = Math.max(space, path.spaces[step]!)
    else if (best === before && last !== undefined) {
      last.probability = Math.max(last.probability, probability)
      if (rivalProbability > last.rivalProbability) Object.assign(last, { rival, rivalProbability })
      last.to = step
    } else {
      placed.push({ character: characterOf(best), probability, rival, rivalProbability, from: step, to: step, space })
      space = 0
    }
    before = best
  }
  return placed
}

/** An echo is narrower together with its letter than this share of the line's height. */
const echoWidth = 0.5

/**
 * Leaves out echoes: a mark that was read twice though its ink is one piece, such as `°°` or `::`. Letters are left
 * alone.
 */
function withoutEchoes(placed: readonly Placed[], ink: StripInk): readonly Placed[] {
  return placed.filter((one, index) => {
    const before = placed[index - 1]
    if (before?.character !== one.character || /[\p{L}\p{N}]/u.test(one.character)) return true
    const gap = ink.widestGap(columnOf(before), columnOf(one))
    const together = columnOf(one) - columnOf(before)
    return gap.to > gap.from || together > echoWidth * ink.unit
  })
}

/** Where the ink of each character begins. */
function topsOf(placed: readonly Placed[], ink: StripInk): readonly number[] {
  const gaps = gapsBetween(placed, ink)
  return placed.map((_, index) => ink.top(gaps[index - 1]?.to ?? ink.extent.from, gaps[index]?.from ?? ink.extent.to))
}

function gapsBetween(placed: readonly Placed[], ink: StripInk): readonly Stretch[] {
  return placed.slice(1).map((one, index) => ink.widestGap(columnOf(placed[index]!), columnOf(one)))
}

/** Characters with the ground between them, in heights of the writing. */
function glyphsOf(placed: readonly Placed[], ink: StripInk): readonly Glyph[] {
  const gaps = gapsBetween(placed, ink)
  const middles = placed.map(
    (_, index) => ((gaps[index - 1]?.to ?? ink.extent.from) + (gaps[index]?.from ?? ink.extent.to)) / 2,
  )
  return placed.map(({ character, space }, index) => {
    const gap = gaps[index - 1]
    return {
      character,
      space,
      gap: gap === undefined ? 0 : (gap.to - gap.from) / ink.unit,
      advance: gap === undefined ? 0 : (middles[index]! - middles[index - 1]!) / ink.unit,
    }
  })
}

/** The column of the strip in the middle of a character. */
function columnOf({ from, to }: Placed): number {
  return Math.round(((from + to) / 2 + 0.5) * stepPixels)
}

/** Scripts that full-width letters belong to. */
const wideScripts = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u

/**
 * Full-width letters, digits, marks and degrees read twice as plain ones, unless the line is of a script that is as
 * wide.
 */
function foldWidth(text: string): string {
  return wideScripts.test(text)
    ? text
    : text
        .replaceAll(/[\uFF01-\uFF5E\u3000\uFFE0-\uFFE6]/gu, wide => wide.normalize('NFKC'))
        .replaceAll(/°?([℃℉])/gu, (_, unit: string) => unit.normalize('NFKC'))
}

/** The likeliest character beside the best; neither the blank nor the space. */
function rivalOf(row: Float32Array, best: number): number {
  let rival = blank
  let probability = 0
  for (let index = 1; index < row.length - 1; index++) {
    if (index === best || row[index]! <= probability) continue
    rival = index
    probability = row[index]!
  }
  return rival
}

function indexOfHighest(row: Float32Array): number {
  let best = 0
  for (let index = 1; index < row.length; index++) if (row[index]! > row[best]!) best = index
  return best
}
