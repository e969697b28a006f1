import type { IndexCondition, Metadata, MetadataValue } from './index-store.ts'

/** Whether a document's metadata meets every condition; a field that is not there meets `noneOf` alone. */
export function matches(metadata: Metadata, conditions: readonly IndexCondition[]): boolean {
  return conditions.every(condition => {
    const value = Object.hasOwn(metadata, condition.field) ? metadata[condition.field] : undefined
    const { anyOf, noneOf } = condition
    if (anyOf !== undefined && !isAmong(value, anyOf)) return false
    return (noneOf === undefined || !isAmong(value, noneOf)) && isWithin(value, condition)
  })
}

function isWithin(value: MetadataValue | undefined, { atLeast, atMost }: IndexCondition): boolean {
  if (atLeast === undefined && atMost === undefined) return true
  return typeof value === 'number' && value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity)
}

function isAmong(value: MetadataValue | undefined, values: readonly MetadataValue[]): boolean {
  return value !== undefined && values.includes(value)
}
