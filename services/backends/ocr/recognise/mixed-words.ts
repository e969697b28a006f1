/** A character as it was read, with the likeliest other one at its place. */
export interface ReadCharacter {
  readonly character: string
  readonly probability: number
  readonly rival: string
  readonly rivalProbability: number
}

/** A line's characters after its mixed words were settled. */
export interface SettledWords {
  readonly characters: readonly Pick<ReadCharacter, 'character' | 'probability'>[]
  /** How many words are expected to be wrong for what they mix. */
  readonly expectedErrors: number
}

/** Digits that the recogniser gives for letters inside words, and those letters. */
const lookAlikes: Readonly<Record<string, string>> = { 0: 'o', 1: 'li' }
/**
 * Inside a word of small letters the letter is so much likelier that it is taken from this share of the digit's
 * probability on.
 */
const leastRivalRatio = 0.02
/** At a word's end, where names have digits too, from this share on. */
const leastRivalRatioAtEnd = 0.1
/** Letters that the recogniser gives for digits inside numbers, and those digits. */
const lookAlikesOfLetters: Readonly<Record<string, string>> = {
  o: '0',
  O: '0',
  l: '1',
  I: '1',
  z: '2',
  Z: '2',
  s: '5',
  S: '5',
  b: '6',
  B: '8',
  g: '9',
  q: '9',
}
/** Amounts stand in round brackets where they are owed; nobody puts one with a decimal mark in square ones. */
const bracketedAmount = /^\[[^\p{L}\]]*\d[.,]\d[^\p{L}\]]*\]$/u
/** A number that keeps a letter is wrong, and a wrong number costs more than a wrong word. */
const errorsPerMixedNumber = 1.5
/** A word that keeps a digit between small letters, or a letter between digits, is wrong more often than not. */
const errorsPerMixedWord = 0.7
/** A number that sticks to a word: a space is missing, and often a digit too. */
const errorsPerGluedWord = 1

/** A number with a mark, and one letter that looks like a digit: inside it, before it, or behind a colon. */
const markedNumber = /[\d\p{L}][.,:/-][\d\p{L}]/u
const strayLetter = /[\d.,:][oOlIzZsSbBgq]\d|[/-][olI]\d|^\P{L}*[olzsbgq]\d|^I\d:\d|\d:\d?[olzsbgqIZSB]$/u
/** Figures of old style have the shapes of small letters: `29s40`, `7os.o2`. One letter at the end is a unit. */
const oldStyleNumber = /^[^\p{L}\p{N}]*[\dolsz]+(?:[.,:/-][\dolsz]+)*[^\p{L}\p{N}]*$/u
const withUnit = /^\P{L}*[lsz][^\p{L}\p{N}]*$/u
const mixed = /\p{L}[01]\p{Ll}|(?<![\p{N}.,:])0\p{Ll}|\d[oOlI]\d/u
const glued = /\d{2,}\p{Ll}{4,}/u

/**
 * Settles the words of a line in which letters and digits mix: the recogniser knows shapes and no words, and reads
 * `w0ol` and `Farre1l`. The letter is taken where the recogniser thought of it too; words that stay mixed are
 * doubtful. `startsWord` tells which characters begin a word.
 */
export function settleMixedWords(characters: readonly ReadCharacter[], startsWord: readonly boolean[]): SettledWords {
  const words = wordsOf(characters, startsWord).map(word =>
    isMixedNumber(textOf(word)) ? mendNumber(word) : mend(word),
  )
  const texts = words.map(textOf)
  return { characters: words.flat(), expectedErrors: texts.reduce((sum, text) => sum + errorsIn(text), 0) }
}

function wordsOf(
  characters: readonly ReadCharacter[],
  startsWord: readonly boolean[],
): readonly (readonly ReadCharacter[])[] {
  const words: ReadCharacter[][] = []
  for (const [index, character] of characters.entries()) {
    if (index === 0 || startsWord[index] === true) words.push([])
    words.at(-1)!.push(character)
  }
  return words
}

function textOf(word: readonly { readonly character: string }[]): string {
  return word.map(({ character }) => character).join('')
}

function isMixedNumber(word: string): boolean {
  const count = (kind: RegExp): number => (word.match(kind) ?? []).length
  const letters = count(/\p{L}/gu)
  if (letters === 0 || count(/\d/gu) < 2) return false
  if (oldStyleNumber.test(word) && !withUnit.test(word)) return true
  return letters === 1 && markedNumber.test(word) && strayLetter.test(word)
}

function mendNumber(word: readonly ReadCharacter[]): SettledWords['characters'] {
  return word.map(({ character, probability, rival, rivalProbability }) => {
    const isMended =
      lookAlikesOfLetters[character]?.includes(rival) === true && rivalProbability >= leastRivalRatio * probability
    return isMended
      ? { character: rival, probability: Math.min(1, probability + rivalProbability) }
      : { character, probability }
  })
}

function mend(word: readonly ReadCharacter[]): SettledWords['characters'] {
  const text = word.map(({ character }) => character)
  const mayMend = isWordOfSmallLetters(text)
  const leastRatioAt = (index: number): number | undefined =>
    isInside(text, index) ? leastRivalRatio : isAtEnd(text, index) ? leastRivalRatioAtEnd : undefined
  return word.map(({ character, probability, rival, rivalProbability }, index) => {
    const ratio = mayMend ? leastRatioAt(index) : undefined
    const isMended =
      ratio !== undefined && lookAlikes[character]?.includes(rival) === true && rivalProbability >= ratio * probability
    // What both had together: the shape was seen, only its kind was not.
    return isMended
      ? { character: rival, probability: Math.min(1, probability + rivalProbability) }
      : { character, probability }
  })
}

/** More small letters than digits, and no digit but those that resemble letters. */
function isWordOfSmallLetters(text: readonly string[]): boolean {
  const digits = text.filter(character => /\d/u.test(character))
  return digits.every(digit => digit in lookAlikes) && text.filter(isSmall).length > digits.length - 1
}

/** Behind a letter and before a small one; a nought also at a word's beginning. Two alike count as one. */
function isInside(text: readonly string[], index: number): boolean {
  let [from, to] = [index, index]
  while (text[from - 1] === text[index]) from -= 1
  while (text[to + 1] === text[index]) to += 1
  const [before = '', after = ''] = [text[from - 1], text[to + 1]]
  if (!isSmall(after)) return false
  return /\p{L}/u.test(before) || (text[index] === '0' && from === to && !/[\d.,:]/u.test(before))
}

/** Two alike at the end, behind two small letters, as of `mill`. */
function isAtEnd(text: readonly string[], index: number): boolean {
  const figure = text[index]
  const letters = text.slice(0, -2)
  return (
    index >= letters.length &&
    text.slice(-2).every(one => one === figure) &&
    letters.slice(-2).filter(isSmall).length === 2
  )
}

function isSmall(character: string): boolean {
  return /^\p{Ll}$/u.test(character)
}

/** Expected number of wrong words in a run without a space. */
function errorsIn(word: string): number {
  if (isMixedNumber(word) || bracketedAmount.test(word)) return errorsPerMixedNumber
  if (glued.test(word)) return errorsPerGluedWord
  return mixed.test(word) ? errorsPerMixedWord : 0
}
