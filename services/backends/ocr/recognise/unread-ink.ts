import type { StripInk } from './strip-ink.ts'

/** A character, and the column of the strip in its middle. */
export interface SeenCharacter {
  readonly character: string
  readonly column: number
}

/** A mark at the end that was not read is a wrong word, in most cases. */
const errorsPerLostMark = 0.7
/** A number without its sign is another number. */
const errorsPerLostSign = 1.5
/** A mark is narrower than this, and begins so much lower than a letter, in heights of the writing. */
const mostMarkWidth = 0.25
const leastDrop = 0.3
/** Narrower ink before a number is the rim of a frame, or dirt. */
const leastSignWidth = 0.15

/** How many words of a line are expected to be wrong because ink at its ends was not read. */
export function unreadErrors(seen: readonly SeenCharacter[], ink: StripInk): number {
  return (lacksMark(seen, ink) ? errorsPerLostMark : 0) + (lacksSign(seen, ink) ? errorsPerLostSign : 0)
}

/** Whether more pieces of ink stand apart than characters were read: then one of two alike may be lost. */
export function lacksCharacters(seen: readonly SeenCharacter[], ink: StripInk): boolean {
  return seen.length > 0 && ink.grounds.length + 1 > seen.reduce((sum, { character }) => sum + piecesOf(character), 0)
}

/** Most pieces of ink that stand side by side in a character. */
function piecesOf(character: string): number {
  return /["\u201C\u201D%\u2026\u2030\u2103\u2109]/u.test(character) ? 3 : 1
}

/** Whether low ink follows the last letter, as of a full stop that the recogniser passed over. */
function lacksMark(seen: readonly SeenCharacter[], ink: StripInk): boolean {
  const last = seen.at(-1)
  if (last === undefined || !/[\p{Script=Latin}\p{N}]/u.test(last.character)) return false
  const gap = ink.widestGap(last.column, ink.extent.to - 1)
  const isBehind = gap.from > last.column && gap.to > gap.from && ink.extent.to - gap.to <= mostMarkWidth * ink.unit
  return isBehind && ink.top(gap.to, ink.extent.to) - ink.top(last.column, gap.from) >= leastDrop
}

/** Whether ink that was not read stands before the first figure, as of a sign that the recogniser passed over. */
function lacksSign(seen: readonly SeenCharacter[], ink: StripInk): boolean {
  const first = seen[0]
  if (first === undefined || !/[\p{N}$€£]/u.test(first.character)) return false
  const gap = ink.widestGap(ink.extent.from, first.column)
  return gap.to > gap.from && gap.from - ink.extent.from >= leastSignWidth * ink.unit
}
