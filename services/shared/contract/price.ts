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

/** Which price each use is counted at, and in what unit; the second price stands in where the first is not given. */
const terms: readonly {
  readonly use: Exclude<keyof Usage, 'estimated'>
  readonly prices: readonly [keyof Price, keyof Price]
  readonly unit: number
}[] = [
  { use: 'inputTokens', prices: ['perInputToken', 'perInputToken'], unit: 1 },
  { use: 'outputTokens', prices: ['perOutputToken', 'perOutputToken'], unit: 1 },
  { use: 'cachedTokens', prices: ['perCachedToken', 'perInputToken'], unit: 1 },
  { use: 'reasoningTokens', prices: ['perReasoningToken', 'perOutputToken'], unit: 1 },
  { use: 'images', prices: ['perImage', 'perImage'], unit: 1 },
  { use: 'audioMs', prices: ['perAudioSecond', 'perAudioSecond'], unit: 1000 },
  { use: 'computeMs', prices: ['perComputeSecond', 'perComputeSecond'], unit: 1000 },
]

/**
 * The cost of a usage at a price: each term exact, the sum rounded up to a whole nano-USD.
 * Cached and reasoning tokens are counted apart from input and output tokens, at the price of those where none is given.
 */
export function costOf(usage: Usage, price: Price): NanoUsd {
  let sum = price.perRequest ?? 0
  for (const { use, prices, unit } of terms) {
    const each = price[prices[0]] ?? price[prices[1]] ?? 0
    sum += ((usage[use] ?? 0) / unit) * each
  }
  // A millionth of a nano-USD is the rounding of doubles, not money.
  return Math.min(maxNanoUsd, Math.max(0, Math.ceil(sum - 1e-6)))
}
