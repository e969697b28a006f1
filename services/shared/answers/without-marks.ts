/** Hyphens, dashes and the minus sign; slashes of fractions and of division. */
const dashes = /[\u2010-\u2014\u2212]/gu
const slashes = /[\u2044\u2215]/gu

/** What tells nothing: signs that are not seen, the comma of thousands, the sign of a currency before a number, blanks within a fraction. */
const dress =
  /\p{Cf}|[\uFE00-\uFE0F\u20E3]|(?<=\d),(?=\d{3}(?!\d))|\p{Sc}\s?(?=[-.]?\p{Nd})|(?<=\p{Nd})\s+(?=\/\s*\p{Nd})|(?<=\p{Nd}\s*\/)\s+(?=\p{Nd})/gu

/** Parts of a number that are no figures: its sign, its point, the line of a fraction (of a date it is none), what it is held against. */
const kept = [
  String.raw`(?<![\p{L}\p{N}])-(?=\.?\p{Nd})`,
  String.raw`(?<=\p{Nd})\.(?=\p{Nd})`,
  String.raw`(?<![\p{L}\p{N}.])\.(?=\p{Nd})`,
  String.raw`(?=\/)(?<=\p{Nd})(?<!\/\p{Nd}+)\/(?=\p{Nd})(?!\p{Nd}+\/)`,
  String.raw`[<>\u2264\u2265](?==?\p{Nd})`,
]

/** Whatever is neither letter nor figure nor part of a number. */
const marks = new RegExp(String.raw`(?!${kept.join('|')})[^\p{L}\p{N}\p{M}]`, 'gu')
const runsOfMarks = new RegExp(`(?:${marks.source})+`, 'gu')

/** Most labels, which are as they are. */
const bare = /^[\p{Ll}\p{Lo}\p{N}]*$/u

/** Longer texts are compared in the form of characters that they have: normalising takes a time that grows with the square of odd ones. */
const longestNormalised = 256

/**
 * A text but for case, space, punctuation and composition; numbers keep what makes them other numbers, and what is nothing but marks (`<`)
 * stays as it is. Pure.
 */
export function withoutMarks(text: string): string {
  if (bare.test(text)) return text
  const normal = normalised(text)
  return normal.replaceAll(marks, '') || normal.trim()
}

/** The same with one space between words. Pure. */
export function wordsWithoutMarks(text: string): string {
  const normal = normalised(text)
  return normal.replaceAll(runsOfMarks, ' ').trim() || normal.trim()
}

function normalised(text: string): string {
  const composed = text.length > longestNormalised ? text : text.normalize('NFC')
  return composed.toLowerCase().replaceAll(dashes, '-').replaceAll(slashes, '/').replaceAll(dress, '')
}
