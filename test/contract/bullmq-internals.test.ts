import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { bullmqScripts, batchLeaseKeys, batchLeaseMarker } from '#services/state/queue/bullmq-internals'

const pinned = (JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> })
  .dependencies['bullmq']

describe('what is used of BullMQ that it does not promise', () => {
  it('is that of the version that is pinned', () => {
    const require = createRequire(import.meta.url)
    const { version } = require('bullmq/package.json') as { version: string }
    expect(version).toBe(pinned)
  })

  it.each([
    ['addBatchLease', 'add', 9, 'wait paused meta id completed delayed active events marker'],
    [
      'activateBatchLease',
      'activate',
      11,
      'wait active prioritized events stalled limiter delayed paused meta pc marker',
    ],
  ] as const)('takes the keys of %s in the order in which they are given', (name, keys, count, order) => {
    const { lua } = bullmqScripts[name]
    expect(batchLeaseKeys('p', 'q')[keys]).toEqual(order.split(' ').map(key => `{p:pool:q}:batchLeases:${key}`))
    expect(highestKey(lua)).toBe(count)
  })

  it('takes the keys of completeBatchLease with that of the batch lease as the twelfth', () => {
    const { complete, completeMore } = batchLeaseKeys('p', 'q')
    expect(complete.length + 1 + completeMore.length).toBe(14)
    expect(highestKey(bullmqScripts.completeBatchLease.lua)).toBe(14)
  })

  it('says with a marker that there is a batch lease', () => {
    expect(bullmqScripts.addBatchLease.lua).toContain('ZADD')
    expect(batchLeaseMarker('p', 'q')).toBe('{p:pool:q}:batchLeases:marker')
    expect(batchLeaseKeys('p', 'q').add.at(-1)).toBe(batchLeaseMarker('p', 'q'))
  })
})

/** The highest key that a script reads. */
function highestKey(lua: string): number {
  return Math.max(...[...lua.matchAll(/KEYS\[(\d+)\]/gu)].map(([, at]) => Number(at)))
}
