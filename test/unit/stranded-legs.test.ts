import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createFleet } from '../../services/router/choose/fleet.ts'
import { createLegDesk } from '../../services/router/climb/leg/leg-desk.ts'
import { createStrandedLook } from '../../services/router/stranded-legs.ts'
import type { LegEnd } from '../../services/shared/climb/climb-log.ts'
import type { LegId } from '../../services/shared/contract/ids.ts'
import type { WorkerState } from '../../services/shared/registry/worker-registry.ts'
import { FakeClimbLog } from '../support/fake-climb-log.ts'

const worker: WorkerState = {
  workerId: 'w',
  pool: 'p',
  models: ['m'],
  capacity: 1,
  running: 0,
  draining: false,
  startedAt: 0,
  version: '1',
  envelopeVersion: 1,
  times: {},
}

function setUp(options: { readonly waits?: boolean; readonly running?: boolean } = {}) {
  const time = { now: 0 }
  const workers: { list: WorkerState[] } = { list: [worker] }
  const desk = createLegDesk(new FakeClimbLog(), pino({ level: 'silent' }))
  const ends: LegEnd[] = []
  desk.expect('a.0' as LegId, {
    pool: 'p',
    model: 'm',
    waits: options.waits === true,
    onStarted: () => {},
    onDelta: () => {},
    onEnd: end => ends.push(end),
  })
  const queue = {
    add: async () => {},
    remove: async () => options.running !== true,
    waiting: async () => 1,
    backlog: async () => ({ waiting: 1, running: 0, work: [] }),
    close: async () => {},
  }
  const fleet = {
    ...createFleet([], new Map()),
    pool: (name: string) => createFleet(workers.list, new Map()).pool(name),
    serves: (pool: string, model: string) => createFleet(workers.list, new Map()).serves(pool, model),
  }
  const look = createStrandedLook({ desk, fleet, queue, clock: { now: () => time.now } })
  return { look, ends, time, workers }
}

describe('createStrandedLook()', () => {
  it('lets a waiting leg go a while after the last worker has left its pool', async () => {
    const { look, ends, time, workers } = setUp()
    await look()
    workers.list = [{ ...worker, draining: true }]
    await look()
    time.now = 1999
    await look()
    expect(ends).toEqual([])
    time.now = 2000
    await look()
    expect(ends).toMatchObject([{ kind: 'failed', reason: 'no-worker', receipt: { costNanoUsd: 0 } }])
  })

  it('begins to count anew when a worker comes back', async () => {
    const { look, ends, time, workers } = setUp()
    workers.list = []
    await look()
    workers.list = [worker]
    time.now = 1500
    await look()
    workers.list = []
    time.now = 2500
    await look()
    expect(ends).toEqual([])
  })

  it.each([
    ['a job, which may wait for workers', { waits: true }],
    ['a leg that runs', { running: true }],
  ])('leaves alone %s', async (_what, options) => {
    const { look, ends, time, workers } = setUp(options)
    workers.list = []
    await look()
    time.now = 5000
    await look()
    expect(ends).toEqual([])
  })
})
