import { isNode, LineCounter, parseDocument, visit, type Document } from 'yaml'
import { GatewayError } from '../contract/errors.ts'
import { crossCheck, type ConfigFault } from './cross-checks.ts'
import { configSchema, type Config } from './schema.ts'

/** What a reference `${NAME}` or `${NAME:-default}` stands for. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a configuration from its text: YAML, references, schema, cross-checks; deep-frozen.
 * @throws GatewayError Config whose message has one line a fault: `file:line: path: what was expected`
 */
export function readConfig(text: string, file: string, environment: Environment): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const report = (faults: readonly string[]): GatewayError =>
    new GatewayError(
      'Config',
      `${faults.length} fault${faults.length === 1 ? '' : 's'} in ${file}\n${faults.join('\n')}`,
    )
  if (document.errors.length > 0) {
    throw report(document.errors.map(error => `${file}:${error.linePos?.[0].line ?? 1}: ${firstLine(error.message)}`))
  }
  const describe = ({ path, expected }: ConfigFault): string =>
    `${file}:${lineOf(document, lines, path)}: ${path.join('.') || '(top)'}: expected ${expected}`
  const missing = resolveReferences(document, environment)
  if (missing.length > 0) throw report(missing.map(describe))
  const parsed = configSchema.safeParse(document.toJS())
  if (!parsed.success) throw report(parsed.error.issues.flatMap(issue => faultsOf(issue)).map(describe))
  const faults = crossCheck(parsed.data)
  if (faults.length > 0) throw report(faults.map(describe))
  return deepFreeze(parsed.data)
}

const reference = /\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}/gu

/** Puts secrets and addresses in; a reference without value and default is a fault. */
function resolveReferences(document: Document, environment: Environment): ConfigFault[] {
  const faults: ConfigFault[] = []
  visit(document, {
    Scalar(_key, node, ancestors) {
      if (typeof node.value !== 'string') return
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
    const child = ancestors[index + 1] ?? node
    if (isPair(ancestor)) path.push(String(ancestor.key))
    else if (isList(ancestor)) path.push(ancestor.items.indexOf(child))
  }
  return path
}

function isPair(value: unknown): value is { key: unknown } {
  return typeof value === 'object' && value !== null && 'key' in value && 'value' in value && !('items' in value)
}

function isList(value: unknown): value is { items: unknown[] } {
  return value !== null && typeof value === 'object' && value.constructor.name === 'YAMLSeq' && 'items' in value
}

interface Issue {
  readonly code?: string | undefined
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
  readonly errors?: readonly (readonly Issue[])[]
}

function faultsOf(issue: Issue): ConfigFault[] {
  const path = issue.path.map(part => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map(key => ({ path: [...path, key], expected: 'no such key here' }))
  }
  return [{ path, expected: issue.message.replace(/^Invalid input: expected /u, '') }]
}

function lineOf(document: Document, lines: LineCounter, path: ConfigFault['path']): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
