/** Name of every pool's queue: the pool is in the prefix, whose braces keep its keys in one slot. */
export const queueName = 'tickets'

/** The prefix of one pool's keys. */
export function queuePrefix(prefix: string, pool: string): string {
  return `{${prefix}:pool:${pool}}`
}
