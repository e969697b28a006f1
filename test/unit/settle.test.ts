import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../services/router/ledger/ledger.ts'
import { createSettler } from '../../services/router/settle/settle.ts'
import type { Claimed, Climbed } from '../../services/router/states.ts'
import type { ClimbPlan, ClimbRequest, LegEnd } from '../../services/shared/climb/climb-log.ts'
import { createRequestId, legIdOf } from '../../services/shared/contract/ids.ts'
import { FakeClimbLog } from '../support/fake-climb-log.ts'

const requestId = createRequestId(1)
const request: ClimbRequest = {
  requestId,
  tenant: 't',
  mode: 'sync',
  idempotent: false,
  task: 'read',
  options: {},
  parts: [],
  constraints: { priority: 'normal' },
  labels: {},
  submittedAt: 0,
  deadlineAt: 10_000,
}
const plan: ClimbPlan = {
  ladder: 'l',
  policyVersion: 'v',
  estimate: {},
  rungs: [{ name: 'small', reserveNanoUsd: 500 }],
  holdId: requestId,
  heldNanoUsd: 500,
}
const claimed = { requestId, holdId: requestId } as unknown as Claimed
const end: LegEnd = {
  kind: 'failed',
  reason: 'cancelled',
  message: '',
  receipt: { usage: {}, costNanoUsd: 70, workerId: 'w', attempt: 1, startedAt: 0, endedAt: 1 },
}

async function setUp(begin: boolean) {
  let nowMs = 0
  const settled: (readonly [string, number])[] = []
  const expired: string[] = []
  const ledger: Ledger = {
    reserve: async () => ({ kind: 'held' }),
    settle: async (holdId, spent) => {
      settled.push([holdId, spent])
      return true
    },
    balances: async () => [],
    expired: async () => expired,
    extend: async () => true,
  }
  const climbLog = new FakeClimbLog()
  await climbLog.open(
    request,
    plan,
    { index: 0, rung: 'small', pool: 'p', plannedAt: 0 },
    { name: 'r', leaseUntil: 9e15 },
  )
  if (begin) await climbLog.beginLeg(legIdOf(requestId, 0), 'w', 0)
  const settler = createSettler({ ledger, climbLog, clock: { now: () => nowMs }, logger: pino({ level: 'silent' }) })
  return { settler, settled, expired, climbLog, turn: (ms: number) => (nowMs = ms) }
}

describe('createSettler()', () => {
  it('settles at once by receipts when every leg has one', async () => {
    const { settler, settled } = await setUp(true)
    const leg = { index: 0, rung: 'small', pool: 'p', plannedAt: 0, attempt: 1, end }
    await settler.settle(claimed, { requestId, legs: [leg] } as unknown as Climbed)
    expect(settled).toEqual([[requestId, 70]])
  })

  it('frees the whole hold of a request that was never opened', async () => {
    const { settler, settled, climbLog } = await setUp(false)
    climbLog.climbs.clear()
    await settler.settle(claimed, undefined)
    expect(settled).toEqual([[requestId, 0]])
  })

  it('waits for the receipt of a leg that still runs', async () => {
    const { settler, settled, climbLog, turn } = await setUp(true)
    await climbLog.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1000)
    turn(1000)
    await settler.settle(claimed, undefined)
    expect(settled).toEqual([])
    await climbLog.endLeg(legIdOf(requestId, 0), 1, end)
    await settler.reap()
    expect(settled).toEqual([[requestId, 70]])
  })

  it('bills what was reserved for a leg that began and left no receipt', async () => {
    const { settler, settled, climbLog, turn } = await setUp(true)
    await climbLog.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1000)
    turn(1000)
    await settler.settle(claimed, undefined)
    turn(7000)
    await settler.reap()
    expect(settled).toEqual([[requestId, 500]])
  })

  it('leaves the hold of a climb that goes on, though its lease is over', async () => {
    const { settler, settled, expired, turn } = await setUp(true)
    expired.push(requestId)
    turn(20_000)
    expect(await settler.reap()).toBe(0)
    expect(settled).toEqual([])
  })
})
