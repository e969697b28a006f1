import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createFleet } from '#services/router/pools/fleet'
import { createPendingLegs } from '#services/router/cascade/leg/pending-legs'
import { createStrandedLook } from '#services/router/recovery/stranded-legs'
import type { CascadePlan, CascadeRequest, LegEnd } from '#services/state/cascade-log/cascade-log'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { WorkerState } from '#services/state/registry/worker-registry'
import { FakeCascadeLog } from '../../../support/stores/fake-cascade-log.ts'
import { workerState } from '../../../support/worker/worker-state.ts'

const worker = workerState()
const other = { ...worker, workerId: 'w2' }
const draining = { ...worker, draining: true }

interface Situation {
  readonly waits?: boolean
  readonly hasAlternative?: boolean
  /** The worker that has begun the leg; it waits in the queue when absent. */
  readonly begunBy?: string
  readonly startsCold?: boolean
}

async function setUp({ waits = false, hasAlternative = false, begunBy, startsCold = false }: Situation = {}) {
  const time = { now: 0 }
  const workers: { list: WorkerState[] } = { list: [worker] }
  const cascadeLog = new FakeCascadeLog()
  const requestId = createRequestId(1)
  const legId = legIdOf(requestId, 0)
  const request = { requestId, deadlineAt: 60_000 } as CascadeRequest
  await cascadeLog.open(
    request,
    {} as CascadePlan,
    { index: 0, rung: 'm', pool: 'p', plannedAt: 0 },
    {
      name: 'r',
      leaseUntil: 60_000,
    },
  )
  if (begunBy !== undefined) await cascadeLog.beginLeg(legId, begunBy, 1)
  const pendingLegs = createPendingLegs(cascadeLog, pino({ level: 'silent' }))
  const ends: LegEnd[] = []
  pendingLegs.expect(legId, {
    pool: 'p',
    model: 'm',
    waits,
    epoch: 1,
    hasAlternative: () => hasAlternative,
    onStarted: () => {},
    onDelta: () => {},
    onEnd: end => ends.push(end),
  })
  const queue = { remove: async () => begunBy === undefined }
  const coldStarts = startsCold ? new Map([['p', { ms: 5000, capacity: 1, legMs: 10 }]]) : new Map()
  const now = () => createFleet(workers.list, new Map(), { coldStarts })
  const fleet = {
    ...createFleet([], new Map()),
    pool: (name: string) => now().pool(name),
    serves: (pool: string, model: string) => now().serves(pool, model),
    isAlive: (workerId: string) => now().isAlive(workerId),
  }
  const look = createStrandedLook({ pendingLegs, fleet, queue, cascadeLog, clock: { now: () => time.now } })
  return { look, ends, time, workers, cascadeLog, requestId, legId }
}

describe('a leg in the queue', () => {
  it.each([
    ['has left', []],
    ['drains', [draining]],
  ])(
    'is given back at once when the last worker of its pool %s and its caller has an alternative',
    async (_how, list) => {
      const { look, ends, workers } = await setUp({ hasAlternative: true })
      await look()
      expect(ends).toEqual([])
      workers.list = list
      await look()
      expect(ends).toMatchObject([{ kind: 'failed', reason: 'no-worker', receipt: { costNanoUsd: 0 } }])
    },
  )

  it('waits a while for another worker where its caller has none', async () => {
    const { look, ends, time, workers } = await setUp()
    await look()
    workers.list = [draining]
    await look()
    time.now = 1999
    await look()
    expect(ends).toEqual([])
    time.now = 2000
    await look()
    expect(ends).toMatchObject([{ kind: 'failed', reason: 'no-worker' }])
  })

  it('is counted again when a worker comes back', async () => {
    const { look, ends, time, workers } = await setUp()
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
    ['of a job, which may wait for workers', { waits: true }],
    ['of a pool whose workers start when they are wanted', { startsCold: true }],
  ])('stays there if it is one %s', async (_what, situation) => {
    const { look, ends, time, workers } = await setUp({ hasAlternative: true, ...situation })
    workers.list = []
    await look()
    time.now = 5000
    await look()
    expect(ends).toEqual([])
  })
})

describe('a leg at work', () => {
  it('ends when its worker is not heard of any more and nobody else is left: the later attempt is ours', async () => {
    const { look, ends, workers, cascadeLog, requestId, legId } = await setUp({ begunBy: 'w', hasAlternative: true })
    await look()
    workers.list = []
    await look()
    expect(ends).toMatchObject([{ kind: 'failed', reason: 'no-worker', receipt: { attempt: 2, costNanoUsd: 0 } }])
    const late = { ...ends[0]!, receipt: { ...ends[0]!.receipt, attempt: 1, costNanoUsd: 70 } }
    expect(await cascadeLog.endLeg(legId, 1, late)).toBe('fenced')
    expect((await cascadeLog.read(requestId))?.legs).toMatchObject([{ attempt: 2, end: ends[0], lost: { 1: 70 } }])
  })

  it.each([
    ['its worker drains', { begunBy: 'w', hasAlternative: true }, [draining]],
    ['another worker is there to take it', { begunBy: 'w', hasAlternative: true }, [other]],
    ['its caller has no alternative, and a new worker may take it', { begunBy: 'w' }, []],
    ['it is a job', { begunBy: 'w', hasAlternative: true, waits: true }, []],
  ])('goes on while %s', async (_what, situation, list) => {
    const { look, ends, time, workers } = await setUp(situation)
    workers.list = list
    await look()
    time.now = 10_000
    await look()
    expect(ends).toEqual([])
  })

  it('is left to the router that has taken its cascade', async () => {
    const { look, ends, workers, cascadeLog } = await setUp({ begunBy: 'w', hasAlternative: true })
    await cascadeLog.takeOver({ name: 'r2', leaseUntil: 90_000 }, 70_000, 1)
    workers.list = []
    await look()
    expect(ends).toEqual([])
  })
})
