import { gramBuckets, type HashedGrams } from '#services/decision/features/hash-grams'

/**
 * How much each gram counts: the log of one over the share of rows that have it. float32 [buckets].
 * @source Spärck Jones, A statistical interpretation of term specificity (1972), smoothed as if one more row had
 * every gram
 */
export function rarityOf(rows: readonly HashedGrams[]): Float32Array {
  const having = new Float64Array(gramBuckets)
  for (const { places } of rows) for (const place of places) having[place]! += 1
  return Float32Array.from(having, count => 1 + Math.log((1 + rows.length) / (1 + count)))
}

/** Grams weighed by rarity and scaled to length 1. */
export function weighGrams({ places, values }: HashedGrams, rarity: Float32Array): HashedGrams {
  const weighed = values.map((value, at) => value * rarity[places[at]!]!)
  const length = Math.hypot(...weighed) || 1
  return { places, values: weighed.map(value => value / length) }
}
