/** Names every Redis key of this room. */
export interface LedgerKeys {
  /** Which data this is: a hash with `id` and `ancestors`. Gone with the data. */
  readonly generation: string
  /** Holds by the end of their leases. */
  readonly holds: string
  /** Counters by the end of their windows. */
  readonly windows: string
  /** Slices by the end of their leases. */
  readonly slices: string
  /** What a router has leased, by counter. */
  slice(sliceId: string): string
  /** What requests may spend of a slice, by hold. */
  draws(sliceId: string): string
  hold(holdId: string): string
  counter(name: string): string
  /** The clock of a rate. */
  clock(name: string): string
  /** The name of a counter, out of its key. */
  counterOf(key: string): string
}

/** Builds the names: one hash tag, since a hold changes many counters in one step. */
export function createLedgerKeys(prefix: string): LedgerKeys {
  const tag = `${prefix}:{money}`
  const counters = `${tag}:scope:`
  return {
    generation: `${tag}:generation`,
    holds: `${tag}:holds`,
    windows: `${tag}:windows`,
    slices: `${tag}:slices`,
    slice: sliceId => `${tag}:slice:${sliceId}`,
    draws: sliceId => `${tag}:draws:${sliceId}`,
    hold: holdId => `${tag}:hold:${holdId}`,
    counter: name => `${counters}${name}`,
    clock: name => `${tag}:rate:${name}`,
    counterOf: key => key.slice(counters.length),
  }
}
