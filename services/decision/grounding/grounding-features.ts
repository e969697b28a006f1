import type { Evidence, Passage } from '#services/contract/retrieval/evidence'
import { isTelling, wordsIn } from './telling-words.ts'

/** Named features of how far evidence supports an answer; every one is in [0,1] but for lengths. */
export type GroundingFeatures = Readonly<Record<string, number>>

const citation = /\[\s*\d+(?:\s*,\s*\d+)*\s*\]/gu
const abstention =
  /\b(?:not (?:in|mentioned|found|stated|given|provided|specified|available|contained?|listed|known)|(?:do|does|did)(?: not|n['’]t) (?:say|state|mention|contain|provide|specify|have|know|give|include)|(?:can|could)(?:not| not|n['’]t) (?:be )?(?:find|found|answer|determined?|say)|no (?:information|answer|mention|source)|unknown)\b/iu

/** Whether an answer says that the sources do not have it. */
export function abstains(answer: string): boolean {
  return abstention.test(answer)
}

/**
 * Features of words, numbers and names in an answer and its evidence. Words of the question prove nothing: an answer
 * has to say more, and what it says more has to stand beside what was asked, in one sentence of a passage. Pure.
 */
export function groundingFeatures(answer: string, { question, passages }: Evidence): GroundingFeatures {
  const claim = answer.replaceAll(citation, ' ')
  const asked = new Set(wordsIn(question).filter(isTelling))
  const words = [...new Set(wordsIn(claim).filter(isTelling))]
  const added = words.filter(word => !asked.has(word))
  const numbers = added.filter(word => /\d/u.test(word))
  const names = namesIn(claim).filter(word => !asked.has(word))
  const texts = passages.map(wordSetOf)
  const best = (wanted: readonly string[]): number => Math.max(0, ...texts.map(text => shareOf(wanted, text)))
  const together = Math.max(0, ...passages.map(passage => togetherIn(passage, added, [...asked])))
  return {
    abstains: Number(abstains(answer)),
    words: Math.log1p(words.length),
    adds: Number(added.length > 0),
    added: Math.log1p(added.length),
    added_support: best(added),
    all_support: best(words),
    numbers: Number(numbers.length > 0),
    number_support: numbers.length === 0 ? 1 : best(numbers),
    names: Number(names.length > 0),
    name_support: names.length === 0 ? 1 : best(names),
    together,
    question_cover: best([...asked]),
    question_cover_rare: coverOfRarest([...asked], texts),
    ...askedFeatures(question, [...asked], texts),
    cites: Number(citationsIn(answer, passages.length).length > 0),
    similarity: Math.max(0, ...passages.map(({ similarity = 0 }) => similarity)),
  }
}

/** Numbers of passages that an answer names, each once, in its order. */
export function citationsIn(answer: string, passages: number): readonly number[] {
  const numbers = [...answer.matchAll(citation)].flatMap(([list]) => list.match(/\d+/gu) ?? []).map(Number)
  return [...new Set(numbers)].filter(number => number >= 1 && number <= passages)
}

function wordSetOf({ title = '', text }: Passage): ReadonlySet<string> {
  return new Set(wordsIn(`${title} ${text}`))
}

function shareOf(wanted: readonly string[], text: ReadonlySet<string>): number {
  return wanted.length === 0 ? 0 : wanted.filter(word => text.has(word)).length / wanted.length
}

/** Words with a capital that do not begin a sentence, or stand beside another such word. */
function namesIn(text: string): readonly string[] {
  const found = [...text.matchAll(/(?<![.!?:]\s*|^\s*)\b\p{Lu}[\p{L}\p{M}’'-]*/gu)].map(([name]) => name)
  return [...new Set(found.flatMap(wordsIn))].filter(isTelling)
}

/** How well one sentence of a passage, read with its title, has both what is added and what was asked. */
function togetherIn({ title = '', text }: Passage, added: readonly string[], asked: readonly string[]): number {
  if (added.length === 0) return 0
  const sentences = text.split(/(?<=[.!?])\s+|\n+/u)
  return Math.max(
    ...sentences.map(sentence => {
      const words = new Set(wordsIn(`${title} ${sentence}`))
      return Math.sqrt(shareOf(added, words) * (asked.length === 0 ? 1 : shareOf(asked, words)))
    }),
  )
}

/** Whether one passage is of what is asked about by name, and has the other words of the question too. */
function askedFeatures(
  question: string,
  asked: readonly string[],
  texts: readonly ReadonlySet<string>[],
): GroundingFeatures {
  const names = namesIn(question)
  const rest = asked.filter(word => !names.includes(word))
  const covers = texts.map(text => ({
    names: names.length === 0 ? 1 : shareOf(names, text),
    rest: rest.length === 0 ? 1 : shareOf(rest, text),
  }))
  const best = covers.toSorted((one, other) => other.names + other.rest - one.names - one.rest)[0] ?? {
    names: 0,
    rest: 0,
  }
  return { asked_names: best.names, asked_rest: best.rest, asked_both: best.names * best.rest }
}

/** Whether the words of the question that the fewest passages have stand in one of them at all. */
function coverOfRarest(asked: readonly string[], texts: readonly ReadonlySet<string>[]): number {
  const counts = asked.map(word => texts.filter(text => text.has(word)).length)
  return asked.length === 0 ? 0 : counts.filter(count => count > 0).length / asked.length
}
