import { describe, expect, it } from 'vitest'
import { createFleet } from '../../services/router/choose/fleet.ts'
import { createHedging } from '../../services/router/hedging.ts'
import type { Course } from '../../services/router/climb/course.ts'
import type { Rung } from '../../services/shared/contract/model.ts'
import type { WorkerState } from '../../services/shared/registry/worker-registry.ts'

const rung: Rung = {
  name: 'm',
  recipe: {},
  model: {
    name: 'm',
    tasks: ['generate'],
    modalities: ['text'],
    tier: 't',
    pool: 'p',
    price: {},
    card: { title: 'm', licence: 'none', source: 'none', trainingData: 'none', limits: 'none' },
  },
}

const worker = (workerId: string): WorkerState => ({
  workerId,
  pool: 'p',
  models: ['m'],
  capacity: 1,
  running: 0,
  draining: false,
  startedAt: 0,
  version: '1',
  envelopeVersion: 1,
  // A hundred legs: most of 200 ms, a few of 2 s.
  times: {
    m: {
      1: [
        [99, 96],
        [129, 4],
      ],
    },
  },
})

// What hedging looks at is the size of the parts.
const request = { parts: [{ kind: 'text', text: 'hello' }] } as unknown as Course['request']
const options = new Map([['p', { after: 0.95, maxShare: 0.1 }]])

describe('createHedging()', () => {
  it('waits as long as most legs take, and has nowhere to send a twin with one worker', () => {
    const two = createHedging(options, createFleet([worker('a'), worker('b')], new Map()))
    expect(two.afterMs(rung, request)).toBeCloseTo(204, -1)
    const one = createHedging(options, createFleet([worker('a')], new Map()))
    expect(one.afterMs(rung, request)).toBeUndefined()
    const off = createHedging(new Map(), createFleet([worker('a'), worker('b')], new Map()))
    expect(off.afterMs(rung, request)).toBeUndefined()
  })

  it('gives no more twins than its share of the legs, and saves up only a few', () => {
    const hedging = createHedging(options, createFleet([], new Map()))
    let twins = 0
    for (let leg = 0; leg < 200; leg += 1) {
      hedging.ran('p')
      if (hedging.take('p')) twins += 1
    }
    expect(twins).toBeGreaterThanOrEqual(19)
    expect(twins).toBeLessThanOrEqual(20)
    for (let leg = 0; leg < 1000; leg += 1) hedging.ran('p')
    expect([1, 2, 3, 4].map(() => hedging.take('p'))).toEqual([true, true, true, false])
  })
})
