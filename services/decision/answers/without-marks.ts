/** Hyphens, dashes and minus signs; slashes of fractions and of division. */
const dashes = /[\u2010-\u2013\u2212\uFE63\uFF0D]/gu
const slashes = /[\u2044\u2215]/gu

/**
 * What tells nothing: signs that are not seen, accents and points of vowels that a text may do without, the comma
 * of thousands, the sign of a currency before a number, blanks within a fraction.
 */
const dress =
  /\p{Cf}|\p{Variation_Selector}|[\u0300-\u036F\u0591-\u05C7\u064B-\u0652\u0670\u20E3]|(?<=\d),(?=\d{3}(?!\d))|\p{Sc}\s?(?=[-.]?\p{Nd})|(?<=\p{Nd})\s+(?=\/\s*\p{Nd})|(?<=\p{Nd}\s*\/)\s+(?=\p{Nd})/gu

/**
 * Parts of a number that are no figures: its sign, its point, the point that it begins with, the line of a
 * fraction; those of dates are none.
 */
const kept = [
  String.raw`(?=-)(?<![\p{L}\p{N}])(?<!\p{N}\s+)-(?=\.?\p{Nd})`,
  String.raw`(?=\.)(?<=\p{Nd})(?<!\.\p{Nd}+)\.(?=\p{Nd})(?!\p{Nd}+\.\p{Nd})`,
  String.raw`(?<![\p{L}\p{N}.])\.(?=\p{Nd})`,
  String.raw`(?=\/)(?<=\p{Nd})(?<!\/\p{Nd}+)\/(?=\p{Nd})(?!\p{Nd}+\/)`,
]

/** Whatever is neither letter nor figure nor part of a number. */
const marks = new RegExp(String.raw`(?!${kept.join('|')})[^\p{L}\p{N}\p{M}]`, 'gu')
const runsOfMarks = new RegExp(`(?:${marks.source})+`, 'gu')

/** Most labels, which are as they are. */
const bare = /^[a-z\d]*$/u

/**
 * Longer texts are compared in the composition that they have: normalising takes a time that grows with the square
 * of combining marks.
 */
const longestNormalised = 256
/**
 * Of longer texts nobody asks whether they are one answer but for their marks, and a look takes half a millisecond
 * a thousand.
 */
const longestCompared = 65_536

/**
 * A text but for case, space, punctuation and composition; numbers keep what makes them other numbers, and what is
 * nothing but marks (`<`) stays as it is. Pure.
 */
export function withoutMarks(text: string): string {
  if (text.length > longestCompared || bare.test(text)) return text
  const normal = normalised(text)
  return normal.replaceAll(marks, '') || normal.trim()
}

/** The same with one space between words. Pure. */
export function wordsWithoutMarks(text: string): string {
  if (text.length > longestCompared) return text
  const normal = normalised(text)
  return normal.replaceAll(runsOfMarks, ' ').trim() || normal.trim()
}

function normalised(text: string): string {
  const composed = text.length > longestNormalised ? text : text.normalize('NFC')
  return composed.toLowerCase().replaceAll(dashes, '-').replaceAll(slashes, '/').replaceAll(dress, '')
}
