import { maxNanoUsd, type NanoUsd } from './money.ts'

/** What a leg used. Counts are whole; durations are milliseconds. Absent means none. */
export interface Usage {
  readonly inputTokens?: number
  readonly outputTokens?: number
  /** Input read from a cache. */
  readonly cachedTokens?: number
  /** Input written to a cache. */
  readonly cacheWriteTokens?: number
  readonly reasoningTokens?: number
  readonly images?: number
  readonly audioMs?: number
  /** Time on the accelerator or CPU, a batch's time shared out over its members. */
  readonly computeMs?: number
  /** True when the backend reported none and the worker counted. */
  readonly estimated?: boolean
}

/** Prices of tokens in nano-USD; fractions are allowed. */
export interface TokenPrices {
  readonly perInputToken?: number
  readonly perOutputToken?: number
  readonly perCachedToken?: number
  readonly perCacheWriteToken?: number
  readonly perReasoningToken?: number
}

/** Prices in nano-USD for each unit; fractions are allowed for tokens and milliseconds. */
export interface Price extends TokenPrices {
  readonly perRequest?: number
  readonly perImage?: number
  readonly perAudioSecond?: number
  /** GPU-second of a self-hosted pool (CPU-second where it runs on CPU). */
  readonly perComputeSecond?: number
  /** Other prices of tokens for large inputs. */
  readonly above?: readonly PriceTier[]
}

/**
 * Prices of every token of a request whose input (cached tokens included) is larger than a size; what it does not
 * name stays as it is.
 */
export interface PriceTier extends TokenPrices {
  readonly inputTokens: number
}

/** A price and the time in which it is in force. */
export interface DatedPrice {
  /** Epoch ms; absent means always before `untilAt`. */
  readonly fromAt?: number
  /** Epoch ms, not included; absent means for good. */
  readonly untilAt?: number
  readonly price: Price
}

type Counted = Exclude<keyof Usage, 'estimated'>
type Rate = Exclude<keyof Price, 'above'>

/** Which price each use is counted at, and in what unit; the second price stands in where the first is not given. */
const terms: readonly {
  readonly use: Counted
  readonly prices: readonly [Rate, Rate]
  readonly unit: number
}[] = [
  { use: 'inputTokens', prices: ['perInputToken', 'perInputToken'], unit: 1 },
  { use: 'outputTokens', prices: ['perOutputToken', 'perOutputToken'], unit: 1 },
  { use: 'cachedTokens', prices: ['perCachedToken', 'perInputToken'], unit: 1 },
  { use: 'cacheWriteTokens', prices: ['perCacheWriteToken', 'perInputToken'], unit: 1 },
  { use: 'reasoningTokens', prices: ['perReasoningToken', 'perOutputToken'], unit: 1 },
  { use: 'images', prices: ['perImage', 'perImage'], unit: 1 },
  { use: 'audioMs', prices: ['perAudioSecond', 'perAudioSecond'], unit: 1000 },
  { use: 'computeMs', prices: ['perComputeSecond', 'perComputeSecond'], unit: 1000 },
]

/**
 * The cost of a usage at a price: each term exact, the sum rounded up to a whole nano-USD. What used nothing costs
 * nothing, the price of a request included. Cached, cache-written and reasoning tokens are counted apart from input
 * and output tokens, at the price of those where none is given.
 */
export function costOf(usage: Usage, price: Price): NanoUsd {
  if (!terms.some(({ use }) => (usage[use] ?? 0) > 0)) return 0
  const rates = ratesAt(price, inputOf(usage))
  let sum = price.perRequest ?? 0
  for (const { use, prices, unit } of terms) {
    const each = rates[prices[0]] ?? rates[prices[1]] ?? 0
    sum += ((usage[use] ?? 0) / unit) * each
  }
  // A millionth of a nano-USD is the rounding of doubles, not money.
  return Math.min(maxNanoUsd, Math.max(0, Math.ceil(sum - 1e-6)))
}

/**
 * The most that a usage within these bounds can cost: every input token may be a cached one, every output token a
 * reasoning one, and the input may stay under or pass each tier's size.
 */
export function mostExpensiveCost(bounds: Usage, price: Price): NanoUsd {
  const reachable = (price.above ?? []).filter(tier => tier.inputTokens < inputOf(bounds))
  const bases = [price, ...reachable.map(tier => ratesAt(price, tier.inputTokens + 1))]
  return Math.max(...bases.map(base => costOf(bounds, worstOf(base))))
}

/** The price of a model that is in force at a time; empty where there is none. */
export function priceAt(
  { price, datedPrices = [] }: { readonly price: Price; readonly datedPrices?: readonly DatedPrice[] },
  nowMs: number,
): Price {
  const dated = datedPrices.find(({ fromAt = -Infinity, untilAt = Infinity }) => fromAt <= nowMs && nowMs < untilAt)
  return dated?.price ?? price
}

/** Returns whether anything is priced; a price of 0 means free, a missing price means unknown. */
export function isPriced(price: Price): boolean {
  return Object.values(price).some(each => each !== undefined)
}

/** Tokens of a usage, of every kind: what a rate limit on tokens counts. */
export function tokensOf(usage: Usage): number {
  const { outputTokens = 0, reasoningTokens = 0 } = usage
  return inputOf(usage) + outputTokens + reasoningTokens
}

function inputOf({ inputTokens = 0, cachedTokens = 0, cacheWriteTokens = 0 }: Usage): number {
  return inputTokens + cachedTokens + cacheWriteTokens
}

/** The highest tier whose size the input passes decides. */
function ratesAt({ above = [], ...base }: Price, inputTokens: number): Price {
  let tier: PriceTier | undefined
  for (const one of above) {
    if (one.inputTokens < inputTokens && one.inputTokens >= (tier?.inputTokens ?? 0)) tier = one
  }
  if (tier === undefined) return base
  const { inputTokens: _size, ...rates } = tier
  return { ...base, ...rates }
}

function worstOf({ above: _above, ...base }: Price): Price {
  const { perInputToken = 0, perOutputToken = 0 } = base
  return {
    ...base,
    perInputToken: Math.max(perInputToken, base.perCachedToken ?? 0, base.perCacheWriteToken ?? 0),
    perOutputToken: Math.max(perOutputToken, base.perReasoningToken ?? 0),
  }
}
