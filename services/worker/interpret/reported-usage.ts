import { isWords, wordsIn } from '../../shared/contract/content.ts'
import type { Usage } from '../../shared/contract/price.ts'
import type { LoadedPart } from '../states.ts'

/** What a server said was used; absent fields were not told. */
export interface Reported {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cachedTokens?: number
  readonly reasoningTokens?: number
}

/** What the worker has seen for itself. */
export interface Witnessed {
  /** Content with the recipe's words. */
  readonly parts: readonly LoadedPart[]
  readonly text: string
  readonly maxOutputTokens: number
  readonly computeMs: number
}

/** Characters of English to a token: what is billed where the server says nothing, and marked. */
const charactersPerToken = 4
/** No token of a text is longer than this on average: a server that tells of fewer has not counted. */
const mostCharactersPerToken = 24
/** The most that vision models of the day make of one image, and of ten seconds of sound. */
const tokensPerMedium = 20_000
/** Room for chat templates, and for tokens that leave no text. */
const spareTokens = 2048

/**
 * What is billed: what the server told, if the worker can believe it; else an estimate, marked. It is believed within wide bounds that
 * hold for every tokenizer: a token has at least a byte, hardly ever more than 24 characters, and the cap holds.
 */
export function billedUsage(reported: Reported | undefined, witnessed: Witnessed): Usage {
  const { parts, computeMs } = witnessed
  const images = parts.filter(part => part.kind === 'image').length
  const media = images === 0 ? {} : { images }
  if (reported !== undefined && isBelievable(reported, witnessed)) {
    const { inputTokens = 0, outputTokens = 0, cachedTokens = 0, reasoningTokens = 0 } = reported
    return {
      inputTokens,
      outputTokens,
      ...(cachedTokens === 0 ? {} : { cachedTokens }),
      ...(reasoningTokens === 0 ? {} : { reasoningTokens }),
      ...media,
      computeMs,
    }
  }
  return {
    inputTokens: Math.ceil(charactersOf(parts) / charactersPerToken),
    outputTokens: Math.ceil(witnessed.text.length / charactersPerToken),
    ...media,
    computeMs,
    estimated: true,
  }
}

function isBelievable(reported: Reported, { parts, text, maxOutputTokens }: Witnessed): boolean {
  if (reported.inputTokens === undefined || reported.outputTokens === undefined) return false
  const input = reported.inputTokens + (reported.cachedTokens ?? 0)
  const output = reported.outputTokens + (reported.reasoningTokens ?? 0)
  const characters = charactersOf(parts)
  const media = parts.filter(part => !isWords(part)).length
  // A character is at most three bytes of UTF-8 to each of its UTF-16 units.
  const mostInput = 3 * characters + media * tokensPerMedium + spareTokens
  return (
    input >= Math.floor(characters / mostCharactersPerToken) &&
    input <= mostInput &&
    output >= Math.floor(text.length / mostCharactersPerToken) &&
    output <= maxOutputTokens + spareTokens
  )
}

function charactersOf(parts: readonly LoadedPart[]): number {
  return parts.reduce((sum, part) => sum + (isWords(part) ? wordsIn(part).length : 0), 0)
}
