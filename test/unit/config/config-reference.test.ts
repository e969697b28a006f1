import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { configJsonSchema } from '#services/config/checks/known-keys'
import { packageRoot } from '#services/config/load-config'

interface Node {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: Node | boolean
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly oneOf?: readonly Node[]
}

/** Every key at any depth, with its schema. */
function keysOf(node: Node, path = ''): readonly (readonly [string, Node])[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const at = path === '' ? key : `${path}.${key}`
    return [[at, child] as const, ...keysOf(child, at)]
  })
  const others = [node.additionalProperties, node.items, ...(node.anyOf ?? []), ...(node.oneOf ?? [])]
  return [...own, ...others.flatMap(one => (typeof one === 'object' ? keysOf(one, path) : []))]
}

const keys = keysOf(configJsonSchema())

it('gives every key its meaning', () => {
  expect(keys.length).toBeGreaterThan(200)
  const isWord = (path: string): boolean => path.endsWith('.kind')
  expect(keys.filter(([path, { description }]) => description === undefined && !isWord(path))).toEqual([])
})

it('names every key in docs/configuration.md', () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'configuration.md'), 'utf8')
  const named = new Set([...page.matchAll(/^(?:\||###) `([^`]+)`/gmu)].map(([, path = '']) => path.split('.').at(-1)))
  const lastOf = (path: string): string => path.split('.').at(-1) ?? ''
  // The keys of a limit stand in the column of types.
  const isNamed = (key: string): boolean => named.has(key) || page.includes(`, ${key}`) || page.includes(`{ ${key}`)
  expect([...new Set(keys.map(([path]) => lastOf(path)))].filter(key => !isNamed(key))).toEqual([])
})
