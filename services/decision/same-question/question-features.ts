import { questionFrame, withoutOpening, type QuestionFrame } from './question-frame.ts'
import { isTelling, wordsIn } from '#services/decision/grounding/telling-words'

/** Named features of whether two questions have the same answer. */
export type QuestionFeatures = Readonly<Record<string, number>>

const negations: ReadonlySet<string> = new Set(
  'no not never none nobody nothing neither nor without cannot except unless lack lacks lacking'.split(' '),
)
/** Words that turn what is asked around, or ask for the other end of it. */
const opposites: readonly (readonly [string, string])[] = [
  ['more', 'less'],
  ['most', 'least'],
  ['many', 'few'],
  ['high', 'low'],
  ['highest', 'lowest'],
  ['higher', 'lower'],
  ['large', 'small'],
  ['largest', 'smallest'],
  ['big', 'little'],
  ['long', 'short'],
  ['longest', 'shortest'],
  ['first', 'last'],
  ['before', 'after'],
  ['increase', 'decrease'],
  ['increase', 'reduce'],
  ['add', 'remove'],
  ['start', 'stop'],
  ['begin', 'end'],
  ['open', 'close'],
  ['enable', 'disable'],
  ['buy', 'sell'],
  ['import', 'export'],
  ['win', 'lose'],
  ['oldest', 'newest'],
  ['old', 'new'],
  ['best', 'worst'],
  ['good', 'bad'],
  ['minimum', 'maximum'],
  ['left', 'right'],
  ['north', 'south'],
  ['east', 'west'],
  ['can', 'must'],
  ['with', 'without'],
  ['from', 'to'],
  ['cheapest', 'expensive'],
  ['cause', 'effect'],
  ['advantage', 'disadvantage'],
  ['legal', 'illegal'],
  ['possible', 'impossible'],
  ['safe', 'dangerous'],
  ['hot', 'cold'],
  ['up', 'down'],
  ['encode', 'decode'],
  ['encrypt', 'decrypt'],
  ['permitted', 'forbidden'],
  ['allowed', 'forbidden'],
  ['join', 'leave'],
  ['arrive', 'depart'],
  ['on', 'off'],
  ['inside', 'outside'],
  ['in', 'outside'],
  ['send', 'receive'],
  ['lock', 'unlock'],
  ['install', 'uninstall'],
  ['accept', 'reject'],
  ['lend', 'borrow'],
]
/** Words of relation; they mean nothing by themselves. */
const relations: ReadonlySet<string> = new Set(
  'to from for on off in out inside outside into under over above below before after since until by with without between through against'.split(
    ' ',
  ),
)
const askers: ReadonlySet<string> = new Set('who whom whose what which when where why how'.split(' '))

/**
 * What tells two questions apart beside the likeness of their vectors: numbers, names, negations, opposites, the order
 * of words, what is asked for. Pure, and the same in both directions.
 */
export function questionFeatures(one: string, other: string, similarity: number): QuestionFeatures {
  const [mine, theirs] = [plainWords(one), plainWords(other)]
  const [distinctive, theirDistinctive] = [mine.filter(isTelling), theirs.filter(isTelling)]
  const differing = symmetric(distinctive, theirDistinctive)
  const shared = distinctive.filter(word => theirDistinctive.includes(word))
  const turned = theirDistinctive.filter(word => shared.includes(word))
  return {
    distance: Math.sqrt(Math.max(0, 1 - similarity)),
    numbers_differ: Number(symmetric(numbersIn(one), numbersIn(other)).length > 0),
    names_differ: Math.min(2, missing(namesIn(one), theirs).length + missing(namesIn(other), mine).length),
    negation_differs: Number(countOf(mine, negations) % 2 !== countOf(theirs, negations) % 2),
    opposite: Number(opposites.some(pair => isOpposite(pair, mine, theirs))),
    askers_differ: Number(symmetric(wordsAmong(mine, askers), wordsAmong(theirs, askers)).length > 0),
    words_differ: Math.log1p(differing.length),
    share_differs: differing.length / Math.max(1, new Set([...distinctive, ...theirDistinctive]).size),
    both_differ: Number(
      distinctive.some(word => !theirDistinctive.includes(word)) &&
        theirDistinctive.some(word => !distinctive.includes(word)),
    ),
    one_adds: Number(
      distinctive.some(word => !theirDistinctive.includes(word)) !==
        theirDistinctive.some(word => !distinctive.includes(word)),
    ),
    turned: Number(shared.join(' ') !== turned.join(' ')),
    only_turned: Number(differing.length === 0 && shared.join(' ') !== turned.join(' ')),
    places_differ: Math.min(2, symmetric(wordsAmong(mine, relations), wordsAmong(theirs, relations)).length),
    only_places_differ: Number(
      differing.length === 0 && symmetric(wordsAmong(mine, relations), wordsAmong(theirs, relations)).length > 0,
    ),
    same_words: Number(differing.length === 0 && mine.join(' ') === theirs.join(' ')),
    ...frameFeatures(one, other),
    length_differs: Math.abs(Math.log((mine.length + 1) / (theirs.length + 1))),
  }
}

