import type { FieldViolation } from '#services/contract/errors'

/** What is wrong with a request, each with its field. */
export type Faults = readonly FieldViolation[]

/** One fault, when it is one. */
export function fault(wrong: boolean, field: string, description: string): Faults {
  return wrong ? [{ field, description }] : []
}

/** The fault of a number outside of its range, both ends included. */
export function rangeFault(value: number | undefined, least: number, most: number, field: string): Faults {
  return fault(value !== undefined && !(value >= least && value <= most), field, `expected ${least} to ${most}`)
}
