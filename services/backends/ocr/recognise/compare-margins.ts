import type { RecognisedText } from './ctc.ts'
import { doubtsOf } from './reading.ts'

/** A text of two readings. */
export interface Compared extends RecognisedText {
  /** They differ in a number or its sign. */
  readonly disputed: boolean
}

/** Marks that change a number they stand before or behind. */
const signBefore = /^[-+\u2212\u2013\u2014\u00B1(]{1,2}$/u
const signBehind = /^[-+\u2212\u2013\u2014)%\u2030\u00B0]{1,2}$/u
/** A sign that one of two margins shows is believed from this probability on. */
const sureSign = 0.6

/** Whether a line begins or ends with a number: there a sign may stand at the rim of its box. */
export function hasNumberAtEnd(text: string): boolean {
  return /^[^\p{L}]{0,3}\d/u.test(text.trim()) || /\d[^\p{L}]{0,3}$/u.test(text.trim())
}

/**
 * Takes of two readings of a line, the second with wider margins, the one to be believed. A sign that only one of
 * them shows is taken where it is probable; other characters that only the wider one shows belong to neighbours.
 * Numbers that differ are disputed.
 */
export function compareMargins(narrow: RecognisedText, wide: RecognisedText): Compared {
  const [inner, outer] = [plain(narrow.text), plain(wide.text)]
  if (inner === outer) return { ...(doubtsOf(wide) < doubtsOf(narrow) ? wide : narrow), disputed: false }
  if (outer === '') return { ...narrow, disputed: false }
  return signsAdded(narrow, wide) ?? numbersDiffer(narrow, wide)
}

/** Where one reading is the other with something before or behind it. */
function signsAdded(narrow: RecognisedText, wide: RecognisedText): Compared | undefined {
  const [inner, outer] = [plain(narrow.text), plain(wide.text)]
  const more = addedTo(outer, inner, wide.probabilities)
  if (more?.isSign === true) {
    return more.probability >= sureSign ? { ...wide, disputed: false } : { ...narrow, disputed: true }
  }
  if (more !== undefined) return { ...narrow, disputed: false }
  const less = addedTo(inner, outer, narrow.probabilities)
  return less?.isSign === true ? { ...narrow, disputed: less.probability < sureSign } : undefined
}

function numbersDiffer(narrow: RecognisedText, wide: RecognisedText): Compared {
  const sameNumber = numberOf(wide.text).includes(numberOf(narrow.text)) && signOf(wide.text) === signOf(narrow.text)
  if (sameNumber) return { ...narrow, disputed: false }
  return { ...(doubtsOf(wide) < doubtsOf(narrow) ? wide : narrow), disputed: true }
}

/**
 * Whether what stands before and behind `part` in `whole` is signs, and the least probability of it; undefined
 * where `whole` does not hold it.
 */
function addedTo(
  whole: string,
  part: string,
  probabilities: readonly number[],
): { readonly isSign: boolean; readonly probability: number } | undefined {
  const at = whole.indexOf(part)
  if (at < 0) return undefined
  const [before, behind] = [whole.slice(0, at), whole.slice(at + part.length)]
  // One probability a character: the dictionaries hold none outside of the basic plane.
  const added = [...probabilities.slice(0, at), ...probabilities.slice(at + part.length)]
  return {
    isSign: (before === '' || signBefore.test(before)) && (behind === '' || signBehind.test(behind)),
    probability: Math.min(1, ...added),
  }
}

function plain(text: string): string {
  return text.replaceAll(/\s/gu, '')
}

/** What of a text counts: digits with their marks. */
function numberOf(text: string): string {
  return text.replaceAll(/[^\d.,+\-\u2212\u2013()%]/gu, '')
}

/** The signs that stand before digits. */
function signOf(text: string): string {
  return Array.from(text.matchAll(/[-+\u2212\u2013\u2014(](?=\D?\d)/gu), found => found[0]).join('')
}
