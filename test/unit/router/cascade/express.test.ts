import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Backend } from '#services/backends/backend'
import { systemClock } from '#services/contract/clock'
import type { Rung } from '#services/contract/model'
import { createExpress, type ExpressRoom } from '#services/router/express/express'
import type { ExpressCaller } from '#services/router/cascade/leg/leg-order'
import type { ExpressLegs } from '#services/state/dispatch/express-legs'
import { waitingJob } from '../../../support/worker/waiting-job.ts'

const job = waitingJob()
const begun = { job, attempt: 1, startedAt: Date.now() }

/** A server that answers when it is let, and hears of callers who leave. */
function heldBackend(): Backend & { readonly answer: () => void } {
  let answer = (): void => {}
  const answered = new Promise<void>(resolve => (answer = resolve))
  return {
    maxBatch: 1,
    answer: () => answer(),
    async run(batch, control) {
      const { legId } = batch[0] ?? job
      const left = new Promise<'left'>(resolve => {
        control.signal(legId).addEventListener('abort', () => resolve('left'), { once: true })
      })
      const how = await Promise.race([answered, left])
      const usage = { inputTokens: 1, outputTokens: 1 }
      if (how === 'left') return [{ kind: 'failed', reason: 'cancelled', message: 'it was called off', usage }]
      const output = { kind: 'text', text: 'word' } as const
      return [{ kind: 'done', result: { output, rawConfidence: 1, signals: {}, usage } }]
    },
    close: async () => {},
  }
}

function roomOf(backend: Backend, waiting = 0): { readonly room: ExpressRoom; readonly steps: readonly string[] } {
  const steps: string[] = []
  const slots: ExpressLegs = {
    begin: async () => ({ kind: 'busy' }),
    async end(pool, _legId, end) {
      steps.push(`end ${pool} ${end.kind === 'done' ? 'done' : end.reason}`)
      return 'recorded'
    },
    async leave(pool, _legId, { attempt }) {
      steps.push(`leave ${pool} ${attempt}`)
    },
    renew: async () => {},
  }
  const span = { traceparent: undefined, chunk() {}, ended() {}, close() {} }
  const room = createExpress({
    slots,
    backends: new Map([['m', backend]]),
    concurrency: () => 2,
    waiting: () => waiting,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    metrics: { leg() {}, times: () => ({}) },
    trace: () => span,
    name: 'router-1',
  })
  return { room, steps }
}

function callerOf(): ExpressCaller & { readonly leave: () => void; readonly lose: () => void } {
  const [signal, lost] = [new AbortController(), new AbortController()]
  return {
    signal: signal.signal,
    lost: lost.signal,
    traceparent: undefined,
    onPiece: async () => {},
    leave: () => signal.abort(),
    lose: () => lost.abort(),
  }
}

describe('a leg that its router runs', () => {
  it('writes its end with its receipt, and is told of after that', async () => {
    const backend = heldBackend()
    const { room, steps } = roomOf(backend)
    const ran = room.run(begun, 'p', callerOf())
    backend.answer()
    const end = await ran
    expect(end).toMatchObject({ kind: 'done', receipt: { workerId: 'router-1', attempt: 1 } })
    expect(steps).toEqual(['end p done'])
    expect(room.size).toBe(0)
  })

  it('stops when its caller leaves, and says what was used', async () => {
    const { room, steps } = roomOf(heldBackend())
    const caller = callerOf()
    const ran = room.run(begun, 'p', caller)
    caller.leave()
    expect(await ran).toMatchObject({ kind: 'failed', reason: 'cancelled', receipt: { usage: { outputTokens: 1 } } })
    expect(steps).toEqual(['end p cancelled'])
  })

  it('stops at the word of another router', async () => {
    const { room, steps } = roomOf(heldBackend())
    const ran = room.run(begun, 'p', callerOf())
    room.deliver({ kind: 'cancel', legId: job.legId })
    await ran
    expect(steps).toEqual(['end p cancelled'])
  })

  it('ends nothing where another router has its cascade, which runs the leg again', async () => {
    const { room, steps } = roomOf(heldBackend())
    const caller = callerOf()
    const ran = room.run(begun, 'p', caller)
    caller.lose()
    expect(await ran).toBeUndefined()
    expect(steps).toEqual(['leave p 1'])
  })

  it('is stopped when its time is over, and drains with the router', async () => {
    const { room, steps } = roomOf(heldBackend())
    const late = { ...begun, job: { ...job, deadlineAt: Date.now() + 20 } }
    void room.run(late, 'p', callerOf())
    await room.ended()
    expect(steps).toEqual(['end p expired'])
  })
})

describe('the way of a leg', () => {
  const rung = { name: 'm', model: { name: 'm', pool: 'p' }, recipe: {} } as unknown as Rung
  const request = { mode: 'sync', idempotent: false, task: 'generate', options: {}, parts: [{ kind: 'text' }] } as const
  const { room } = roomOf(heldBackend())

  it('is express for words that a caller waits for, while nobody waits in the queue', () => {
    expect(room.concurrencyFor(rung, request)).toBe(2)
    expect(roomOf(heldBackend(), 1).room.concurrencyFor(rung, request)).toBeUndefined()
  })

  it.each([
    ['a job', rung, { ...request, mode: 'async' as const }],
    ['a request with an idempotency key', rung, { ...request, idempotent: true }],
    ['a picture', rung, { ...request, parts: [{ kind: 'image' }] }],
    ['words in the store', rung, { ...request, parts: [{ kind: 'text-payload' }] }],
    ['an answer of a shape', rung, { ...request, options: { responseFormat: { kind: 'json-object' as const } } }],
    ['a vote', { ...rung, recipe: { samples: 3 } }, request],
    ['a pattern', { ...rung, recipe: { answerPattern: 'x' } }, request],
    ['a model that computes', { ...rung, model: { ...rung.model, name: 'local' } }, request],
  ])('is the queue for %s', (_what, one, asked) => {
    expect(room.concurrencyFor(one, asked)).toBeUndefined()
  })
})