/** How two questions differ when the form of asking is taken away. */
function frameFeatures(one: string, other: string): QuestionFeatures {
  const [mine, theirs] = [questionFrame(one), questionFrame(other)]
  const differing = symmetric(mine.words, theirs.words).length
  const turning = symmetric(mine.relations, theirs.relations).length
  const isLike = differing === 0 && turning === 0 && isOneForm(mine, theirs)
  const isInOrder = areSame(mine.words, theirs.words)
  const arePlacesSame = areSame(mine.places, theirs.places)
  return {
    asks_differ: Number(mine.asks !== theirs.asks),
    past_differs: Number(mine.isPast !== theirs.isPast),
    turning_differ: Math.min(2, turning),
    frame_differs: Math.log1p(differing),
    frame_same: Number(isLike && isInOrder && arePlacesSame),
    frame_places: Number(isLike && isInOrder && !arePlacesSame),
    frame_turned: Number(isLike && !isInOrder),
  }
}

/** Whether both ask for one kind of thing, of the same persons and time. */
function isOneForm(mine: QuestionFrame, theirs: QuestionFrame): boolean {
  if (mine.asks !== theirs.asks || mine.isNegated !== theirs.isNegated || mine.isPast !== theirs.isPast) return false
  return mine.persons.length === 0 || theirs.persons.length === 0 || areSame(mine.persons, theirs.persons)
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, at) => word === other[at])
}

function plainWords(text: string): readonly string[] {
  return wordsIn(
    withoutOpening(text)
      .replaceAll(/n['’]t\b/giu, ' not')
      .replaceAll(/['’](?:s|re|ll|ve|d|m)\b/giu, ' '),
  )
}

/**
 * Whether two questions have other numbers, or other signs that no words stand for: `2+2` and `2*2`, `C` and `C#`,
 * `5` and `-5`, `$5` and `€5`. Pure.
 */
export function haveOtherSigns(one: string, other: string): boolean {
  const [mine, theirs] = [signsIn(one), signsIn(other)]
  if (mine !== theirs || numbersIn(one).join(' ') !== numbersIn(other).join(' ')) return true
  return mine !== '' && isTurned(tokensOf(one), tokensOf(other))
}

/** Whether two texts have the words that they share in another order. */
function isTurned(one: readonly string[], other: readonly string[]): boolean {
  return !areSame(wordsOfBoth(one, other), wordsOfBoth(other, one))
}

function wordsOfBoth(one: readonly string[], other: readonly string[]): readonly string[] {
  return one.filter(word => other.includes(word))
}

/** Words with the signs that stand at them. */
function tokensOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[^\s.,;:?!'"’‘“”()]+/gu) ?? []
}

function signsIn(text: string): string {
  return (text.match(/[^\p{L}\p{M}\p{N}\s.,;:?!'"’‘“”()–—-]|-(?=[\d.])/gu) ?? []).join('')
}

function numbersIn(text: string): readonly string[] {
  return wordsIn(text).filter(word => /\d/u.test(word))
}

function namesIn(text: string): readonly string[] {
  const found = [...text.matchAll(/(?<!^\s*|[.!?]\s+)\p{Lu}[\p{L}\p{M}]*/gu)].flatMap(([name]) => wordsIn(name))
  return [...new Set(found)].filter(isTelling)
}

function symmetric(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...one.filter(word => !other.includes(word)), ...other.filter(word => !one.includes(word))]
}

function missing(words: readonly string[], other: readonly string[]): readonly string[] {
  return words.filter(word => !other.includes(word))
}

function wordsAmong(words: readonly string[], set: ReadonlySet<string>): readonly string[] {
  return words.filter(word => set.has(word))
}

function countOf(words: readonly string[], set: ReadonlySet<string>): number {
  return wordsAmong(words, set).length
}

function isOpposite(
  [one, other]: readonly [string, string],
  mine: readonly string[],
  theirs: readonly string[],
): boolean {
  const [a, b, c, d] = [mine.includes(one), mine.includes(other), theirs.includes(one), theirs.includes(other)]
  return (a && !b && d && !c) || (b && !a && c && !d)
}
