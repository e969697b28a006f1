import { queuePrefix } from './bullmq-internals.ts'

const names = [
  'legs',
  'places',
  'wait',
  'turns',
  'idle',
  'clocks',
  'backlog',
  'running',
  'held',
  'supply',
  'put',
] as const

/** A key of a pool's fair queue. */
export type LineKey = (typeof names)[number]

/** The name of one key of a pool's fair queue. */
export function lineKey(prefix: string, pool: string, name: LineKey): string {
  return `${queuePrefix(prefix, pool)}:line:${name}`
}

/** All of them, in the order that `line.lua` gives. */
export function lineKeys(prefix: string, pool: string): readonly string[] {
  return names.map(name => lineKey(prefix, pool, name))
}

/**
 * Parts the parts of a member's name. It sorts before every other character, so that no name is the beginning of
 * another.
 */
export const separator = '\u001F'
