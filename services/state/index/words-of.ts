const wordShape = /[\p{L}\p{N}\p{M}]+/gu
/** Scripts that put no spaces between words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u

/**
 * The words of a text as a lexical search compares them: lower case, and pairs of signs where no spaces are
 * written.
 */
export function wordsOf(text: string): readonly string[] {
  const words: string[] = []
  for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(wordShape)) {
    if (!unspaced.test(word)) words.push(word)
    else words.push(...pairsOf(word))
  }
  return words
}

function pairsOf(word: string): readonly string[] {
  const signs = word.match(/./gsu) ?? []
  return signs.length < 2 ? signs : signs.slice(1).map((sign, at) => `${signs[at] ?? ''}${sign}`)
}
