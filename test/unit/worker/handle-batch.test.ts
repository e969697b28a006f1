import { pino } from 'pino'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import type { BeginLeg, CascadeLog, LegEnd } from '#services/state/cascade-log/cascade-log'
import { GatewayError } from '#services/contract/errors'
import type { LegId } from '#services/contract/ids'
import type { ReplyMessage } from '#services/state/replies/reply-stream'
import type { Job } from '#services/state/queue/job'
import type { TakenJob } from '#services/state/queue/pool-queue'
import type { Place } from '#services/worker/engine/places'
import { handleBatch, type BatchDependencies } from '#services/worker/handle-batch'
import { createWorkerMetrics } from '#services/worker/telemetry/worker-metrics'
import { noWork } from '#services/state/service-times/workload'
import { createOpenLegs } from '#services/worker/report/open-legs'
import type { Outcome, Work } from '#services/backends/work'
import type { Engine, RunHooks } from '#services/worker/states'

const done: Outcome = {
  kind: 'done',
  result: { output: { kind: 'text', text: 'yes' }, rawConfidence: 0.9, signals: {}, usage: { computeMs: 2000 } },
}

/** A worker's surroundings that write down, in order, what is done to them. */
function setUp(
  begins: Readonly<Record<string, BeginLeg>> = {},
  run: (batch: readonly Work[], hooks: RunHooks) => Promise<readonly Outcome[]> = batch =>
    Promise.resolve(batch.map(() => done)),
) {
  const steps: string[] = []
  const ends: Record<string, LegEnd> = {}
  const failures: Record<string, number> = {}
  /** Fails a step as often as was asked, as when Redis is away. */
  const step = (name: string): void => {
    const left = failures[name] ?? 0
    if (left > 0) {
      failures[name] = left - 1
      throw new GatewayError('Overloaded', 'Redis is away')
    }
    steps.push(name)
  }
  const now = { ms: 1000 }
  const clock = { now: () => now.ms }
  const sleep = (ms: number): Promise<void> => {
    now.ms += ms
    return Promise.resolve()
  }
  const cascadeLog: Pick<CascadeLog, 'beginLeg' | 'endLeg' | 'leaveReceipt'> = {
    beginLeg: async legId => {
      step(`begin ${legId}`)
      return begins[legId] ?? { kind: 'run', attempt: 1 }
    },
    endLeg: async (legId, attempt, end) => {
      step(`end ${legId} ${attempt}`)
      ends[legId] = end
      return 'recorded'
    },
    leaveReceipt: async (legId, attempt) => step(`leave ${legId} ${attempt}`),
  }
  const replySender = {
    send: async (_box: string, one: ReplyMessage) => step(`reply ${one.kind} ${one.legId}`),
  }
  const engine: Engine = {
    models: ['echo'],
    takers: ['echo'],
    maxBatch: () => 8,
    run,
    isBusy: () => false,
    isParallel: () => true,
    engineQueue: () => undefined,
    memory: () => [],
    close: () => Promise.resolve(),
  }
  const openLegs = createOpenLegs(replySender, sleep)
  const dependencies: BatchDependencies = {
    // The calls that a worker makes.
    cascadeLog: cascadeLog as CascadeLog,
    replySender,
    clock,
    sleep,
    engine,
    openLegs,
    logger: pino({ enabled: false }),
    workerId: 'worker-1',
    metrics: createWorkerMetrics(new Registry(), () => openLegs.size),
    pictureTtlMs: 1000,
    payloads: {
      put: () => Promise.reject(new Error('a worker puts nothing')),
      get: async (_tenant, payloadId) => {
        step(`load ${payloadId}`)
        return payloadId === 'gone' ? undefined : new Uint8Array([1])
      },
      remove: () => Promise.resolve(),
      keep: () => Promise.resolve(),
    },
  }
  const take = (id: string, changes: Partial<Job> = {}): TakenJob => {
    const job: Job = {
      version: 1,
      legId: id as LegId,
      tenant: 'acme',
      model: 'echo',
      rung: 'echo',
      work: noWork,
      recipe: {},
      task: 'generate',
      options: {},
      parts: [{ kind: 'text', text: 'hello' }],
      deadlineAt: 60_000,
      priority: 1,
      replyTo: 'router-1',
      streaming: false,
      price: { perComputeSecond: 100 },
      reserveNanoUsd: 1000,
      enqueuedAt: 500,
      ...changes,
    }
    let over = false
    const letGo = (how: string) => async (): Promise<void> => {
      if (!over) steps.push(`${how} ${id}`)
      over = true
    }
    return { job, lost: new AbortController().signal, done: letGo('done'), giveBack: letGo('give back') }
  }
  return { steps, ends, failures, dependencies, take, openLegs, now }
}

