import { meantBy, type ConfigFault } from './config-fault.ts'
import { keysAt, placesOfKey } from './known-keys.ts'
import type { Path } from '../layers/located.ts'

/** What zod says of a value, as far as reports need it. */
export interface Issue {
  readonly code?: string | undefined
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
  readonly errors?: readonly (readonly Issue[])[]
  /** Of a discriminated union: the values of its key. */
  readonly options?: readonly unknown[]
  /** Of a set of words. */
  readonly values?: readonly unknown[]
  /** What is wrong with a key. */
  readonly issues?: readonly Issue[]
}

/** A fault of the schema, and how the configuration could be read on as if it were none. */
export interface SchemaFault extends ConfigFault {
  readonly repair: 'remove' | 'replace' | 'rename'
}

/** The faults of an issue, in a configuration that was read as `config`. */
export function schemaFaults(issue: Issue, config: unknown, above: Path = []): readonly SchemaFault[] {
  const path = [...above, ...issue.path.map(partOf)]
  if (issue.code === 'unrecognized_keys') return (issue.keys ?? []).map(key => unknownKey([...path, key], config))
  if (issue.code === 'invalid_union' && issue.errors !== undefined && issue.errors.length > 0) {
    return unionFaults(issue.errors, config, path)
  }
  const fault = { path, expected: issue.code === 'invalid_key' ? messageOfKey(issue) : issue.message }
  const meant = wordMeant(issue, valueOf(config, path))
  return [meant === undefined ? { ...fault, repair: 'remove' } : { ...fault, meant, repair: 'replace' }]
}

function messageOfKey({ message, issues = [] }: Issue): string {
  return issues[0]?.message ?? message
}

/** The word of a closed set that was meant by another. */
function wordMeant({ options, values }: Issue, given: unknown): string | undefined {
  if (typeof given !== 'string') return undefined
  const words = (options ?? values ?? []).filter(word => typeof word === 'string')
  return meantBy(given, words)
}

/**
 * The faults of the option that the value is most likely meant as: one whose outermost type it has, and of those
 * the one that it fits best. Where none has its type, what each of them expectations.
 */
function unionFaults(options: readonly (readonly Issue[])[], config: unknown, path: Path): readonly SchemaFault[] {
  const isOfOtherType = ({ path: inner, code }: Issue): boolean => inner.length === 0 && code !== 'unrecognized_keys'
  const meant = options.filter(issues => !issues.some(isOfOtherType))
  const [best] = meant.toSorted((one, other) => one.length - other.length)
  if (best !== undefined) return best.flatMap(issue => schemaFaults(issue, config, path))
  const messages = options.flatMap(issues => issues.slice(0, 1).map(({ message }) => message))
  const expectations = messages.map(message => message.replace(end, ''))
  const found = end.exec(messages[0] ?? '')?.[0] ?? ''
  return [{ path, expected: `${[...new Set(expectations)].join(', or ')}${found}`, repair: 'remove' }]
}

/** The value that a message shows, or that there is none. */
const end = /(?:, got [^,;]*|; it is missing)$/u

function unknownKey(path: Path, config: unknown): SchemaFault {
  const key = String(path.at(-1))
  const above = path.slice(0, -1)
  const keys = keysAt(above, config)
  const meant = meantBy(key, keys)
  const expected = `one of the keys ${keys.toSorted().join(', ')}`
  if (meant === undefined) {
    const [elsewhere] = placesOfKey(key, path)
    return { path, expected, repair: 'remove', ...(elsewhere === undefined ? {} : { meant: elsewhere }) }
  }
  const isTaken = valueOf(config, [...above, meant]) !== undefined
  return { path, expected, meant, repair: isTaken ? 'remove' : 'rename' }
}

function valueOf(config: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Readonly<Record<string | number, unknown>>)[part]
        : undefined,
    config,
  )
}

function partOf(part: PropertyKey): string | number {
  return typeof part === 'number' ? part : String(part)
}
