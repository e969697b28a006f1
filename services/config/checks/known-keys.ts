import { z } from 'zod'
import type { Path } from '../layers/located.ts'
import { configSchema } from '../schema.ts'

/** The parts of a JSON schema that define the keys. */
const node = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
})
type Node = z.output<typeof node>

/** The JSON schema of configuration files, for editors and for what was most likely meant. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' })
}

let known: Node | undefined

function root(): Node {
  known ??= node.parse(configJsonSchema())
  return known
}

/** The keys that the map at a path may have, given what it holds: of a backend those of its `kind`. */
export function keysAt(path: Path, config: unknown): readonly string[] {
  let nodes = branches(root(), config)
  let value = config
  for (const part of path) {
    value = childOf(value, part)
    const below = nodes.flatMap(one => childNodes(one, part))
    nodes = below.flatMap(one => branches(one, value))
  }
  return [...new Set(nodes.flatMap(({ properties = {} }) => Object.keys(properties)))]
}

/** Where else a key stands, such as `models.<name>.backend.apiKey`, nearest to the path first. */
export function placesOfKey(key: string, path: Path): readonly string[] {
  const found: string[] = []
  const walk = (one: Node, at: readonly string[]): void => {
    for (const [name, child] of Object.entries(one.properties ?? {})) {
      if (name === key) found.push([...at, name].join('.'))
      for (const branch of unions(node.parse(child))) walk(branch, [...at, name])
    }
    if (typeof one.additionalProperties === 'object' && one.additionalProperties !== null) {
      for (const branch of unions(node.parse(one.additionalProperties))) walk(branch, [...at, '<name>'])
    }
  }
  walk(root(), [])
  const section = String(path[0] ?? '')
  const distance = (place: string): number => (place.split('.')[0] === section ? 0 : 1)
  return [...new Set(found)].toSorted((one, other) => distance(one) - distance(other))
}

function childNodes({ properties, additionalProperties, items }: Node, part: string | number): Node[] {
  const child = typeof part === 'number' ? items : (properties?.[part] ?? additionalProperties)
  return typeof child === 'object' && child !== null ? [node.parse(child)] : []
}

/** The schemas that a value may match: of a union those whose constants it has, else all. */
function branches(one: Node, value: unknown): Node[] {
  const all = unions(one)
  const fitting = all.filter(({ properties = {} }) =>
    Object.entries(properties).every(([key, property]) => {
      const constant = node.parse(property).const
      return constant === undefined || childOf(value, key) === constant
    }),
  )
  return fitting.length > 0 ? fitting : all
}

function unions(one: Node): Node[] {
  const options = one.anyOf ?? one.oneOf
  return options === undefined ? [one] : options.flatMap(option => unions(node.parse(option)))
}

function childOf(value: unknown, part: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
  return (value as Readonly<Record<string | number, unknown>>)[part]
}
