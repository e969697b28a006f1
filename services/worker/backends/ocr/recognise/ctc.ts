/** A line as it was recognised. */
export interface RecognisedText {
  readonly text: string
  /** Probability of each character of `text` but the spaces. */
  readonly probabilities: readonly number[]
  /** Share of the time steps that hold no character. */
  readonly blankRatio: number
  /** The letters stand so far apart that nobody can tell words from letters. */
  readonly apart: boolean
}

/** A line without a character. */
export const emptyText: RecognisedText = { text: '', probabilities: [], blankRatio: 1, apart: false }

/** Class that stands for no character. */
const blank = 0
/**
 * Least probability of a space among blanks that makes a gap a space. PP-OCRv4 was trained on Chinese and often prefers the blank
 * there; measured: 0.1 to 0.4 where a space is lost, under 0.01 between the letters of a word.
 */
const lostSpace = 0.05

/** The likeliest class at each time step of a line, with what deciding needs beside it. */
export interface BestPath {
  readonly classes: Int32Array
  readonly probabilities: Float32Array
  /** Probabilities of the blank and of the space. */
  readonly blanks: Float32Array
  readonly spaces: Float32Array
}

/** Takes the likeliest class of each step of `rows`: float32 [steps, classes], probabilities, the last class being the space. */
export function bestPath(rows: Float32Array, classes: number): BestPath {
  const steps = Math.floor(rows.length / classes)
  const path = {
    classes: new Int32Array(steps),
    probabilities: new Float32Array(steps),
    blanks: new Float32Array(steps),
    spaces: new Float32Array(steps),
  }
  for (let step = 0; step < steps; step++) {
    const row = rows.subarray(step * classes, (step + 1) * classes)
    const best = indexOfHighest(row)
    path.classes[step] = best
    path.probabilities[step] = row[best]!
    path.blanks[step] = row[blank]!
    path.spaces[step] = row[classes - 1]!
  }
  return path
}

/**
 * Joins the paths of two pieces of a line of which the second begins `overlap` steps before the first ends. The seam lies where
 * both see a gap between characters, away from the rims, where a piece shows torn characters.
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
    blanks: join(first.blanks, second.blanks, new Float32Array(steps)),
    spaces: join(first.spaces, second.spaces, new Float32Array(steps)),
  }
}

/** A character of a path but no space: where it is, and how likely a space is before it. */
interface Placed {
  readonly character: string
  probability: number
  readonly from: number
  to: number
  readonly space: number
}

/**
 * Reads a path: repeated classes are one character, blanks part them; spaces lost to blanks are put back, and full-width letters
 * among Latin ones are folded. `dictionary` names the classes from 1 on, the last being the space. `gapBetween` tells, where the
 * strip is at hand, how wide the ground between two steps is, in heights of the writing.
 * @source Graves et al. 2006, Connectionist Temporal Classification, best-path decoding
 */
export function decodePath(
  path: BestPath,
  dictionary: readonly string[],
  gapBetween?: (from: number, to: number) => number,
): RecognisedText {
  const placed = placeCharacters(path, dictionary)
  const gaps = placed.slice(1).map((one, index) => gapBetween?.(middleOf(placed[index]!), middleOf(one)) ?? unknownGap)
  const usual = gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? unknownGap
  const apart = areApart(placed, gaps)
  let text = ''
  for (const [index, { character, space }] of placed.entries()) {
    const gap = gaps[index - 1]
    const before = placed[index - 1]?.character ?? ''
    if (gap !== undefined && (apart ? gap >= spacedGap : isSpace({ before, character, space, gap, usual }))) text += ' '
    text += character
  }
  const steps = path.classes.length
  const blanks = path.classes.reduce((count, best) => count + Number(best === blank), 0)
  return {
    text: foldWidth(text),
    probabilities: placed.map(({ probability }) => probability),
    blankRatio: steps === 0 ? 1 : blanks / steps,
    apart: apart && !wideScripts.test(text),
  }
}

function placeCharacters(path: BestPath, dictionary: readonly string[]): readonly Placed[] {
  const placed: Placed[] = []
  let before = blank
  let space = 0
  for (const [step, best] of path.classes.entries()) {
    const probability = path.probabilities[step]!
    const last = placed.at(-1)
    if (best === blank || best === dictionary.length) space = Math.max(space, path.spaces[step]!)
    else if (best === before && last !== undefined) {
      last.probability = Math.max(last.probability, probability)
      last.to = step
    } else {
      placed.push({ character: dictionary[best - 1] ?? '\uFFFD', probability, from: step, to: step, space })
      space = 0
    }
    before = best
  }
  return placed
}

/** Whether letters and digits stand apart; marks have wide gaps of their own. */
function areApart(placed: readonly Placed[], gaps: readonly number[]): boolean {
  const [plain, all] = [/[\p{L}\p{N}]/u, [] as number[]]
  for (const [index, gap] of gaps.entries()) {
    if (plain.test(placed[index]!.character) && plain.test(placed[index + 1]!.character)) all.push(gap)
  }
  return all.length >= leastGaps && all.toSorted((a, b) => a - b)[all.length >> 1]! >= apartGap
}

function middleOf({ from, to }: Placed): number {
  return (from + to) / 2
}

/** Stands for a gap that is not known: neither wide nor narrow. */
const unknownGap = 0.2
/** Letters of a word stand closer than this, in heights of the writing; those that are spaced, or single ones with spaces, do not. */
const apartGap = 0.35
const leastGaps = 2
/** Single letters with spaces between them stand further apart than the letters of a spaced word. */
const spacedGap = 0.5

/**
 * Whether there is a space between two characters: one that the recogniser saw or nearly saw, or one that it overlooked in a gap that
 * is wide for its line. Measured on 4,000 pairs of characters in seven fonts: spaces are 0.2 to 1 of the writing's height, gaps
 * within words up to 0.25, up to 0.4 at marks and in fonts of one width.
 */
function isSpace(at: {
  readonly before: string
  readonly character: string
  readonly space: number
  readonly gap: number
  readonly usual: number
}): boolean {
  const { before, character, space, gap, usual } = at
  if (space >= lostSpace) return true
  if (gap < 2 * usual) return false
  const [letters, marks] = [/\p{L}/u, /[.,;:!?)]/u]
  if (letters.test(before) && letters.test(character)) return gap >= 0.28 && space >= 0.000_1
  return gap >= 0.3 && space >= (marks.test(before) ? 0.002 : 0.01)
}

/** Scripts that full-width letters belong to. */
const wideScripts = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u

/** Full-width letters, digits and marks as plain ones, unless the line is of a script that is as wide. */
function foldWidth(text: string): string {
  return wideScripts.test(text)
    ? text
    : text.replaceAll(/[\uFF01-\uFF5E\u3000\uFFE0-\uFFE6]/gu, wide => wide.normalize('NFKC'))
}

/** Reads the likeliest path of `rows`: {@link bestPath}, then {@link decodePath}. */
export function decodeCtc(rows: Float32Array, classes: number, dictionary: readonly string[]): RecognisedText {
  return decodePath(bestPath(rows, classes), dictionary)
}

function indexOfHighest(row: Float32Array): number {
  let best = 0
  for (let index = 1; index < row.length; index++) if (row[index]! > row[best]!) best = index
  return best
}
