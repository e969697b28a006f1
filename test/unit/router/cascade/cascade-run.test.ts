import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createPendingLegs } from '#services/router/cascade/leg/pending-legs'
import type { Cascade } from '#services/router/cascade/cascade'
import { createCascadeRun, type CascadeRunDependencies } from '#services/router/cascade/cascade-run'
import type { RunEnd } from '#services/router/cascade/ending'
import type { CascadeEvent, EmitEvent, GuidedLadder } from '#services/router/request/states'
import type { LegEnd, LegState } from '#services/state/cascade-log/cascade-log'
import { legIdOf, parseLegId, type LegId } from '#services/contract/ids'
import type { Rung } from '#services/contract/model'
import type { ReplyMessage } from '#services/state/replies/reply-stream'
import { createUncalibratedPolicy } from '#services/decision/policy/uncalibrated-policy'
import {
  answerOf,
  candidateOf,
  cascadePlan,
  cascadeRequest,
  plannedLeg,
  receiptOf,
  rungOf,
} from '../../../support/builders.ts'
import { FakeCascadeLog } from '../../../support/stores/fake-cascade-log.ts'
import { backlogOf } from '../../../support/worker/worker-state.ts'

/** What each rung does when its leg is queued: a confidence, a failure, or nothing at all. */
type Behaviour = number | 'model-error' | 'bad-input' | 'expired' | 'no-worker' | 'silent'

function rung(name: string): Rung {
  return rungOf({ name, pool: `pool-${name}` })
}

function endOf(behaviour: Exclude<Behaviour, 'silent'>, name: string): LegEnd {
  if (typeof behaviour === 'number') return answerOf(`from ${name}`, behaviour)
  return { kind: 'failed', reason: behaviour, message: behaviour, receipt: receiptOf() }
}

async function setUp(behaviours: Record<string, Behaviour>, options: { deadlineMs?: number; legs?: LegState[] } = {}) {
  const cascadeLog = new FakeCascadeLog()
  const names = Object.keys(behaviours)
  const request = cascadeRequest({ deadlineAt: Date.now() + (options.deadlineMs ?? 5000) })
  const plan = cascadePlan(request.requestId, names)
  const first = plannedLeg({ rung: names[0] ?? '' })
  await cascadeLog.open(request, plan, first, { name: 'r', leaseUntil: Number.MAX_SAFE_INTEGER })
  const guided: GuidedLadder = {
    ladder: { name: 'l', task: 'generate', modalities: ['text'], rungs: names.map(rung) },
    policy: createUncalibratedPolicy({ models: names, acceptRatio: 0.8 }),
  }
  const cascade: Cascade = {
    request,
    plan,
    guided,
    estimate: { difficulty: 0.5, models: {}, features: {} },
    modalities: ['text'],
    epoch: 1,
    legs: options.legs ?? [{ ...first, attempt: 0 }],
    lost: new AbortController().signal,
  }
  const pendingLegs = createPendingLegs(cascadeLog, pino({ level: 'silent' }))
  const queued: string[] = []
  const sent: ReplyMessage[] = []
  const removed: string[] = []
  const answer = async (legId: LegId, model: string): Promise<void> => {
    const behaviour = behaviours[model] ?? 'silent'
    const begun = await cascadeLog.beginLeg(legId, 'w', Date.now())
    if (begun.kind !== 'run' || behaviour === 'silent') return
    const end = endOf(behaviour, model)
    await cascadeLog.endLeg(legId, begun.attempt, end)
    pendingLegs.deliver({ kind: 'leg-ended', legId, attempt: begun.attempt, end })
  }
  const dependencies: CascadeRunDependencies = {
    cascadeLog,
    pendingLegs,
    clock: { now: () => Date.now() },
    replyTo: 'r',
    predictLeg: () => ({}),
    queue: {
      add: async (_pool, job) => {
        queued.push(job.model)
        setImmediate(() => void answer(job.legId, job.model))
      },
      remove: async (_pool, legId) => {
        removed.push(legId)
        return true
      },
      waiting: async () => 0,
      backlog: async () => backlogOf(),
      close: async () => {},
    },
    dispatch: { dispatch: async () => ({ kind: 'refused' }) },
    owner: () => ({ name: 'r', leaseUntil: 0 }),
    replySender: { send: async (_box, message) => void sent.push(message) },
    reevaluate: () => names.map(name => candidateOf(rung(name))),
    observe: () => {},
  }
  return { cascade, dependencies, cascadeLog, queued, sent, removed, pendingLegs }
}

