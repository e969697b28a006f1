import { createRequire } from 'node:module'

/** Name of every pool's queue: the pool is in the prefix, whose braces keep its keys in one slot. */
export const queueName = 'batchLeases'

/** The prefix of one pool's keys. */
export function queuePrefix(prefix: string, pool: string): string {
  return `{${prefix}:pool:${pool}}`
}

const require = createRequire(import.meta.url)

/** BullMQ's own scripts, as it ships them: run inside ours, so that a batch lease and its legs change in one step. */
export const bullmqScripts = {
  addBatchLease: read('addStandardJob-9'),
  activateBatchLease: read('moveToActive-11'),
  completeBatchLease: read('moveToFinished-14'),
}

function read(file: string): { readonly lua: string } {
  const found: unknown = Object.values(require(`bullmq/dist/cjs/scripts/${file}.js`)).at(0)
  if (typeof found !== 'object' || found === null || !('content' in found)) {
    throw new Error(`BullMQ has no script ${file}`)
  }
  return { lua: String(found.content) }
}

/** Prefix of every key of a pool's batch leases. */
export function batchLeasePrefix(prefix: string, pool: string): string {
  return `${queuePrefix(prefix, pool)}:${queueName}:`
}

/** BullMQ's marker key, which announces a batch lease. */
export function batchLeaseMarker(prefix: string, pool: string): string {
  return `${batchLeasePrefix(prefix, pool)}marker`
}

/** Makes something of a pool once: every leg needs the same, and there are as many as the configuration names. */
export function onceByPool<Made>(make: (prefix: string, pool: string) => Made): typeof make {
  const known = new Map<string, Made>()
  return (prefix, pool) => {
    const name = queuePrefix(prefix, pool)
    const made = known.get(name) ?? make(prefix, pool)
    known.set(name, made)
    return made
  }
}

/**
 * The keys that BullMQ's scripts are given, in their order; `finish` lacks the batch lease's own, which comes
 * twelfth.
 */
export const batchLeaseKeys = onceByPool((prefix, pool) => {
  const names = (list: string): readonly string[] => list.split(' ').map(name => batchLeasePrefix(prefix, pool) + name)
  return {
    add: names('wait paused meta id completed delayed active events marker'),
    activate: names('wait active prioritized events stalled limiter delayed paused meta pc marker'),
    complete: names('wait active prioritized events stalled limiter delayed paused meta pc completed'),
    completeMore: names('metrics:completed marker'),
  } as const
})
