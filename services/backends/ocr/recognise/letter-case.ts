import { quantile } from '../../answers/statistics.ts'
import type { ReadCharacter } from './mixed-words.ts'

/** Letters whose capitals differ from them in size alone. */
const twins = /^[cosuvwxz]$/iu
/** Other characters that give the height of small letters and of capitals. */
const small = /^[acemnorsuvwxz]$/u
const tall = /^[bdfhkl\p{Lu}\p{N}]$/u
/** The other case is in question from this probability on. */
const leastRival = 0.05
const leastSmall = 2
/** Small letters end so much lower than capitals, in heights of the writing, or the line cannot decide. */
const leastDifference = 0.12

/**
 * Settles the case of letters that look alike in both, such as `w` and `W`: the recogniser sees a line scaled to one
 * height, and guesses where neighbours say it. `tops` tells where the ink of each character begins, in heights of the
 * writing from above.
 */
export function settleCase<Character extends ReadCharacter>(
  characters: readonly Character[],
  tops: readonly number[],
): readonly Character[] {
  const inQuestion = characters.map(
    ({ character, rival, rivalProbability }) =>
      twins.test(character) &&
      rival !== character &&
      rival.toLowerCase() === character.toLowerCase() &&
      rivalProbability >= leastRival,
  )
  if (!inQuestion.includes(true)) return characters
  const topsOf = (kind: RegExp): readonly number[] =>
    tops.filter((_, index) => inQuestion[index] === false && kind.test(characters[index]!.character))
  const [smallTops, tallTops] = [topsOf(small), topsOf(tall)]
  if (smallTops.length < leastSmall || tallTops.length === 0) return characters
  const [smallTop, tallTop] = [quantile(smallTops, 0.5), quantile(tallTops, 0.5)]
  if (smallTop - tallTop < leastDifference) return characters
  return characters.map((one, index) => {
    if (inQuestion[index] !== true) return one
    const isTall = tops[index]! < (smallTop + tallTop) / 2
    const character = isTall ? one.character.toUpperCase() : one.character.toLowerCase()
    return { ...one, character, probability: Math.min(1, one.probability + one.rivalProbability) }
  })
}