const place: Place = { lend() {}, reclaim() {}, leave() {} }

describe('handleBatch()', () => {
  it('tells the router who has a leg that takes a while', async () => {
    const slow = async (batch: readonly Work[]): Promise<readonly Outcome[]> => {
      await new Promise(resolve => setTimeout(resolve, 50))
      return batch.map(() => done)
    }
    const { steps, dependencies, take } = setUp({}, slow)
    await handleBatch([take('a.0')], place, dependencies)
    expect(steps).toEqual(['begin a.0', 'reply leg-started a.0', 'end a.0 1', 'reply leg-ended a.0', 'done a.0'])
  })

  it('begins, runs, logs, replies and releases, in this order', async () => {
    const { steps, ends, dependencies, take, openLegs } = setUp()
    await handleBatch([take('a.0')], place, dependencies)
    expect(steps).toEqual(['begin a.0', 'end a.0 1', 'reply leg-ended a.0', 'done a.0'])
    expect(ends['a.0']).toMatchObject({ kind: 'done', receipt: { costNanoUsd: 200, attempt: 1, workerId: 'worker-1' } })
    expect(openLegs.size).toBe(0)
  })

  it('learns what a leg takes without the queue of its engine', async () => {
    const { dependencies, take, now } = setUp({}, async works => {
      now.ms += 400
      return works.map(() => done)
    })
    const { engine } = dependencies
    // Three calls wait where one is worked on: a quarter of what a call takes is its own.
    await handleBatch([take('a.0')], place, {
      ...dependencies,
      engine: { ...engine, engineQueue: () => ({ waiting: 3, running: 1 }) },
    })
    expect(dependencies.metrics.times()['echo']?.meanMs).toBeCloseTo(100, 3)
  })

  it('runs neither the expired nor the cancelled, and tells their routers', async () => {
    const ran: string[] = []
    const { steps, dependencies, take } = setUp({ 'a.0': { kind: 'expired' }, 'b.0': { kind: 'cancelled' } }, batch => {
      ran.push(...batch.map(work => work.legId))
      return Promise.resolve(batch.map(() => done))
    })
    await handleBatch([take('a.0'), take('b.0'), take('c.0')], place, dependencies)
    expect(ran).toEqual(['c.0'])
    expect(steps).toContain('reply leg-ended a.0')
    expect(steps).toContain('done b.0')
    expect(steps.filter(one => one.startsWith('end'))).toEqual(['end c.0 1'])
  })

  it('does not run a leg whose time was over when the reply came that began it, and ends it by its attempt', async () => {
    const ran: string[] = []
    const { ends, steps, dependencies, take, now } = setUp({}, async batch => {
      ran.push(...batch.map(work => work.legId))
      return batch.map(() => done)
    })
    now.ms = 60_000
    await handleBatch([{ ...take('a.0'), begun: { word: 'run', attempt: 2, at: 60_000 } }], place, dependencies)
    expect(ran).toEqual([])
    expect(ends['a.0']).toMatchObject({ kind: 'failed', reason: 'expired', receipt: { attempt: 2, costNanoUsd: 0 } })
    expect(steps).toContain('done a.0')
  })

  it('replies with the end of a leg that ended before, and does not run it again', async () => {
    const { steps, dependencies, take } = setUp({ 'a.0': { kind: 'ended', attempt: 2 } })
    await handleBatch([take('a.0')], place, dependencies)
    expect(steps).toEqual(['begin a.0', 'reply leg-ended a.0', 'done a.0'])
  })

  it('computes the legs of a batch whose worker died one by one, and says of those that wait that they do not run', async () => {
    const batches: (readonly LegId[])[] = []
    const again: BeginLeg = { kind: 'run', attempt: 2 }
    const { steps, ends, dependencies, take } = setUp({ 'b.0': again, 'c.0': again }, async batch => {
      batches.push(batch.map(work => work.legId))
      return batch.map(() => done)
    })
    const engine = { ...dependencies.engine, isParallel: () => false }
    await handleBatch([take('a.0'), take('b.0'), take('c.0')], place, { ...dependencies, engine })
    expect(batches).toEqual([['a.0'], ['b.0'], ['c.0']])
    expect(steps.filter(step => /^(?:begin|leave|end) [bc]/u.test(step))).toEqual([
      'begin b.0',
      'begin c.0',
      'leave b.0 2',
      'leave c.0 2',
      'begin b.0',
      'end b.0 2',
      'begin c.0',
      'end c.0 2',
    ])
    expect(Object.keys(ends)).toEqual(['a.0', 'b.0', 'c.0'])
  })

  it('ends a leg that was begun too often as poison', async () => {
    const { ends, dependencies, take } = setUp({ 'a.0': { kind: 'poison', attempt: 4 } })
    await handleBatch([take('a.0')], place, dependencies)
    expect(ends['a.0']).toMatchObject({ kind: 'failed', reason: 'poison', receipt: { costNanoUsd: 0, attempt: 4 } })
  })

  it('gives a leg back that the log could not be asked about', async () => {
    const { steps, failures, dependencies, take } = setUp()
    failures['begin a.0'] = 1
    await handleBatch([take('a.0')], place, dependencies)
    expect(steps).toEqual(['give back a.0'])
  })

  it('ends a leg whose content is gone', async () => {
    const { ends, dependencies, take } = setUp()
    const parts = [{ kind: 'image', payloadId: 'gone', payloadBytes: 1, mediaType: 'image/png' }] as const
    await handleBatch([take('a.0', { parts })], place, dependencies)
    expect(ends['a.0']).toMatchObject({ kind: 'failed', reason: 'payload-lost' })
  })

  it('keeps answers with their questions when content comes in another order', async () => {
    const { ends, failures, dependencies, take } = setUp({}, batch =>
      Promise.resolve(
        batch.map(({ legId }): Outcome => ({
          kind: 'done',
          result: { output: { kind: 'text', text: legId }, rawConfidence: 1, signals: {}, usage: {} },
        })),
      ),
    )
    const parts = [{ kind: 'text-payload', payloadId: 'slow', payloadBytes: 1 }] as const
    failures['load slow'] = 3
    await handleBatch([take('a.0', { parts }), take('b.0')], place, dependencies)
    expect(ends['a.0']).toMatchObject({ result: { output: { text: 'a.0' } } })
    expect(ends['b.0']).toMatchObject({ result: { output: { text: 'b.0' } } })
  })

  it('tries a report again until Redis takes it', async () => {
    const { steps, failures, dependencies, take } = setUp()
    failures['end a.0 1'] = 5
    await handleBatch([take('a.0')], place, dependencies)
    expect(steps.slice(-3)).toEqual(['end a.0 1', 'reply leg-ended a.0', 'done a.0'])
  })

  it('gives a leg up that cannot be reported for a minute past its deadline', async () => {
    const { steps, failures, dependencies, take } = setUp()
    failures['end a.0 1'] = Number.POSITIVE_INFINITY
    await handleBatch([take('a.0', { deadlineAt: 2000 })], place, dependencies)
    expect(steps.at(-1)).toBe('give back a.0')
  })

  it('gives every leg back and forgets it when the engine breaks its word', async () => {
    const { steps, dependencies, take, openLegs } = setUp({}, () => Promise.reject(new Error('broken')))
    await expect(handleBatch([take('a.0'), take('b.0')], place, dependencies)).rejects.toThrow('broken')
    expect(steps.slice(-2)).toEqual(['give back a.0', 'give back b.0'])
    expect(openLegs.size).toBe(0)
  })

  it('says cancelled when the caller left while the model ran', async () => {
    const { ends, dependencies, take, openLegs } = setUp({}, (batch, hooks) => {
      openLegs.deliver({ kind: 'cancel', legId: 'a.0' as LegId })
      const stopped = batch.map(({ legId }) => hooks.signal(legId).aborted)
      return Promise.resolve(
        stopped.map((aborted): Outcome =>
          aborted ? { kind: 'failed', reason: 'cancelled', message: 'stopped', usage: { computeMs: 1000 } } : done,
        ),
      )
    })
    await handleBatch([take('a.0')], place, dependencies)
    expect(ends['a.0']).toMatchObject({ kind: 'failed', reason: 'cancelled', receipt: { costNanoUsd: 100 } })
  })
})
