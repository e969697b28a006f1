import type { TestCase } from '#services/contract/model'
import type { CallEnd } from './run-program.ts'

/** How many cases went as they should. */
export function countPassed(cases: readonly TestCase[], ends: readonly CallEnd[]): number {
  return cases.filter((one, place) => passed(one, ends[place])).length
}

function passed({ gives, throws }: TestCase, end: CallEnd | undefined): boolean {
  if (end === undefined) return false
  if (throws === true) return end.kind === 'threw'
  return end.kind === 'value' && end.json !== '' && isSame(JSON.parse(end.json), gives)
}

/** Numbers that differ by less than this share are rounded alike. */
const roundingRatio = 1e-9

/** Compares values of JSON; the order of an object's fields is ignored. */
function isSame(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') {
    return Math.abs(one - other) <= roundingRatio * Math.max(Math.abs(one), Math.abs(other))
  }
  if (Array.isArray(one) && Array.isArray(other)) return hasSame(one, other)
  if (Array.isArray(one) || Array.isArray(other)) return false
  if (!isRecord(one) || !isRecord(other)) return one === other
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every(name => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  )
}

function hasSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, place) => isSame(value, other[place]))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
