/** What came of two policies deciding on the same requests; every field is a whole number that adds up. */
export interface Comparison {
  readonly requests: number
  /** Answers of the same rung. */
  readonly same: number
  /** The shadow would have answered from a more expensive rung. */
  readonly escalatesMore: number
  /** The shadow would have answered from a cheaper one. */
  readonly stopsSooner: number
  /**
   * Requests on which the shadow wanted a rung whose answer is not known, so that what it would have done then is
   * not known either.
   */
  readonly openEnded: number
  readonly activeCascades: number
  readonly shadowCascades: number
  readonly activeCostNanoUsd: number
  readonly shadowCostNanoUsd: number
}

/** Nothing compared yet. */
export const noComparison: Comparison = {
  requests: 0,
  same: 0,
  escalatesMore: 0,
  stopsSooner: 0,
  openEnded: 0,
  activeCascades: 0,
  shadowCascades: 0,
  activeCostNanoUsd: 0,
  shadowCostNanoUsd: 0,
}

/** The names of what is added up. */
export const comparisonFields = Object.keys(noComparison) as readonly (keyof Comparison)[]

/** Adds two up. */
export function addComparisons(a: Comparison, b: Comparison): Comparison {
  const sums = comparisonFields.map(field => [field, a[field] + b[field]])
  return { ...noComparison, ...Object.fromEntries(sums) }
}
