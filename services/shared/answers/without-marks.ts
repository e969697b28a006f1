/** Hyphens, dashes and the minus sign, which NFKC leaves apart. */
const dashes = /[\u2010-\u2013\u2212]/gu

/** What stands within a number and tells nothing of it: commas of thousands, the sign of a currency. */
const dress = /(?<=\d),(?=\d{3}(?!\d))|\p{Sc}(?=[-.]?\d)/gu

/**
 * Whatever is neither letter nor figure nor part of a number: its marks between figures (`1.5`, `3/4`, `10:30`), its sign where no letter
 * or figure stands before it (`-5`), the point that it begins with (`.5`).
 */
const marks = /(?!(?<=\d)[.,:/-](?=\d)|(?<![\p{L}\p{N}])-(?=\.?\d)|(?<![\p{L}\p{N}.])\.(?=\d))[^\p{L}\p{N}]/gu
const runsOfMarks = new RegExp(`(?:${marks.source})+`, 'gu')

/** Most labels, which are as they are. */
const bare = /^[a-z\d]*$/u

/**
 * A text but for case, space, punctuation and the form of its characters; numbers keep what makes them other numbers, and what is
 * nothing but marks (`<`) stays as it is. Pure.
 */
export function withoutMarks(text: string): string {
  if (bare.test(text)) return text
  const kept = normal(text)
  return kept.replaceAll(dress, '').replaceAll(marks, '') || kept.trim()
}

/** The same with one space between words. Pure. */
export function wordsWithoutMarks(text: string): string {
  const kept = normal(text)
  return kept.replaceAll(dress, '').replaceAll(runsOfMarks, ' ').trim() || kept.trim()
}

function normal(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(dashes, '-')
}
