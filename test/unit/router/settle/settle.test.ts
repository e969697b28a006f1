import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { OpenHold, Ledger, Settlement } from '#services/state/ledger/ledger'
import { holdLeaseUntil } from '#services/router/ledger/hold-lease'
import { createSettler } from '#services/router/settle/settle'
import type { Reserved, Finished } from '#services/router/request/states'
import type { CascadePlan, CascadeRequest, LegEnd } from '#services/state/cascade-log/cascade-log'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { noWork } from '#services/state/service-times/workload'
import { FakeCascadeLog } from '../../../support/stores/fake-cascade-log.ts'

const requestId = createRequestId(1)
const request: CascadeRequest = {
  requestId,
  tenant: 't',
  mode: 'sync',
  idempotent: false,
  task: 'ocr',
  options: {},
  parts: [],
  work: noWork,
  constraints: { priority: 'normal' },
  labels: {},
  submittedAt: 0,
  deadlineAt: 10_000,
}
const plan: CascadePlan = {
  ladder: 'l',
  policyVersion: 'v',
  estimate: {},
  rungs: [{ name: 'small', reserveNanoUsd: 500 }],
  holdId: requestId,
  heldNanoUsd: 500,
}
const reserved = { requestId, holdId: requestId } as unknown as Reserved
const end: LegEnd = {
  kind: 'failed',
  reason: 'cancelled',
  message: '',
  receipt: { usage: {}, costNanoUsd: 70, workerId: 'w', attempt: 1, startedAt: 0, endedAt: 1 },
}

const logger = pino({ level: 'silent' })

async function setUp(begin: boolean) {
  let nowMs = 0
  const settled: (readonly [string, number])[] = []
  const settlements: Settlement[] = []
  const expired: OpenHold[] = []
  const ledger: Ledger = {
    reserve: async () => ({ kind: 'held', offer: 0, shadowed: [] }),
    settle: async (holdId, settlement) => {
      settled.push([holdId, settlement.spent.tenant ?? 0])
      settlements.push(settlement)
      const at = expired.findIndex(hold => hold.holdId === holdId)
      if (at >= 0) expired.splice(at, 1)
      return { first: true, overrunNanoUsd: 0 }
    },
    balances: async () => [],
    allowances: async () => [],
    expired: async () => [...expired],
    openHolds: async () => [...expired],
    extend: async () => true,
  }
  const cascadeLog = new FakeCascadeLog()
  await cascadeLog.open(
    request,
    plan,
    { index: 0, rung: 'small', pool: 'p', plannedAt: 0 },
    { name: 'r', leaseUntil: 9e15 },
  )
  if (begin) await cascadeLog.beginLeg(legIdOf(requestId, 0), 'w', 0)
  const settler = createSettler({ ledger, cascadeLog, clock: { now: () => nowMs }, logger, observe: () => {} })
  return { settler, settled, settlements, expired, cascadeLog, turn: (ms: number) => (nowMs = ms) }
}

