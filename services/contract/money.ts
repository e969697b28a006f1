/** Whole nano-USD (10^-9 US dollars), exact as a double: at most 2^53 - 1, about nine million dollars. */
export type NanoUsd = number

/** The largest amount that stays exact in a double and in Lua. */
export const maxNanoUsd: NanoUsd = Number.MAX_SAFE_INTEGER

/** Returns whether a number is a whole, non-negative, exact amount. */
export function isNanoUsd(value: number): value is NanoUsd {
  return Number.isSafeInteger(value) && value >= 0
}

/** Adds amounts, holding at the largest exact one rather than losing a digit. */
export function addNanoUsd(...amounts: readonly NanoUsd[]): NanoUsd {
  return Math.min(
    maxNanoUsd,
    amounts.reduce((sum, amount) => sum + amount, 0),
  )
}

/** Turns US dollars into nano-USD, rounded up so that a price is never under-charged. */
export function fromUsd(usd: number): NanoUsd {
  // Doubles carry 15 significant digits: rounding at 10^-4 nano first keeps 0.1 USD from becoming 100,000,001.
  return Math.ceil(Math.round(usd * 1e13) / 1e4)
}

/** Formats two compared amounts, exactly where rounding would make them equal. */
export function formatApart(one: NanoUsd, other: NanoUsd): readonly [one: string, other: string] {
  const shown = [formatNanoUsd(one), formatNanoUsd(other)] as const
  if (one === other || shown[0] !== shown[1]) return shown
  return [`$${(one / 1e9).toFixed(9)}`, `$${(other / 1e9).toFixed(9)}`]
}

/** Shows an amount to a person, such as `$0.000123`. */
export function formatNanoUsd(amount: NanoUsd): string {
  const usd = amount / 1e9
  if (amount === 0) return '$0'
  if (usd >= 0.01) return `$${usd.toFixed(4)}`
  return `$${usd.toFixed(9).replace(/0+$/, '')}`
}
