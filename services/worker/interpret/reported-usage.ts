import { isWords, wordsIn } from '../../shared/contract/content.ts'
import type { Usage } from '../../shared/contract/price.ts'
import type { Oddity } from '../oddity.ts'
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

/** What is billed, and what was odd about what the server said. */
export interface Billed {
  readonly usage: Usage
  readonly oddities: readonly Oddity[]
}

/** Characters of English to a token: what is billed where the server says nothing, and marked. */
const charactersPerToken = 4
/** No token of a text is longer than this on average: a server that tells of fewer has not counted. */
const mostCharactersPerToken = 24
/** More than vision models of the day make of one image (GPT-4o mini: 48,169 of one of 12 tiles), and of ten seconds of sound. */
const tokensPerMedium = 50_000
/** Room for chat templates, and for tokens that leave no text. */
const spareTokens = 2048

/**
 * What is billed: what the server counted, else an estimate, marked. A count is not believed only where it cannot be one: it is not
 * there, or it is less than any tokenizer makes of the text. However much a server counts, it is what its owner bills: a count beyond
 * all bounds is billed as it is, so that at least the hold is charged, and counted as odd, so that somebody looks.
 */
export function billedUsage(reported: Reported | undefined, witnessed: Witnessed): Billed {
  const { parts, text, computeMs } = witnessed
  const images = parts.filter(part => part.kind === 'image').length
  const input = inputOf(reported, parts)
  const output = outputOf(reported, text)
  const usage: Usage = {
    ...input.usage,
    ...output.usage,
    ...(images === 0 ? {} : { images }),
    computeMs,
    ...(input.isCounted && output.isCounted ? {} : { estimated: true }),
  }
  return { usage, oddities: odditiesOf(reported, witnessed) }
}

/** One direction of a usage. */
interface Side {
  readonly usage: Usage
  readonly isCounted: boolean
}

function inputOf(reported: Reported | undefined, parts: readonly LoadedPart[]): Side {
  const { inputTokens, cachedTokens = 0 } = reported ?? {}
  if (inputTokens === undefined || isTooFew(inputTokens + cachedTokens, wordsOf(parts), 1)) {
    return { usage: { inputTokens: Math.ceil(charactersOf(parts) / charactersPerToken) }, isCounted: false }
  }
  return { usage: { inputTokens, ...(cachedTokens === 0 ? {} : { cachedTokens }) }, isCounted: true }
}

function outputOf(reported: Reported | undefined, text: string): Side {
  const { outputTokens, reasoningTokens = 0 } = reported ?? {}
  const reasoning = reasoningTokens === 0 ? {} : { reasoningTokens }
  if (outputTokens === undefined || isTooFew(outputTokens + reasoningTokens, [text], Number(text !== ''))) {
    const estimate = Math.ceil(text.length / charactersPerToken)
    return { usage: { outputTokens: estimate, ...reasoning }, isCounted: false }
  }
  return { usage: { outputTokens, ...reasoning }, isCounted: true }
}

/** Runs of one character, such as spaces and rules, can be one token each. */
const run = /(.)\1{3,}/gsu

function isTooFew(tokens: number, words: readonly string[], least: number): boolean {
  if (tokens < least) return true
  const characters = words.reduce((sum, word) => sum + word.length, 0)
  if (tokens >= Math.floor(characters / mostCharactersPerToken)) return false
  const plain = words.reduce((sum, word) => sum + word.replaceAll(run, '$1').length, 0)
  return tokens < Math.floor(plain / mostCharactersPerToken)
}

function odditiesOf(reported: Reported | undefined, { parts, text, maxOutputTokens }: Witnessed): readonly Oddity[] {
  const { inputTokens, outputTokens, cachedTokens = 0, reasoningTokens = 0 } = reported ?? {}
  if (inputTokens === undefined && outputTokens === undefined) return ['usage-missing']
  const input = (inputTokens ?? 0) + cachedTokens
  const output = (outputTokens ?? 0) + reasoningTokens
  const media = parts.filter(part => !isWords(part)).length
  // A character is at most three bytes of UTF-8 to each of its UTF-16 units, and a token has at least a byte.
  const mostInput = 3 * charactersOf(parts) + media * tokensPerMedium + spareTokens
  const isPartial = inputTokens === undefined || outputTokens === undefined
  const hasTooFew =
    (inputTokens !== undefined && !inputOf(reported, parts).isCounted) ||
    (outputTokens !== undefined && !outputOf(reported, text).isCounted)
  return [
    ...(isPartial ? (['usage-partial'] as const) : []),
    ...(hasTooFew ? (['usage-too-few'] as const) : []),
    ...(input > mostInput ? (['input-over-bound'] as const) : []),
    ...(output > maxOutputTokens + spareTokens ? (['output-over-cap'] as const) : []),
  ]
}

function wordsOf(parts: readonly LoadedPart[]): readonly string[] {
  return parts.flatMap(part => (isWords(part) ? [wordsIn(part)] : []))
}

function charactersOf(parts: readonly LoadedPart[]): number {
  return wordsOf(parts).reduce((sum, words) => sum + words.length, 0)
}
