import type { z } from 'zod'

/** What each type is called by people who write YAML or JSON. */
const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  map: 'a map',
  array: 'a list',
  tuple: 'a list',
  null: 'null',
}

const formats: Readonly<Record<string, string>> = {
  url: 'an address that begins with http:// or https://',
  date: 'a date such as 2026-01-31',
  datetime: 'a time such as 2026-01-31T08:00:00Z',
  cidrv4: 'a network such as 10.0.0.0/8',
  cidrv6: 'a network such as fd00::/8',
}

/**
 * Describes for every value that a schema refuses what was expected there, in words for whoever wrote it: zod's own
 * speak of records and received undefined. Give it to a parse as `error`; a message that the schema has itself goes
 * before it.
 */
export const expectedWords: z.core.$ZodErrorMap = issue => {
  const expected = wordsOf(issue)
  if (expected === undefined) return undefined
  if (issue.input === undefined) return `${expected}; it is missing`
  return issue.code === 'invalid_type' ? `${expected}, got ${kindOf(issue.input)}` : expected
}

function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return nouns[issue.expected] ?? issue.expected
  if (issue.code === 'invalid_value') {
    return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`
  }
  if (issue.code === 'too_small') {
    return sizeOf(issue.origin, issue.inclusive === false ? 'above' : 'of at least', issue.minimum)
  }
  if (issue.code === 'too_big') {
    return sizeOf(issue.origin, issue.inclusive === false ? 'below' : 'of at most', issue.maximum)
  }
  return issue.code === 'invalid_format' ? formats[issue.format] : undefined
}

function sizeOf(origin: string, bound: string, size: number | bigint): string {
  if (origin === 'string') return `text ${bound} ${size} ${size === 1 ? 'character' : 'characters'}`
  if (origin === 'array') return `a list ${bound} ${size} ${size === 1 ? 'entry' : 'entries'}`
  return `a number ${bound} ${size}`
}

/** The kind of a value, never the value: it may be a secret. */
function kindOf(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (Number.isNaN(value)) return 'no number'
  return nouns[typeof value] ?? typeof value
}
