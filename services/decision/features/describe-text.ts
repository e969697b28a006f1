import { letterWidth } from './letter-width.ts'

/**
 * Lexical and structural signs of a text, each a bounded number. Case says nothing of how hard a request is, so
 * none looks at it. Pure; one pass over its characters, one over its words.
 */
export function describeText(text: string): Readonly<Record<string, number>> {
  const head = text.slice(0, longestRead)
  // Where lower case is as long, its words are cut out of it, and none is put in lower case by itself.
  const lower = head.toLowerCase()
  const words = wordsOf(lower.length === head.length ? lower : head)
  const counts = countCharacters(head)
  const perWord = 1 / Math.max(1, words.length)
  const perCharacter = 1 / Math.max(1, head.length)
  const { long, negations, different } = countWords(words)
  return {
    log_characters: Math.log1p(text.length),
    log_words: Math.log1p(words.length),
    mean_word_length: counts.letters * perWord,
    long_word_ratio: long * perWord,
    type_token_ratio: different * perWord,
    digit_ratio: counts.digits * perCharacter,
    punctuation_ratio: counts.punctuation * perCharacter,
    symbol_ratio: counts.symbols * perCharacter,
    log_lines: Math.log1p(counts.lines),
    log_options: Math.log1p(count(head, option)),
    question_marks: Math.min(5, counts.questions),
    log_sentences: Math.log1p(count(head, /[.!?](?:\s|$)/gu)),
    not_words: Math.min(5, negations),
    quantities: Math.min(20, counts.digits === 0 ? 0 : count(head, /\b\d+(?:[.,]\d+)?\b/gu)),
    non_latin_ratio: counts.beyondAscii * perCharacter,
  }
}

/** Runs of letters, digits and apostrophes. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = []
  let from = -1
  // One place beyond the end, so that the last word ends too.
  for (let at = 0; at <= text.length; at += 1) {
    const width = text.charCodeAt(at) === apostrophe ? 1 : letterWidth(text, at)
    if (width === 0) {
      if (from >= 0) words.push(text.slice(from, at))
      from = -1
      continue
    }
    if (from < 0) from = at
    at += width - 1
  }
  return words
}

function countWords(words: readonly string[]) {
  let long = 0
  let negations = 0
  const different = new Set<string>()
  for (const word of words) {
    if (word.length > 8) long += 1
    const lower = word.toLowerCase()
    different.add(lower)
    if (negating.has(lower)) negations += 1
  }
  return { long, negations, different: different.size }
}

const apostrophe = 0x27

/** What is beyond this says little more and costs time: about four pages. */
const longestRead = 8192
const negating = new Set(['not', 'except', 'never', 'false', 'least'])

/** What a character counts as, one bit each. */
const kinds = { letter: 1, digit: 2, punctuation: 4, symbol: 8, line: 16, question: 32 } as const

function kindsOf(character: string): number {
  let bits = 0
  if (/\p{L}/u.test(character)) bits += kinds.letter
  if (/\d/u.test(character)) bits += kinds.digit
  if (/\p{P}/u.test(character)) bits += kinds.punctuation
  if (/[=+*/^<>\\{}[\]|~_$%]/u.test(character)) bits += kinds.symbol
  if (character === '\n') bits += kinds.line
  if (character === '?') bits += kinds.question
  return bits
}

/** The kinds of every character of ASCII: asked of a table, two thousand take a twentieth of a millisecond. */
const ofAscii = Uint8Array.from({ length: 128 }, (_, code) => kindsOf(String.fromCodePoint(code)))

function countCharacters(text: string) {
  const having = new Float64Array(64)
  let beyondAscii = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit < 128) {
      having[ofAscii[unit]!]! += 1
      continue
    }
    const code = text.codePointAt(at) ?? 0
    beyondAscii += 1
    // The second half of a pair is not a character of its own.
    if (code > 0xff_ff) at += 1
    having[kindsOf(String.fromCodePoint(code))]! += 1
  }
  const sum = (kind: number): number => {
    let total = 0
    for (let bits = 0; bits < having.length; bits += 1) if ((bits & kind) !== 0) total += having[bits]!
    return total
  }
  return {
    letters: sum(kinds.letter),
    digits: sum(kinds.digit),
    punctuation: sum(kinds.punctuation),
    symbols: sum(kinds.symbol),
    lines: sum(kinds.line),
    questions: sum(kinds.question),
    beyondAscii,
  }
}

/**
 * A line of its own that begins with a letter of a choice. Blanks alone before it: over empty lines too, it would
 * look at each of them from all before.
 */
const option = /^[^\S\n\r\u2028\u2029]*\(?[A-J][.)]/gimu

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
