import type { RecognisedText } from './ctc.ts'
import { lineScore } from './reading.ts'

/** A text of two readings. */
export interface Compared extends RecognisedText {
  /** They differ in a number or its sign. */
  readonly disputed: boolean
}

/** Marks that change a number they stand beside. */
const signs = /^[-+\u2212\u2013\u2014\u00B1()[\]<>~%\u2030\u00B0'$\u20AC\u00A3\u00A5]{1,3}$/u
/** A sign that a second margin shows is believed from this probability on. */
const sureSign = 0.8

/** Whether a line begins or ends with a number: there a sign may stand at the rim of its box. */
export function hasNumberAtEnd(text: string): boolean {
  return /^[^\p{L}]{0,3}\d/u.test(text.trim()) || /\d[^\p{L}]{0,3}$/u.test(text.trim())
}

/**
 * Takes of two readings of a line, the second with wider margins, the one to be believed. A sign that only the wider one shows is
 * taken; other characters there belong to neighbours.
 */
export function compareMargins(narrow: RecognisedText, wide: RecognisedText): Compared {
  const [inner, outer] = [plain(narrow.text), plain(wide.text)]
  if (inner === outer) {
    const better = lineScore(wide) > lineScore(narrow) && spaces(wide.text) >= spaces(narrow.text) ? wide : narrow
    return { ...better, disputed: false }
  }
  if (outer === '') return { ...narrow, disputed: false }
  const at = outer.indexOf(inner)
  if (at >= 0) {
    const added = [outer.slice(0, at), outer.slice(at + inner.length)].filter(part => part !== '')
    if (!added.every(part => signs.test(part))) return { ...narrow, disputed: false }
    const weakest = Math.min(...wide.probabilities)
    return weakest >= sureSign ? { ...wide, disputed: false } : { ...narrow, disputed: true }
  }
  if (numberOf(outer).includes(numberOf(inner))) return { ...narrow, disputed: false }
  return { ...(lineScore(wide) > lineScore(narrow) ? wide : narrow), disputed: true }
}

function plain(text: string): string {
  return text.replaceAll(/\s/gu, '')
}

function spaces(text: string): number {
  return text.length - plain(text).length
}

/** What of a text counts: digits with their marks. */
function numberOf(text: string): string {
  return text.replaceAll(/[^\d.,+\-\u2212\u2013()%]/gu, '')
}
