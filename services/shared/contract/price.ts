import { maxNanoUsd, type NanoUsd } from './money.ts'

/** What a leg used. Counts are whole; durations are milliseconds. Absent means none. */
export interface Usage {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cachedTokens?: number
  readonly reasoningTokens?: number
  readonly images?: number
  readonly audioMs?: number
  /** Time on the accelerator or CPU, a batch's time shared out over its members. */
  readonly computeMs?: number
  /** True when the backend did not say and the worker counted for itself. */
  readonly estimated?: boolean
}

/** Prices in nano-USD for each unit; fractions are allowed for tokens and milliseconds. */
export interface Price {
  readonly perRequest?: number
  readonly perInputToken?: number
  readonly perOutputToken?: number
  readonly perCachedToken?: number
  readonly perReasoningToken?: number
  readonly perImage?: number
  readonly perAudioSecond?: number
  /** GPU-second of a self-hosted pool (CPU-second where it runs on CPU). */
  readonly perComputeSecond?: number
}

/**
 * The cost of a usage at a price: each term exact, the sum rounded up to a whole nano-USD.
 * Cached and reasoning tokens are counted apart from input and output tokens, at the price of those where none is given.
 */
export function costOf(usage: Usage, price: Price): NanoUsd {
  const inputPrice = price.perInputToken ?? 0
  const outputPrice = price.perOutputToken ?? 0
  const terms = [
    price.perRequest ?? 0,
    (usage.inputTokens ?? 0) * inputPrice,
    (usage.outputTokens ?? 0) * outputPrice,
    (usage.cachedTokens ?? 0) * (price.perCachedToken ?? inputPrice),
    (usage.reasoningTokens ?? 0) * (price.perReasoningToken ?? outputPrice),
    (usage.images ?? 0) * (price.perImage ?? 0),
    ((usage.audioMs ?? 0) / 1000) * (price.perAudioSecond ?? 0),
    ((usage.computeMs ?? 0) / 1000) * (price.perComputeSecond ?? 0),
  ]
  const sum = terms.reduce((total, term) => total + term, 0)
  return Math.min(maxNanoUsd, Math.ceil(sum - 1e-6))
}
