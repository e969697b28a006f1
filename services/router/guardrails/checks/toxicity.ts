import { englishDataset, englishRecommendedTransformers, RegExpMatcher, type MatchPayload } from 'obscenity'
import type { Rule } from '../scan/rule.ts'

/** Longest stretch of text that a word of the list is found in, spelt out with signs between its letters. */
const longest = 64

/**
 * Insults and obscene words of English, whatever their spelling. A list of words: it knows no context, no sarcasm and
 * no other language, and does not see what is hateful in plain words.
 */
export function toxicityRules(): readonly Rule[] {
  const matcher = new RegExpMatcher({ ...englishDataset.build(), ...englishRecommendedTransformers })
  /** The matcher scans the whole text and returns one finding after the other. */
  let last: { readonly text: string; readonly matches: readonly MatchPayload[] } = { text: '', matches: [] }
  return [
    {
      check: 'toxicity',
      kind: 'TOXIC',
      longest,
      isToken: false,
      find(text, from) {
        if (last.text !== text) last = { text, matches: matcher.getAllMatches(text, true) }
        const first = last.matches.find(({ startIndex }) => startIndex >= from)
        return first && { begin: first.startIndex, start: first.startIndex, end: first.endIndex + 1 }
      },
    },
  ]
}
