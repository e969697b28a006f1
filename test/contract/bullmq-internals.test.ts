import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { bullmqScripts, ticketKeys, ticketMarker } from '#services/state/queue/bullmq-internals'

const pinned = (JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> })
  .dependencies['bullmq']

describe('what is used of BullMQ that it does not promise', () => {
  it('is that of the version that is pinned', () => {
    const require = createRequire(import.meta.url)
    const { version } = require('bullmq/package.json') as { version: string }
    expect(version).toBe(pinned)
  })

  it.each([
    ['addTicket', 'add', 9, 'wait paused meta id completed delayed active events marker'],
    ['activateTicket', 'activate', 11, 'wait active prioritized events stalled limiter delayed paused meta pc marker'],
  ] as const)('takes the keys of %s in the order in which they are given', (name, keys, count, order) => {
    const { lua } = bullmqScripts[name]
    expect(ticketKeys('p', 'q')[keys]).toEqual(order.split(' ').map(key => `{p:pool:q}:tickets:${key}`))
    expect(highestKey(lua)).toBe(count)
  })

  it('takes the keys of completeTicket with that of the ticket as the twelfth', () => {
    const { complete, completeMore } = ticketKeys('p', 'q')
    expect(complete.length + 1 + completeMore.length).toBe(14)
    expect(highestKey(bullmqScripts.completeTicket.lua)).toBe(14)
  })

  it('says with a marker that there is a ticket', () => {
    expect(bullmqScripts.addTicket.lua).toContain('ZADD')
    expect(ticketMarker('p', 'q')).toBe('{p:pool:q}:tickets:marker')
    expect(ticketKeys('p', 'q').add.at(-1)).toBe(ticketMarker('p', 'q'))
  })
})

/** The highest key that a script reads. */
function highestKey(lua: string): number {
  return Math.max(...[...lua.matchAll(/KEYS\[(\d+)\]/gu)].map(([, at]) => Number(at)))
}
