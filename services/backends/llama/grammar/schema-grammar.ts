import { randomBytes } from 'node:crypto'
import type { GbnfJsonObjectSchema, Llama, LlamaGrammar } from 'node-llama-cpp'
import { integerRule, numberRule, type NumberBounds } from './number-rule.ts'
import { patternRule } from './pattern-rule.ts'

/**
 * The grammar of JSON of a schema. The library's own leaves out patterns and bounds of numbers: where these can be put
 * as rules, its grammar is made with a word in their place, and the rules are put there.
 * @throws Error of the library for a schema that it cannot put at all
 */
export async function schemaGrammar(llama: Llama, schema: unknown): Promise<LlamaGrammar> {
  const rules = new Map<string, string>()
  const worded = withWords(schema, `word-${randomBytes(8).toString('hex')}`, rules)
  if (rules.size > 0) {
    try {
      const { grammar } = await grammarOf(llama, worded)
      return await llama.createGrammar({ grammar: withRules(grammar, rules) })
    } catch {
      // Its own says less, and is a grammar.
    }
  }
  return grammarOf(llama, schema)
}

/** No type can say of a schema that came from outside what of it a grammar expresses; the rest makes this throw. */
function grammarOf(llama: Llama, schema: unknown): Promise<LlamaGrammar> {
  return llama.createGrammarForJsonSchema(schema as GbnfJsonObjectSchema)
}

function withRules(grammar: string, rules: ReadonlyMap<string, string>): string {
  let text = grammar
  for (const [word, rule] of rules) text = text.replaceAll(`"\\"${word}\\""`, () => `(${rule})`)
  return text
}

/** Words in place of what the library's grammar leaves out, with the rule of each. */
function withWords(schema: unknown, prefix: string, rules: Map<string, string>): unknown {
  if (Array.isArray(schema)) return schema.map(one => withWords(one, prefix, rules))
  if (typeof schema !== 'object' || schema === null) return schema
  const rule = ruleOf(schema)
  if (rule !== undefined) {
    const word = `${prefix}-${rules.size}`
    rules.set(word, rule)
    return { const: word }
  }
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      holdsSchemas.has(key) ? inPlaces(key, value, prefix, rules) : value,
    ]),
  )
}

/** Keywords whose values are schemas, or lists or maps of such. */
const holdsSchemas: ReadonlySet<string> = new Set(
  'properties $defs items prefixItems additionalProperties oneOf anyOf'.split(' '),
)
const maps: ReadonlySet<string> = new Set(['properties', '$defs'])

function inPlaces(key: string, value: unknown, prefix: string, rules: Map<string, string>): unknown {
  if (!maps.has(key) || typeof value !== 'object' || value === null) return withWords(value, prefix, rules)
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withWords(one, prefix, rules)]))
}

interface Leaf extends NumberBounds {
  readonly type?: unknown
  readonly pattern?: unknown
  readonly enum?: unknown
  readonly const?: unknown
}

const bounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const

function ruleOf(schema: object): string | undefined {
  const leaf = schema as Leaf
  if (leaf.enum !== undefined || leaf.const !== undefined) return undefined
  if (leaf.type === 'string') return typeof leaf.pattern === 'string' ? patternRule(leaf.pattern) : undefined
  const given = bounds.map(name => leaf[name]).filter(bound => bound !== undefined)
  if (given.length === 0 || !given.every(bound => typeof bound === 'number')) return undefined
  if (leaf.type === 'integer') return integerRule(leaf)
  return leaf.type === 'number' ? numberRule(leaf) : undefined
}