describe('createSettler()', () => {
  it('settles at once by receipts when every leg has one', async () => {
    const { settler, settled } = await setUp(true)
    const leg = { index: 0, rung: 'small', pool: 'p', plannedAt: 0, attempt: 1, end }
    await settler.settle(reserved, { requestId, plan, legs: [leg] } as unknown as Finished)
    expect(settled).toEqual([[requestId, 70]])
  })

  it('frees the whole hold of a request that was never opened', async () => {
    const { settler, settled, cascadeLog } = await setUp(false)
    cascadeLog.cascades.clear()
    await settler.settle(reserved, undefined)
    expect(settled).toEqual([[requestId, 0]])
  })

  it('waits for the receipt of a leg that still runs', async () => {
    const { settler, settled, cascadeLog, turn } = await setUp(true)
    await cascadeLog.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1000)
    turn(1000)
    await settler.settle(reserved, undefined)
    expect(settled).toEqual([])
    await cascadeLog.endLeg(legIdOf(requestId, 0), 1, end)
    await settler.reap()
    expect(settled).toEqual([[requestId, 70]])
  })

  it('charges the deployment, not the tenant, the reserve of a leg that began and left no receipt', async () => {
    const { settler, settled, settlements, cascadeLog, turn } = await setUp(true)
    await cascadeLog.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1000)
    turn(1000)
    await settler.settle(reserved, undefined)
    turn(7000)
    await settler.reap()
    expect(settled).toEqual([[requestId, 0]])
    expect(settlements).toMatchObject([
      { spent: { tenant: 0, deployment: 0 }, lostNanoUsd: 500, estimatedNanoUsd: 500 },
    ])
  })

  it('charges the tenant the other legs of a call whose last leg was lost, and no attempt of that leg', async () => {
    const { settler, settlements, cascadeLog, turn } = await setUp(true)
    await cascadeLog.endLeg(legIdOf(requestId, 0), 1, end)
    await cascadeLog.planLeg(requestId, { index: 1, rung: 'small', pool: 'p', plannedAt: 0 }, 1)
    for (const worker of ['w', 'w2']) await cascadeLog.beginLeg(legIdOf(requestId, 1), worker, 0)
    await cascadeLog.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1000)
    turn(7000)
    await settler.settle(reserved, undefined)
    expect(settlements).toMatchObject([
      { spent: { tenant: 70, deployment: 70, 'pool:p': 70 }, lostNanoUsd: 1000, estimatedNanoUsd: 1000 },
    ])
  })

  it('charges the tenant the receipt that a leg in force left beside it', async () => {
    const { settler, settlements, cascadeLog, turn } = await setUp(true)
    await cascadeLog.leaveReceipt(legIdOf(requestId, 0), 1, 40)
    await cascadeLog.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1000)
    turn(7000)
    await settler.settle(reserved, undefined)
    expect(settlements).toMatchObject([{ spent: { tenant: 40, deployment: 40 }, lostNanoUsd: 0, estimatedNanoUsd: 0 }])
  })

  it('settles the others where one record cannot be read, and that one by its hold when it counts as forgotten', async () => {
    const { settler, settled, settlements, expired, cascadeLog, turn } = await setUp(true)
    const broken = createRequestId(2)
    const read = cascadeLog.read.bind(cascadeLog)
    cascadeLog.read = async id => {
      if (id === broken) throw new SyntaxError('no JSON')
      return read(id)
    }
    await cascadeLog.endLeg(legIdOf(requestId, 0), 1, end)
    await cascadeLog.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1000)
    await settler.settle({ requestId: broken, holdId: broken }, undefined)
    for (const holdId of [broken, requestId]) {
      expired.push({ holdId, leaseUntil: 0, held: { tenant: 500, deployment: 500 } })
    }
    turn(20_000)
    expect(await settler.reap()).toBe(1)
    expect(settled).toEqual([[requestId, 70]])
    turn(600_000)
    expect(await settler.reap()).toBe(1)
    expect(settled).toEqual([
      [requestId, 70],
      [broken, 0],
    ])
    expect(settlements.at(-1)).toMatchObject({ spent: {}, lostNanoUsd: 500 })
  })

  it('leaves the hold of a cascade that goes on, though its lease is over', async () => {
    const { settler, settled, expired, turn } = await setUp(true)
    expired.push({ holdId: requestId, leaseUntil: 0, held: { tenant: 500 } })
    turn(20_000)
    expect(await settler.reap()).toBe(0)
    expect(settled).toEqual([])
  })

  it('charges attempts that lost their leg to the deployment, by receipt or by reserve, never to the tenant', async () => {
    const { settler, settlements, cascadeLog } = await setUp(true)
    const legId = legIdOf(requestId, 0)
    await cascadeLog.leaveReceipt(legId, 1, 40)
    await cascadeLog.beginLeg(legId, 'w2', 0)
    await cascadeLog.beginLeg(legId, 'w3', 0)
    await cascadeLog.endLeg(legId, 3, { ...end, receipt: { ...end.receipt, attempt: 3 } })
    await cascadeLog.finish(requestId, { kind: 'cancelled', rungs: [] }, 1, 1000)
    const leg = { index: 0, rung: 'small', pool: 'p', plannedAt: 0, attempt: 0 }
    const seen = { ...leg, end: { ...end, receipt: { ...end.receipt, attempt: 3 } } }
    await settler.settle(reserved, { requestId, plan, legs: [seen] } as unknown as Finished)
    expect(settlements).toMatchObject([
      { spent: { tenant: 70, deployment: 70, 'pool:p': 70 }, lostNanoUsd: 540, estimatedNanoUsd: 500 },
    ])
  })

  it('forbids a cascade that never opened before it frees the money', async () => {
    const { settler, settled, cascadeLog } = await setUp(false)
    cascadeLog.cascades.clear()
    await settler.settle(reserved, undefined)
    expect(settled).toEqual([[requestId, 0]])
    const leg = { index: 0, rung: 'small', pool: 'p', plannedAt: 0 }
    expect(await cascadeLog.open(request, plan, leg, { name: 'r', leaseUntil: 9e15 })).toBe(false)
  })

  it('charges the whole hold to the deployment when the log has forgotten what it was used for', async () => {
    const { settler, settled, settlements, expired, cascadeLog, turn } = await setUp(true)
    cascadeLog.cascades.clear()
    expired.push({ holdId: requestId, leaseUntil: 0, held: { tenant: 500, deployment: 500 } })
    turn(600_000)
    expect(await settler.reap()).toBe(1)
    expect(settled).toEqual([[requestId, 0]])
    expect(settlements).toEqual([{ spent: {}, lostNanoUsd: 500, estimatedNanoUsd: 500 }])
  })
})

describe('holdLeaseUntil()', () => {
  it.each([
    ['a short request: soon after its deadline', 5000, 15_000],
    ['a job of ten minutes, which may end long before: half a minute from now', 600_000, 30_000],
    ['a deadline that is past: from now on', -5000, 10_000],
  ])('%s', (_name, deadlineAt, at) => {
    expect(holdLeaseUntil(0, deadlineAt, 10_000)).toBe(at)
  })
})
