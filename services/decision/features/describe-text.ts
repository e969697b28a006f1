import { letterWidth } from './letter-width.ts'

/**
 * Lexical and structural signs of a text, each a bounded number. Case says nothing of how hard a request is, so
 * none looks at it. Pure; one pass over its characters, one over its words.
 */
export function describeText(text: string): Readonly<Record<string, number>> {
  const head = text.slice(0, longestRead)
  const lower = head.toLowerCase()
  // Where lower case is not as long, its words are not those of the text.
  const isLower = lower.length === head.length
  const words = countWords(isLower ? lower : head, isLower)
  const counts = countCharacters(head)
  const perWord = 1 / Math.max(1, words.count)
  const perCharacter = 1 / Math.max(1, head.length)
  return {
    log_characters: Math.log1p(text.length),
    log_words: Math.log1p(words.count),
    mean_word_length: counts.letters * perWord,
    long_word_ratio: words.long * perWord,
    type_token_ratio: words.different * perWord,
    digit_ratio: counts.digits * perCharacter,
    punctuation_ratio: counts.punctuation * perCharacter,
    symbol_ratio: counts.symbols * perCharacter,
    log_lines: Math.log1p(counts.lines),
    log_options: Math.log1p(count(head, option)),
    question_marks: Math.min(5, counts.questions),
    log_sentences: Math.log1p(count(head, /[.!?](?:\s|$)/gu)),
    not_words: Math.min(5, words.negations),
    quantities: Math.min(20, counts.digits === 0 ? 0 : count(head, /\b\d+(?:[.,]\d+)?\b/gu)),
    non_latin_ratio: counts.beyondAscii * perCharacter,
  }
}

/**
 * Counts the runs of letters, digits and apostrophes. Where `isLower`, the text is in lower case already; else each
 * word is put in lower case by itself.
 */
function countWords(text: string, isLower: boolean) {
  const different = new DifferentWords(text.length)
  let words = 0
  let long = 0
  let negations = 0
  let from = -1
  // One place beyond the end, so that the last word ends too.
  for (let at = 0; at <= text.length; at += 1) {
    const width = text.charCodeAt(at) === apostrophe ? 1 : letterWidth(text, at)
    if (width > 0) {
      if (from < 0) from = at
      at += width - 1
      continue
    }
    if (from < 0) continue
    words += 1
    if (at - from > 8) long += 1
    if (isLower) {
      different.add(text, from, at)
      negations += negates(text, from, at)
    } else {
      const word = text.slice(from, at).toLowerCase()
      different.add(word, 0, word.length)
      negations += negates(word, 0, word.length)
    }
    from = -1
  }
  return { count: words, long, negations, different: different.size }
}

/**
 * Counts different words by 62 bits of hash. A set of strings would make a string of every word, and hash it too: it
 * took twice as long as all else that is read from a text.
 */
class DifferentWords {
  size = 0
  readonly #mask: number

  constructor(characters: number) {
    // A word has one character and one that ends it: the table is never more than half full.
    this.#mask = 2 ** Math.ceil(Math.log2(Math.max(16, characters))) - 1
    round = (round + 1) | 0
  }

  add(text: string, from: number, to: number): void {
    let first = 0x81_1c_9d_c5
    let second = 0x2f_0b_44_69
    for (let at = from; at < to; at += 1) {
      const unit = text.charCodeAt(at)
      first = Math.imul(first ^ unit, 0x01_00_01_93)
      second = Math.imul(second ^ unit, 0x5b_d1_e9_95) ^ (second >>> 15)
    }
    let place = (first ^ (first >>> 15)) & this.#mask
    while (rounds[place] === round) {
      if (firsts[place] === first && seconds[place] === second) return
      place = (place + 1) & this.#mask
    }
    rounds[place] = round
    firsts[place] = first
    seconds[place] = second
    this.size += 1
  }
}

/** What is beyond this says little more and costs time: about four pages. */
const longestRead = 8192
/** The table of `DifferentWords`: a place is taken where its round is that of the text that is read now. */
const [rounds, firsts, seconds] = [
  new Int32Array(longestRead),
  new Int32Array(longestRead),
  new Int32Array(longestRead),
] as const
let round = 0

const apostrophe = 0x27
const negating = ['not', 'except', 'never', 'false', 'least']
const negatingUnits = new Set(negating.map(word => word.charCodeAt(0)))

function negates(text: string, from: number, to: number): number {
  if (!negatingUnits.has(text.charCodeAt(from))) return 0
  return negating.some(word => word.length === to - from && text.startsWith(word, from)) ? 1 : 0
}

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

/** The kinds of every character of ASCII: asked of a table, two thousand take some microseconds. */
const ofAscii = Uint8Array.from({ length: 128 }, (_, code) => kindsOf(String.fromCodePoint(code)))
/** The kinds of other units, once they were asked for; 64 means known. */
const ofOthers = new Uint8Array(0x1_00_00)

function kindsBeyond(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  if (unit >= 0xd8_00 && unit <= 0xdf_ff) return kindsOf(String.fromCodePoint(text.codePointAt(at) ?? 0))
  if (ofOthers[unit] === 0) ofOthers[unit] = 64 | kindsOf(String.fromCharCode(unit))
  return ofOthers[unit]! & 63
}

function countCharacters(text: string) {
  // By character, not by kind: to add to one place again and again takes longer.
  const ascii = new Int32Array(128)
  const having = new Int32Array(64)
  let beyondAscii = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit < 128) {
      ascii[unit]! += 1
      continue
    }
    beyondAscii += 1
    having[kindsBeyond(text, at)]! += 1
    // The second half of a pair is not a character of its own.
    if ((text.codePointAt(at) ?? 0) > 0xff_ff) at += 1
  }
  for (let unit = 0; unit < 128; unit += 1) having[ofAscii[unit]!]! += ascii[unit]!
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
