import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { isDeeperThan } from '#services/platform/http/json-depth'

/** Longer ones are no shape of an answer. */
const longestSchema = 65_536
/** Servers refuse deeper ones, and traversing them is slow. */
const deepest = 64

/**
 * Returns what is wrong with a JSON schema (draft 2020-12, and what of earlier ones is the same); `undefined` where
 * nothing is. It is not compiled: that can take as long as its author wants.
 */
export function schemaFault(schemaJson: string): string | undefined {
  if (schemaJson.length > longestSchema) return `expected a JSON schema of at most ${longestSchema} characters`
  let schema: unknown
  try {
    schema = JSON.parse(schemaJson)
  } catch {
    return 'expected a JSON schema, found what is no JSON'
  }
  if (!isRecord(schema)) return 'expected a JSON schema: a JSON object'
  if (isDeeperThan(deepest, schema)) return `expected a JSON schema of at most ${deepest} levels`
  return faultWithin(schema, schema) ?? (isOfMetaschema(schema) ? undefined : 'expected a JSON schema of draft 2020-12')
}

let metaschema: ValidateFunction | undefined

function isOfMetaschema({ $schema: _draft, ...schema }: Readonly<Record<string, unknown>>): boolean {
  metaschema ??= new Ajv2020({ strict: false, logger: false, validateFormats: false }).getSchema(
    'https://json-schema.org/draft/2020-12/schema',
  )
  return metaschema?.(schema) !== false
}

/** What the metaschema does not see: references that lead nowhere, and patterns that are none. */
function faultWithin(value: unknown, root: unknown): string | undefined {
  const own = isRecord(value) ? (referenceFault(value, root) ?? patternFault(value)) : undefined
  if (own !== undefined) return own
  for (const one of within(value)) {
    const fault = faultWithin(one, root)
    if (fault !== undefined) return fault
  }
  return undefined
}

function within(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return isRecord(value) ? Object.entries(value).flatMap(([name, one]) => (data.has(name) ? [] : [one])) : []
}

/** Keywords whose values are data and no schemas. */
const data: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples'])

function referenceFault({ $ref: reference }: Readonly<Record<string, unknown>>, root: unknown): string | undefined {
  if (typeof reference !== 'string' || reference === '#') return undefined
  if (!reference.startsWith('#')) return 'expected references within the schema alone'
  // An anchor is looked up by who compiles it.
  if (!reference.startsWith('#/')) return undefined
  let at: unknown = root
  for (const step of reference.slice(2).split('/')) {
    const key = decode(step).replaceAll('~1', '/').replaceAll('~0', '~')
    at = isRecord(at) || Array.isArray(at) ? (at as Readonly<Record<string, unknown>>)[key] : undefined
    if (at === undefined) return 'expected references that lead somewhere'
  }
  return undefined
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

function patternFault({ pattern }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof pattern !== 'string') return undefined
  try {
    new RegExp(pattern, 'u').test('')
    return undefined
  } catch {
    return 'expected patterns that are regular expressions'
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
