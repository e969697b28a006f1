import type { FieldViolation } from '#services/contract/errors'

/** What is wrong with a request, each with its field. */
export type Faults = readonly FieldViolation[]

/** One fault, when it is one. */
export function fault(wrong: boolean, field: string, description: string): Faults {
  return wrong ? [{ field, description }] : []
}
