import { onceByPool, queuePrefix } from './bullmq-internals.ts'

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
  'express',
  'concurrency',
] as const

/** A key of a pool's fair queue. */
export type FairQueueKey = (typeof names)[number]

/** The name of one key of a pool's fair queue. */
export function fairQueueKey(prefix: string, pool: string, name: FairQueueKey): string {
  return `${queuePrefix(prefix, pool)}:fairQueue:${name}`
}

const keysOf = onceByPool((prefix, pool): readonly string[] => names.map(name => fairQueueKey(prefix, pool, name)))

/** All of them, in the order that `fair-queue.lua` gives. */
export function fairQueueKeys(prefix: string, pool: string): readonly string[] {
  return keysOf(prefix, pool)
}

/**
 * Parts the parts of a member's name. It sorts before every other character, so that no name is the beginning of
 * another.
 */
export const separator = '\u001F'