const never = new AbortController().signal

function run(
  cascade: Cascade,
  signal: AbortSignal,
  emit: EmitEvent | undefined,
  dependencies: CascadeRunDependencies,
): Promise<RunEnd> {
  return createCascadeRun(cascade, { signal, emit }, dependencies).finish()
}

describe('a cascade run', () => {
  it('stops at the first accepted rung', async () => {
    const { cascade, dependencies, queued } = await setUp({ small: 0.9, large: 0.99 })
    const ran = await run(cascade, never, undefined, dependencies)
    expect(queued).toEqual(['small'])
    expect(ran).toMatchObject({
      kind: 'ended',
      end: { kind: 'answered', answer: { model: 'small', costNanoUsd: 100 } },
    })
  })

  it('puts no leg in the queue for a cascade that is open and that nobody waits for', async () => {
    const { cascade, dependencies, queued, cascadeLog } = await setUp({ small: 0.9 })
    const ran = await run(cascade, AbortSignal.abort(), undefined, dependencies)
    expect(queued).toEqual([])
    expect(ran).toMatchObject({ kind: 'ended', end: { kind: 'cancelled' } })
    expect((await cascadeLog.read(cascade.request.requestId))?.end).toMatchObject({ kind: 'cancelled' })
  })

  it('tells of a rung that quality asked for and that had no workers', async () => {
    const { cascade, dependencies } = await setUp({ small: 0.1, large: 0.9 })
    const refused: string[] = []
    const ran = await run(cascade, never, undefined, {
      ...dependencies,
      reevaluate: (...given) =>
        dependencies

          .reevaluate(...given)
          .map(one => (one.rung.name === 'large' ? { ...one, removedBy: 'workers', removedWhy: 'none' } : one)),
      refused: ({ rung: missed }) => refused.push(missed.name),
    })
    expect(ran).toMatchObject({ end: { kind: 'answered', answer: { model: 'small', degraded: 'no_capacity' } } })
    expect(refused).toEqual(['large'])
  })

  it('escalates past an answer that is not trusted and reports both rungs', async () => {
    const { cascade, dependencies, cascadeLog } = await setUp({ small: 0.1, large: 0.9 })
    const ran = await run(cascade, never, undefined, dependencies)
    expect(ran).toMatchObject({
      end: {
        answer: {
          model: 'large',
          costNanoUsd: 200,
          usage: { outputTokens: 6 },
          rungs: [
            { model: 'small', verdict: 'escalated' },
            { model: 'large', verdict: 'accepted' },
          ],
        },
      },
    })
    const logged = await cascadeLog.read(cascade.request.requestId)
    expect(logged?.legs[0]?.report?.verdict).toBe('escalated')
    expect(logged?.end?.kind).toBe('answered')
  })

  it('goes on after a rung that failed', async () => {
    const { cascade, dependencies } = await setUp({ small: 'model-error', large: 0.9 })
    const ran = await run(cascade, never, undefined, dependencies)
    expect(ran).toMatchObject({ end: { kind: 'answered', answer: { model: 'large' } } })
  })

  it('does not escalate with input that no rung can read', async () => {
    const { cascade, dependencies, queued } = await setUp({ small: 'bad-input', large: 0.9 })
    const ran = await run(cascade, never, undefined, dependencies)
    expect(queued).toEqual(['small'])
    expect(ran).toMatchObject({ end: { kind: 'failed', code: 'InvalidRequest', dead: false } })
  })

  it('gives the best answer so far, marked degraded, when time is over', async () => {
    const { cascade, dependencies } = await setUp({ small: 0.5, large: 'silent' }, { deadlineMs: 150 })
    const ran = await run(cascade, never, undefined, dependencies)
    expect(ran).toMatchObject({ end: { kind: 'answered', answer: { model: 'small', degraded: 'deadline' } } })
  })

  it('gives the best answer so far when its caller wants it, though the run has more time', async () => {
    const { cascade, dependencies } = await setUp({ small: 0.5, large: 'silent' })
    const hurried = { ...cascade, request: { ...cascade.request, idempotent: true, answerBy: Date.now() + 150 } }
    const ran = await run(hurried, never, undefined, dependencies)
    expect(ran).toMatchObject({ end: { kind: 'answered', answer: { model: 'small', degraded: 'deadline' } } })
    expect(Date.now()).toBeLessThan(cascade.request.deadlineAt - 1000)
  })

  it('goes on without an answer when its caller has run out of time, while the run has more', async () => {
    const { cascade, dependencies, cascadeLog, pendingLegs } = await setUp({ small: 'silent' })
    const late = { ...cascade, request: { ...cascade.request, idempotent: true, answerBy: Date.now() - 1 } }
    const running = run(late, never, undefined, dependencies)
    await new Promise(done => setTimeout(done, 50))
    await cascadeLog.endLeg(legIdOf(cascade.request.requestId, 0), 1, endOf(0.95, 'small'))
    await pendingLegs.reconcile()
    expect(await running).toMatchObject({ end: { kind: 'answered', answer: { model: 'small' } } })
  })

  it('gives the best answer so far when a later rung came too late to be begun', async () => {
    const { cascade, dependencies } = await setUp({ small: 0.5, large: 'expired' })
    const ran = await run(cascade, never, undefined, dependencies)
    expect(ran).toMatchObject({ end: { kind: 'answered', answer: { model: 'small', degraded: 'deadline' } } })
  })

  it('goes on after a rung that had to leave time for another, and says so where that is a lower one', async () => {
    const up = await setUp({ small: 'expired', large: 0.9 })
    const above = await run(up.cascade, never, undefined, up.dependencies)
    expect(above).toMatchObject({ end: { kind: 'answered', answer: { model: 'large' } } })
    expect(above).not.toHaveProperty('end.answer.degraded')
    const down = await setUp(
      { small: 0.9, large: 'expired' },
      { legs: [{ index: 0, rung: 'large', pool: 'large', plannedAt: 0, attempt: 0 }] },
    )
    const below = await run(down.cascade, never, undefined, down.dependencies)
    expect(below).toMatchObject({ end: { kind: 'answered', answer: { model: 'small', degraded: 'deadline' } } })
    const lost = await setUp(
      { small: 0.9, large: 'no-worker' },
      { legs: [{ index: 0, rung: 'large', pool: 'large', plannedAt: 0, attempt: 0 }] },
    )
    const without = await run(lost.cascade, never, undefined, lost.dependencies)
    expect(without).toMatchObject({ end: { kind: 'answered', answer: { model: 'small', degraded: 'no_capacity' } } })
    const alone = await setUp({ small: 'expired' })
    const ended = await run(alone.cascade, never, undefined, alone.dependencies)
    expect(ended).toMatchObject({ end: { kind: 'failed', code: 'Deadline' } })
  })

  it('ends in Deadline when time is over before any answer', async () => {
    const { cascade, dependencies } = await setUp({ small: 'silent' }, { deadlineMs: 80 })
    const ran = await run(cascade, never, undefined, dependencies)
    expect(ran).toMatchObject({ end: { kind: 'failed', code: 'Deadline' } })
  })

  it('tells the worker to stop when the caller leaves', async () => {
    const { cascade, dependencies, sent, cascadeLog } = await setUp({ small: 'silent' })
    const leaving = new AbortController()
    setTimeout(() => leaving.abort(), 30)
    const ran = await run(cascade, leaving.signal, undefined, dependencies)
    expect(ran).toMatchObject({ end: { kind: 'cancelled' } })
    expect(sent).toMatchObject([{ kind: 'cancel', legId: legIdOf(cascade.request.requestId, 0) }])
    expect((await cascadeLog.read(cascade.request.requestId))?.cancelled).toBe(true)
  })

  describe('of a leg that is slow', () => {
    const hedged = async (hedgedEnds: LegEnd, ownEnds?: LegEnd) => {
      const set = await setUp({ small: 'silent' }, { deadlineMs: 3000 })
      const { cascade, dependencies, pendingLegs, cascadeLog } = set
      const ownId = legIdOf(cascade.request.requestId, 0)
      const hedgedId = legIdOf(cascade.request.requestId, 500)
      const ends = async (legId: LegId, end: LegEnd): Promise<void> => {
        await cascadeLog.endLeg(legId, 1, end)
        pendingLegs.deliver({ kind: 'leg-ended', legId, attempt: 1, end })
      }
      const begins = async (legId: LegId, workerId: string): Promise<void> => {
        await cascadeLog.beginLeg(legId, workerId, Date.now())
        pendingLegs.deliver({ kind: 'leg-started', legId, attempt: 1, workerId })
      }
      const queue = {
        ...dependencies.queue,
        add: async (_pool: string, { legId }: { legId: LegId }) => {
          set.queued.push(legId)
          // The leg ends only once its hedged attempt is at work, and the attempt after it, however slow the machine
          // is.
          const take = async (): Promise<void> => {
            await begins(legId, legId === ownId ? 'w1' : 'w2')
            if (legId !== hedgedId) return
            if (ownEnds !== undefined) await ends(ownId, ownEnds)
            await ends(hedgedId, hedgedEnds)
          }
          setImmediate(() => void take())
        },
      }
      const hedging = { afterMs: () => 10, take: () => true, ran: () => {} }
      const ran = await run(cascade, never, undefined, { ...dependencies, queue, hedging })
      return { ...set, ran, ownId, hedgedId }
    }

    it('takes the answer of its hedged attempt, calls the slow one off, and leaves the account to the log', async () => {
      const { ran, sent, ownId, hedgedId, queued, cascadeLog, cascade } = await hedged(endOf(0.9, 'small'))
      expect(queued).toEqual([ownId, hedgedId])
      expect(ran).toMatchObject({ end: { kind: 'answered', answer: { model: 'small' } } })
      expect(sent).toEqual([{ kind: 'cancel', legId: ownId }])
      const legs = ran.kind === 'ended' ? ran.legs : []
      expect(legs.map(leg => [leg.index, leg.purpose, leg.end?.kind])).toEqual([
        [0, undefined, 'done'],
        [500, 'hedge', undefined],
      ])
      expect((await cascadeLog.read(cascade.request.requestId))?.legs.filter(Boolean)).toHaveLength(2)
    })

    it('takes the hedged attempt’s answer when the leg itself fails, and fails when both do', async () => {
      const one = await hedged(endOf(0.9, 'small'), endOf('model-error', 'small'))
      expect(one.ran).toMatchObject({ end: { kind: 'answered' } })
      const both = await hedged(endOf('model-error', 'small'), endOf('model-error', 'small'))
      expect(both.ran).toMatchObject({ end: { kind: 'failed', code: 'LadderFailed' } })
    })
  })

  it('goes on at rung two of a cascade whose router died, without running rung one again', async () => {
    const set = await setUp({ small: 0.1, large: 0.9 })
    const end = endOf(0.1, 'small')
    const legId = legIdOf(set.cascade.request.requestId, 0)
    await set.cascadeLog.beginLeg(legId, 'w', 0)
    await set.cascadeLog.endLeg(legId, 1, end)
    const [taken] = await set.cascadeLog.takeOver({ name: 'r2', leaseUntil: 0 }, Number.MAX_SAFE_INTEGER, 1)
    const cascade = { ...set.cascade, epoch: taken?.epoch ?? 0, legs: taken?.legs ?? [] }
    const ran = await run(cascade, never, undefined, set.dependencies)
    expect(set.queued).toEqual(['large'])
    expect(ran).toMatchObject({ end: { answer: { model: 'large', costNanoUsd: 200 } } })
  })

  it('does not call a rung again that failed before its router died, though the answer before it asked for that rung', async () => {
    const set = await setUp({ small: 0.1, large: 0.9, huge: 0.95 })
    const legs: LegState[] = [
      { index: 0, rung: 'small', pool: 'pool-small', plannedAt: 0, attempt: 1, end: endOf(0.1, 'small') },
      { index: 1, rung: 'large', pool: 'pool-large', plannedAt: 0, attempt: 1, end: endOf('model-error', 'large') },
    ]
    for (const leg of legs) await set.cascadeLog.planLeg(set.cascade.request.requestId, leg, 1)
    const ran = await run({ ...set.cascade, legs }, never, undefined, set.dependencies)
    expect(set.queued).toEqual(['huge'])
    expect(ran).toMatchObject({ end: { answer: { model: 'huge' } } })
  })

  it('writes the end of an answer that nobody can come back for when the caller has it', async () => {
    const { cascade, dependencies, cascadeLog } = await setUp({ small: 0.9 })
    const left: (() => Promise<unknown>)[] = []
    const ran = await run(cascade, never, undefined, { ...dependencies, afterwards: work => left.push(work) })
    expect(ran).toMatchObject({ end: { kind: 'answered' } })
    expect((await cascadeLog.read(cascade.request.requestId))?.end).toBeUndefined()
    for (const work of left) await work()
    expect((await cascadeLog.read(cascade.request.requestId))?.end).toMatchObject({ kind: 'answered' })
  })

  it('writes the end first of an answer that somebody may come back for', async () => {
    const { cascade, dependencies, cascadeLog } = await setUp({ small: 0.9 })
    const kept = { ...cascade, request: { ...cascade.request, idempotent: true } }
    await run(kept, never, undefined, { ...dependencies, afterwards: () => {} })
    expect((await cascadeLog.read(cascade.request.requestId))?.end).toMatchObject({ kind: 'answered' })
  })

  it('stops quietly when another router has taken the cascade', async () => {
    const { cascade, dependencies, cascadeLog } = await setUp({ small: 0.1, large: 0.9 })
    await cascadeLog.takeOver({ name: 'r2', leaseUntil: 0 }, Number.MAX_SAFE_INTEGER, 1)
    expect(await run(cascade, never, undefined, dependencies)).toEqual({ kind: 'lost' })
  })

  it('finds the end of a leg in the log when its message was lost', async () => {
    const { cascade, dependencies, cascadeLog, pendingLegs } = await setUp({ small: 'silent' })
    const running = run(cascade, never, undefined, dependencies)
    await new Promise(done => setTimeout(done, 20))
    const legId = legIdOf(cascade.request.requestId, 0)
    expect(parseLegId(legId)?.index).toBe(0)
    await cascadeLog.endLeg(legId, 1, endOf(0.95, 'small'))
    await pendingLegs.reconcile()
    expect(await running).toMatchObject({ end: { answer: { model: 'small' } } })
  })

  it('tells a watching caller what happens, its text once, from the final rung only', async () => {
    const { cascade, dependencies } = await setUp({ small: 0.1, large: 0.9 })
    const events: CascadeEvent[] = []
    await run(cascade, never, async event => void events.push(event), dependencies)
    expect(events.map(event => event.kind)).toEqual([
      'rung-started',
      'rung-finished',
      'rung-started',
      'delta',
      'rung-finished',
    ])
  })

  it('keeps to a model whose text was shown optimistically, whatever is thought of it', async () => {
    const set = await setUp({ small: 0.1, large: 0.9 })
    const ladder = { ...set.cascade.guided.ladder, streaming: 'optimistic' } as const
    const cascade = { ...set.cascade, guided: { ...set.cascade.guided, ladder } }
    const events: CascadeEvent[] = []
    const ran = await run(cascade, never, async event => void events.push(event), set.dependencies)
    expect(set.queued).toEqual(['small'])
    expect(ran).toMatchObject({ end: { kind: 'answered', answer: { model: 'small' } } })
    expect(events).toContainEqual({ kind: 'delta', model: 'small', text: 'from small', optimistic: true })
  })
})
