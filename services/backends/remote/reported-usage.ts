import { isWords, wordsIn } from '#services/contract/content'
import type { Usage } from '#services/contract/price'
import type { Oddity } from '#services/backends/oddity'
import type { LoadedPart } from '#services/backends/work'

/** What a server said was used; absent fields were not told. */
export interface Reported {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cachedTokens?: number
  readonly cacheWriteTokens?: number
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

/** Characters of English to a token: the estimate for billing where the server reports nothing; it is marked. */
const charactersPerToken = 4
/** No token of a text is longer than this on average: a server that reports fewer has not counted. */
const mostCharactersPerToken = 24
/**
 * More than vision models of the day make of one image (GPT-4o mini: 48,169 of one of 12 tiles), and of ten seconds
 * of sound.
 */
const tokensPerMedium = 50_000
/** Room for chat templates, and for tokens that leave no text. */
const spareTokens = 2048

/**
 * What is billed: what the server counted, else an estimate, marked. A count is not believed only where it cannot
 * be one: it is not there, or it is less than any tokenizer makes of the text. However much a server counts, it is
 * what its owner bills: a count beyond all bounds is billed as it is, so that at least the hold is charged, and
 * counted as odd, so that operators notice.
 */
export function billedUsage(reported: Reported | undefined, witnessed: Witnessed): Billed {
  const { parts, computeMs } = witnessed
  const images = parts.filter(part => part.kind === 'image').length
  const input = inputOf(reported ?? {}, witnessed)
  const output = outputOf(reported ?? {}, witnessed)
  const isSilent = input.oddity === 'usage-partial' && output.oddity === 'usage-partial'
  const found = [input.oddity, output.oddity].filter(oddity => oddity !== undefined)
  return {
    usage: {
      ...input.usage,
      ...output.usage,
      ...(images === 0 ? {} : { images }),
      computeMs,
      ...(input.isCounted && output.isCounted ? {} : { estimated: true }),
    },
    oddities: isSilent ? ['usage-missing'] : [...new Set(found)],
  }
}

/** One direction of a usage. */
interface Side {
  readonly usage: Usage
  readonly isCounted: boolean
  readonly oddity?: Oddity
}

/** What is billed for content that a server read, where it writes no words. */
export function billedInput(reported: Reported, parts: readonly LoadedPart[]): Billed {
  const { usage, isCounted, oddity } = inputOf(reported, { parts })
  const oddities = oddity === undefined ? [] : [oddity === 'usage-partial' ? 'usage-missing' : oddity]
  return { usage: isCounted ? usage : { ...usage, estimated: true }, oddities }
}

function inputOf(reported: Reported, { parts }: Pick<Witnessed, 'parts'>): Side {
  const { inputTokens, cachedTokens = 0, cacheWriteTokens = 0 } = reported
  const words = parts.flatMap(part => (isWords(part) ? [wordsIn(part)] : []))
  const characters = charactersOf(words)
  const estimated = { inputTokens: Math.ceil(characters / charactersPerToken) }
  if (inputTokens === undefined) return { usage: estimated, isCounted: false, oddity: 'usage-partial' }
  const tokens = inputTokens + cachedTokens + cacheWriteTokens
  if (isTooFew(tokens, words, 1)) return { usage: estimated, isCounted: false, oddity: 'usage-too-few' }
  // A character is at most three bytes of UTF-8 to each of its UTF-16 units, and a token has at least a byte.
  const mostTokens = 3 * characters + (parts.length - words.length) * tokensPerMedium + spareTokens
  const usage = {
    inputTokens,
    ...(cachedTokens === 0 ? {} : { cachedTokens }),
    ...(cacheWriteTokens === 0 ? {} : { cacheWriteTokens }),
  }
  return { usage, isCounted: true, ...(tokens > mostTokens ? { oddity: 'input-over-bound' } : {}) }
}

function outputOf({ outputTokens, reasoningTokens = 0 }: Reported, { text, maxOutputTokens }: Witnessed): Side {
  const reasoning = reasoningTokens === 0 ? {} : { reasoningTokens }
  const estimated = { outputTokens: Math.ceil(text.length / charactersPerToken), ...reasoning }
  if (outputTokens === undefined) return { usage: estimated, isCounted: false, oddity: 'usage-partial' }
  const tokens = outputTokens + reasoningTokens
  const isFew = isTooFew(tokens, [text], Number(text !== ''))
  if (isFew) return { usage: estimated, isCounted: false, oddity: 'usage-too-few' }
  const isOver = tokens > maxOutputTokens + spareTokens
  return { usage: { outputTokens, ...reasoning }, isCounted: true, ...(isOver ? { oddity: 'output-over-cap' } : {}) }
}

/** Runs of one character, such as spaces and rules, can be one token each. */
const run = /(.)\1{3,}/gsu

function isTooFew(tokens: number, words: readonly string[], least: number): boolean {
  if (tokens < least) return true
  if (tokens >= Math.floor(charactersOf(words) / mostCharactersPerToken)) return false
  const plain = words.map(word => word.replaceAll(run, '$1'))
  return tokens < Math.floor(charactersOf(plain) / mostCharactersPerToken)
}

function charactersOf(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + word.length, 0)
}
