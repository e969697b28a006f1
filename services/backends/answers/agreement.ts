/** What a vote came to. */
export interface Agreement {
  /** Places of those that agree on the answer that most gave, the earliest such answer of equals. */
  readonly winners: readonly number[]
  /** Share of all that were asked, those without an answer included. */
  readonly ratio: number
}

/**
 * Finds the answer that most samples agree on; an absent one agrees with none. Pure.
 * @source Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models" (2022)
 */
export function agreeOn(answers: readonly (string | undefined)[]): Agreement {
  const camps = new Map<string, number[]>()
  for (const [place, answer] of answers.entries()) {
    if (answer === undefined) continue
    const key = plain(answer)
    camps.set(key, [...(camps.get(key) ?? []), place])
  }
  const winners = [...camps.values()].reduce<number[]>((best, camp) => (camp.length > best.length ? camp : best), [])
  return { winners, ratio: winners.length / Math.max(1, answers.length) }
}

/** Answers that differ in dress alone are the same: case, spaces, a full stop, thousands in a number. */
function plain(answer: string): string {
  const words = answer.trim().toLowerCase().replaceAll(/\s+/gu, ' ')
  return withoutStops(words).replaceAll(/(?<=\d),(?=\d{3}(?:\D|$))/gu, '')
}

/** By hand: a pattern that ends at the end looks at every run of stops from each of its places. */
function withoutStops(words: string): string {
  let end = words.length
  while (end > 0 && (words[end - 1] === '.' || words[end - 1] === '!')) end -= 1
  return words.slice(0, end)
}
