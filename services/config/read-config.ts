import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml'
import { GatewayError } from '#services/contract/errors'
import type { ConfigFault } from './config-fault.ts'
import { crossCheck, type Surroundings } from './cross-checks.ts'
import { configSchema, type Config } from './schema.ts'

/** What a reference `${NAME}` or `${NAME:-default}` stands for. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Numbers and booleans of an override are meant as such. */
function scalarOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(?:\.\d+)?$/u.test(text) ? Number(text) : text
}

/** What a configuration is read against. */
export interface ReadOptions {
  /** Name of the file in the report. */
  readonly file: string
  readonly environment: Environment
  /** Values put over those of the text, by dotted path, such as `listen.grpc`. */
  readonly overrides: Readonly<Record<string, string>>
  readonly surroundings: Surroundings
}

/**
 * Reads a configuration from its text: YAML, references, schema, cross-checks; deep-frozen.
 * @throws GatewayError Config whose message has one line a fault: `file:line: path: what was expected`
 */
export function readConfig(text: string, options: ReadOptions): Config {
  const { file } = options
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const unreadable = document.errors.map(
    error => `${file}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]?.replace(/ at line .*$/u, '')}`,
  )
  if (unreadable.length > 0) throw reportOf(file, unreadable)
  for (const [path, value] of Object.entries(options.overrides)) document.setIn(path.split('.'), scalarOf(value))

  const missing = resolveReferences(document, options.environment)
  const parsed = configSchema.safeParse(document.toJS())
  const faults = parsed.success
    ? crossCheck(parsed.data, options.surroundings)
    : parsed.error.issues.flatMap(issue => faultsOf(issue))
  const known = new Set(missing.map(({ path }) => path.join('.')))
  const all = [...missing, ...faults.filter(({ path }) => !known.has(path.join('.')))]
  if (parsed.success && all.length === 0) return deepFreeze(parsed.data)
  const placed = all.map(fault => ({ ...fault, line: lineOf(document, lines, fault.path) }))
  placed.sort((one, other) => one.line - other.line)
  throw reportOf(
    file,
    placed.map(
      ({ path, expected, line }) => `${file}:${line}: ${path.join('.') || '(the whole file)'}: expected ${expected}`,
    ),
  )
}

function reportOf(file: string, faults: readonly string[]): GatewayError {
  return new GatewayError(
    'Config',
    `${faults.length} fault${faults.length === 1 ? '' : 's'} in ${file}\n${faults.join('\n')}`,
  )
}

const reference = /\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}/gu

/** Puts secrets and addresses in; a reference without value and default is a fault. */
function resolveReferences(document: Document, environment: Environment): ConfigFault[] {
  const faults: ConfigFault[] = []
  visit(document, {
    Scalar(key, node, ancestors) {
      if (typeof node.value !== 'string' || key === 'key') return
      node.value = node.value.replaceAll(reference, (_whole, name: string, fallback: string | undefined) => {
        const value = environment[name] ?? fallback
        if (value !== undefined) return value
        faults.push({ path: pathOf(ancestors, node), expected: `the environment variable ${name} to be set` })
        return ''
      })
    },
  })
  return faults
}

function pathOf(ancestors: readonly unknown[], node: unknown): (string | number)[] {
  const path: (string | number)[] = []
  for (const [index, ancestor] of ancestors.entries()) {
    if (isPair(ancestor)) path.push(String(ancestor.key))
    else if (isSeq(ancestor)) path.push(ancestor.items.indexOf(ancestors[index + 1] ?? node))
  }
  return path
}

interface Issue {
  readonly code?: string | undefined
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
  readonly errors?: readonly (readonly Issue[])[]
  /** What is wrong with a key. */
  readonly issues?: readonly Issue[]
}

function faultsOf(issue: Issue): ConfigFault[] {
  const path = issue.path.map(part => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map(key => ({ path: [...path, key], expected: 'no such key here' }))
  }
  if (issue.code === 'invalid_union' && issue.errors !== undefined && issue.errors.length > 0) {
    const ways = issue.errors.flatMap(issues => issues.slice(0, 1).map(one => wishOf(one.message)))
    return [{ path, expected: [...new Set(ways)].join(', or ') }]
  }
  const [ofKey = issue] = issue.code === 'invalid_key' ? (issue.issues ?? []) : []
  return [{ path, expected: wishOf(ofKey.message) }]
}

/** zod says `Too small: expected number to be >=1`; the report's line already says `expected`. */
function wishOf(message: string): string {
  return message.replace(/^[A-Z][a-z ]+: expected /u, '')
}

/** The line of the key at a path, or of the nearest thing above it that is there. */
function lineOf(document: Document, lines: LineCounter, path: ConfigFault['path']): number {
  let node: unknown = document.contents
  let line = 1
  for (const part of path) {
    const next = childOf(node, part)
    if (next === undefined) break
    const offset = isNode(next.at) ? next.at.range?.[0] : undefined
    if (offset !== undefined) line = lines.linePos(offset).line
    node = next.value
  }
  return line
}

function childOf(node: unknown, part: string | number): { readonly at: unknown; readonly value: unknown } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part))
    return pair === undefined ? undefined : { at: pair.key, value: pair.value }
  }
  if (isSeq(node) && typeof part === 'number') return { at: node.items[part], value: node.items[part] }
  return undefined
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
