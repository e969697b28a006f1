/** Lexical and structural signs of a text, each a bounded number. Pure; one pass over the words. */
export function describeText(text: string): Readonly<Record<string, number>> {
  const head = text.slice(0, longestRead)
  const words = head.match(/[\p{L}\p{N}']+/gu) ?? []
  const letters = count(head, /\p{L}/gu)
  const long = words.filter(word => word.length > 8).length
  const perWord = 1 / Math.max(1, words.length)
  const perCharacter = 1 / Math.max(1, head.length)
  return {
    log_characters: Math.log1p(text.length),
    log_words: Math.log1p(words.length),
    mean_word_length: letters * perWord,
    long_word_ratio: long * perWord,
    type_token_ratio: new Set(words.map(word => word.toLowerCase())).size * perWord,
    digit_ratio: count(head, /\d/gu) * perCharacter,
    upper_ratio: count(head, /\p{Lu}/gu) / Math.max(1, letters),
    punctuation_ratio: count(head, /\p{P}/gu) * perCharacter,
    symbol_ratio: count(head, /[=+*/^<>\\{}[\]|~_$%]/gu) * perCharacter,
    log_lines: Math.log1p(count(head, /\n/gu)),
    log_options: Math.log1p(count(head, /^\s*\(?[A-J][.)]/gmu)),
    question_marks: Math.min(5, count(head, /\?/gu)),
    log_sentences: Math.log1p(count(head, /[.!?](?:\s|$)/gu)),
    not_words: Math.min(5, count(head, /\b(?:not|except|never|false|least)\b/giu)),
    quantities: Math.min(20, count(head, /\b\d+(?:[.,]\d+)?\b/gu)),
    non_latin_ratio: count(head, /[^\p{ASCII}]/gu) * perCharacter,
  }
}

/** What is beyond this says little more and costs time: about four pages. */
const longestRead = 8192

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
