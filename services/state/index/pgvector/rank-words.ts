import { wordsOf } from '../words-of.ts'

/** How common words are in an index: the share of chunks that have each; the rest are rarer than `floor`. */
export interface WordShares {
  readonly shares: ReadonlyMap<string, number>
  readonly floor: number
}

/** Words that more chunks have tell little, and finding all of those takes long. */
const commonShare = 0.05
/** @source Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", section 3.5 */
const saturation = 1.2
const lengthWeight = 0.75

/** The words by which chunks are looked for: those that are not common, or the rarest where all are. */
export function tellingWords(text: string, { shares, floor }: WordShares): readonly string[] {
  const words = [...new Set(wordsOf(text))].map(word => ({ word, share: shares.get(word) ?? floor }))
  const telling = words.filter(({ share }) => share <= commonShare)
  const rarest = words.toSorted((one, other) => one.share - other.share).slice(0, 1)
  return (telling.length > 0 ? telling : rarest).map(({ word }) => word)
}

/** Ranks texts by BM25, with the shares of the whole index. */
export function rankWords(query: string, texts: readonly string[], { shares, floor }: WordShares): readonly number[] {
  const wanted = [...new Set(wordsOf(query))].map(word => {
    const share = shares.get(word) ?? floor
    return { word, rarity: Math.log(1 + (1 - share) / Math.max(share, 1e-9)) }
  })
  const found = texts.map(wordsOf)
  const meanLength = found.reduce((sum, { length }) => sum + length, 0) / Math.max(1, found.length)
  return found.map(words => {
    const length = 1 - lengthWeight + (lengthWeight * words.length) / Math.max(1, meanLength)
    return wanted.reduce((sum, { word, rarity }) => {
      const count = words.filter(one => one === word).length
      return sum + (rarity * count * (saturation + 1)) / (count + saturation * length)
    }, 0)
  })
}
