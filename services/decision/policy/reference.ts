import { z } from 'zod'

/**
 * What inputs looked like when a policy was fitted: by feature the inner borders of its bins, and the share of rows
 * in each; the first share is that of rows without the feature.
 */
export const policyReferenceSchema = z.strictObject({
  rows: z.int().min(1),
  features: z.record(
    z.string(),
    z
      .strictObject({ borders: z.array(z.number()), shares: z.array(z.number().min(0).max(1)) })
      .refine(({ borders, shares }) => shares.length === borders.length + 2, 'a share for each bin, and for none'),
  ),
})

/** The reference that drift is measured against. */
export type PolicyReference = Readonly<z.output<typeof policyReferenceSchema>>
/** One feature of it. */
export type FeatureReference = PolicyReference['features'][string]

/**
 * The bin of a value: 0 where there is none, else from 1 up; what is a border but for its last digits is below it,
 * since borders are written rounded. Pure.
 */
export function binOf(value: number | undefined, borders: readonly number[]): number {
  if (value === undefined || !Number.isFinite(value)) return 0
  let low = 0
  let high = borders.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (value > borders[middle]! + toleranceAt(borders[middle]!)) low = middle + 1
    else high = middle
  }
  return low + 1
}

/** By how much a value may be over a border and still count as on it: far below what any feature tells apart. */
export function toleranceAt(border: number): number {
  return 1e-6 * Math.max(1, Math.abs(border))
}
