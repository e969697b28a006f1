import type { RecognisedText } from './ctc.ts'
import type { Compared } from './compare-margins.ts'
import { doubtsOf } from './reading.ts'

/** Readings that differ in spaces alone: the surer one is right more often than not. */
const differingSpaces = 0.55
/** Words that readings differ in: so many of the kept one are wrong. Measured on 2,956 lines in 35 fonts: 0.35. */
const errorsPerDifferingWord = 0.4
/** Further readings are redundant: they are of another scale, or of no text. */
const mostDiffering = 4

/**
 * Takes of several readings of a line at different widths the one that most agree on, else the one with the least
 * doubt, and doubts what the others have otherwise: words, spaces, and numbers with their signs.
 */
export function compareWidths(first: RecognisedText, others: readonly RecognisedText[]): Compared {
  const all = [first, ...others.filter(({ text }) => text !== '')].toSorted((a, b) => doubtsOf(a) - doubtsOf(b))
  // A reading that covers all ink is preferred.
  const whole = all.filter(one => !one.lacksCharacters)
  const votes = ({ text }: RecognisedText): number => all.filter(other => other.text === text).length
  const candidates = whole.length > 0 ? whole : all
  const most = Math.max(...candidates.map(votes))
  const kept = candidates.find(reading => votes(reading) === most)!
  const differing = all.filter(({ text }) => text !== kept.text)
  const isSame = ({ text }: RecognisedText): boolean => withoutSpaces(text) === withoutSpaces(kept.text)
  const words = Math.max(0, ...differing.filter(one => !isSame(one)).map(one => differingWords(one.text, kept.text)))
  return {
    ...kept,
    disputed: differing.some(({ text }) => numbersOf(text) !== numbersOf(kept.text)),
    spaceErrors: differing.some(isSame) ? Math.max(differingSpaces, kept.spaceErrors) : kept.spaceErrors,
    mixedErrors: kept.mixedErrors + errorsPerDifferingWord * Math.min(mostDiffering, words),
  }
}

/** Words of either text that the other has not. */
function differingWords(one: string, other: string): number {
  const [a, b] = [one.split(/\s+/u), other.split(/\s+/u)]
  return Math.max(lackingIn(b, a), lackingIn(a, b))
}

/** How many of some words are not among others. */
function lackingIn(others: readonly string[], words: readonly string[]): number {
  return words.filter(word => !others.includes(word)).length
}

/** The numbers of a text with the marks beside them, such as a sign or a currency. */
function numbersOf(text: string): string {
  return (withoutSpaces(text).match(/[^\p{L}\d]*\d[^\p{L}]*/gu) ?? []).join(' ')
}

function withoutSpaces(text: string): string {
  return text.replaceAll(/\s/gu, '')
}
