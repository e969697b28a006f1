import { beforeEach, describe, expect, it } from 'vitest'
import { createOriginals, type Originals } from '#services/router/reserve/originals'
import type { Admitted } from '#services/router/request/states'
import { createRequestId, type RequestId } from '#services/contract/ids'
import type { CascadeEnd, CascadeRequest } from '#services/state/cascade-log/cascade-log'
import { isTakenOver } from '#services/state/cascade-log/idempotency'
import { FakeCascadeLog } from '../../../support/stores/fake-cascade-log.ts'
import { finishedWith } from '../../../support/gateways/rpc-gateway.ts'

let log: FakeCascadeLog
let nowMs: number
let originals: Originals
/** What happens while a duplicate waits. */
let meanwhile: () => Promise<unknown>
const staying = new AbortController().signal

beforeEach(() => {
  log = new FakeCascadeLog()
  nowMs = 1000
  meanwhile = async () => {}
  const sleep = async (ms: number): Promise<void> => {
    nowMs += ms
    await meanwhile()
  }
  originals = createOriginals({ cascadeLog: log, clock: { now: () => nowMs }, sleep })
})

function admitted(text = 'the same', mode: 'sync' | 'async' = 'sync'): Admitted {
  return {
    requestId: createRequestId(nowMs),
    caller: { tenant: 'acme', credentialId: 'k', scopes: ['infer'] },
    request: {
      task: 'generate',
      options: {},
      parts: [],
      constraints: { priority: 'normal' },
      labels: {},
      idempotencyKey: 'key',
    },
    parts: [{ kind: 'text', text }],
    modalities: ['text'],
    mode,
    submittedAt: nowMs,
    deadlineAt: nowMs + 10_000,
  }
}

async function openRun({ requestId, mode }: Admitted): Promise<void> {
  const { request, plan } = finishedWith('an answer')
  const own: CascadeRequest = { ...request, requestId, mode, idempotent: true }
  const leg = { index: 0, rung: 'small', pool: 'small', plannedAt: nowMs }
  await log.open(own, plan, leg, { name: 'router', leaseUntil: nowMs + 3000 })
}

const endRun = (requestId: RequestId, end: CascadeEnd): Promise<boolean> => log.finish(requestId, end, 1, nowMs)
const failed = (code: (CascadeEnd & { kind: 'failed' })['code']): CascadeEnd => ({
  kind: 'failed',
  code,
  message: 'no',
  rungs: [],
  dead: false,
})
const { end: answered } = finishedWith('an answer')

describe('an idempotency key', () => {
  it.each([
    ['answered', answered, 'kept', false],
    ['refused for its content', failed('InvalidRequest'), 'kept', false],
    ['cancelled', { kind: 'cancelled', rungs: [] }, 'freed', true],
    ['late', failed('Deadline'), 'freed', true],
    ['not served for want of workers', failed('Overloaded'), 'freed', false],
    ['failed on every rung', failed('LadderFailed'), 'freed', false],
    ['without a model', failed('NoModel'), 'freed', false],
  ] as const)('of a run that was %s', async (_name, end, outcome, takenOver) => {
    const first = admitted()
    expect(await originals.find(first, staying)).toBeUndefined()
    await openRun(first)
    await endRun(first.requestId, end)
    expect(await originals.find(admitted(), staying)).toBe(outcome === 'kept' ? first.requestId : undefined)
    expect(isTakenOver(end)).toBe(takenOver)
  })

  it('of a run that goes on belongs to that, and to its content', async () => {
    const first = admitted()
    await originals.find(first, staying)
    await openRun(first)
    expect(await originals.find(admitted(), staying)).toBe(first.requestId)
    await expect(originals.find(admitted('other'), staying)).rejects.toMatchObject({ code: 'AlreadyExists' })
  })

  it('that is free again may come with other content', async () => {
    const first = admitted()
    await originals.find(first, staying)
    await openRun(first)
    await endRun(first.requestId, { kind: 'cancelled', rungs: [] })
    expect(await originals.find(admitted('other'), staying)).toBeUndefined()
  })

  it('of a job stays with the first job, however that ended', async () => {
    const first = admitted('a job', 'async')
    await originals.find(first, staying)
    await openRun(first)
    await endRun(first.requestId, { kind: 'cancelled', rungs: [] })
    expect(await originals.find(admitted('a job', 'async'), staying)).toBe(first.requestId)
  })

  it('goes to who waits as soon as the first call lets go of it', async () => {
    const first = admitted()
    await originals.find(first, staying)
    meanwhile = () => originals.release(first)
    const startedAt = nowMs
    expect(await originals.find(admitted(), staying)).toBeUndefined()
    expect(nowMs - startedAt).toBeLessThan(100)
  })

  it('stays with a run that is open though its call heard of a failure', async () => {
    const first = admitted()
    await originals.find(first, staying)
    // The store has opened it, and its reply was lost.
    await openRun(first)
    await originals.release(first)
    expect(await originals.find(admitted(), staying)).toBe(first.requestId)
  })

  it('of a job that was opened and cancelled before it was accepted is free', async () => {
    const first = admitted('a job', 'async')
    await originals.find(first, staying)
    await openRun(first)
    await endRun(first.requestId, { kind: 'cancelled', rungs: [] })
    await originals.release(first)
    expect(await originals.find(admitted('a job', 'async'), staying)).toBeUndefined()
  })

  it('of a run that never opens is taken, and that run can never open', async () => {
    const first = admitted()
    await originals.find(first, staying)
    expect(await originals.find(admitted(), staying)).toBeUndefined()
    expect(log.forbidden).toContain(first.requestId)
  })

  it('is not waited for by a caller who has left', async () => {
    const first = admitted()
    await originals.find(first, staying)
    const leaving = new AbortController()
    meanwhile = async () => leaving.abort()
    await expect(originals.find(admitted(), leaving.signal)).rejects.toMatchObject({ code: 'Cancelled' })
  })
})
