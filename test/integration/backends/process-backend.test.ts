import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '#services/contract/clock'
import { createRequestId, legIdOf, type LegId } from '#services/contract/ids'
import type { RunControl } from '#services/backends/backend'
import { createProcessBackend, type ProcessBackend } from '#services/worker/engine/process/process-backend'
import type { Outcome, Work } from '#services/backends/work'

const entry = fileURLToPath(new URL('../../fixtures/processes/scripted-process.mjs', import.meta.url))

let backend: ProcessBackend | undefined
afterEach(() => backend?.close())

async function start(stuckMs = 60_000, changed?: () => void): Promise<ProcessBackend> {
  const spec = { kind: 'whisper', pack: 'none' } as const
  backend = await createProcessBackend(
    {
      model: 'scripted',
      spec,
      packPaths: {},
      executionProviders: ['cpu'],
      threads: 1,
      entry,
      stuckMs,
      mostGrowthBytes: 1500,
    },
    { logger: pino({ level: 'silent' }), clock: systemClock, ...(changed === undefined ? {} : { changed }) },
  )
  return backend
}

const work = (script: string, parts: Work['parts'] = []): Work => ({
  legId: legIdOf(createRequestId(Date.now()), 0),
  attempt: 1,
  model: 'scripted',
  recipe: {},
  task: 'generate',
  options: { instruction: script },
  parts,
  deadlineAt: Date.now() + 60_000,
  streaming: false,
})

const never = new AbortController().signal

function controlled(signals: AbortSignal | ((legId: LegId) => AbortSignal) = never): RunControl {
  const signal = typeof signals === 'function' ? signals : () => signals
  return { cancelled: legId => signal(legId).aborted, signal, onDelta: async () => undefined }
}

const answered = { kind: 'done', result: { output: { kind: 'text' } } }
const textOf = (outcome: Outcome | undefined): string =>
  outcome?.kind === 'done' && outcome.result.output.kind === 'text' ? outcome.result.output.text : ''
const pidOf = async (living: ProcessBackend): Promise<number> =>
  Number(textOf((await living.run([work('pid')], controlled()))[0]))

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('createProcessBackend()', () => {
  test.each(['crash', 'exit'])(
    'ends the leg that a process dies with (%s) as a bug and starts another',
    async script => {
      const changes: boolean[] = []
      const living = await start(60_000, () => changes.push(living.ready))
      const [lost] = await living.run([work(script)], controlled())
      expect(lost).toMatchObject({ kind: 'failed', reason: 'bug' })
      await expect.poll(() => changes).toContain(false)
      // Waits for the new process rather than failing.
      expect(await living.run([work('answer')], controlled())).toMatchObject([answered])
      expect(living.ready).toBe(true)
      expect(changes.filter((ready, at) => ready !== changes[at - 1])).toEqual([false, true])
    },
  )

  test('computes again, leg by leg, the batch that a process died with: only the leg that killed it is lost', async () => {
    const living = await start()
    const outcomes = await living.run([work('answer'), work('crash'), work('answer')], controlled())
    expect(outcomes).toMatchObject([answered, { kind: 'failed', reason: 'bug' }, answered])
  })

  test('starts a process again that has grown, before the next batch and without being missed', async () => {
    const changes: boolean[] = []
    const living = await start(60_000, () => changes.push(living.ready))
    const grow = async (): Promise<string> => textOf((await living.run([work('grow')], controlled()))[0])
    const first = await grow()
    expect([living.memoryBytes, living.renewals]).toEqual([1100, 0])
    expect(await grow()).toBe(first)
    const second = await grow()
    expect(second).not.toBe(first)
    expect([living.memoryBytes, living.renewals]).toEqual([1100, 1])
    expect(changes).not.toContain(false)
    expect(isThere(Number(first))).toBe(false)
    // What grows at once needs that much: once a minute is enough.
    await grow()
    expect(await grow()).toBe(second)
    expect(living.renewals).toBe(1)
  })

  test('keeps the process when a run only throws', async () => {
    const living = await start()
    const pid = await pidOf(living)
    expect(await living.run([work('throw')], controlled())).toMatchObject([{ kind: 'failed', reason: 'bug' }])
    expect(await pidOf(living)).toBe(pid)
  })

  test('waits no longer than for a step for a run that nobody wants, then kills it and starts another process', async () => {
    const changes: boolean[] = []
    const living = await start(2000, () => changes.push(living.ready))
    const pid = await pidOf(living)
    const hanging = await living.run([work('hang')], controlled(AbortSignal.timeout(50)))
    expect(hanging).toMatchObject([{ kind: 'failed', reason: 'cancelled', usage: { estimated: true } }])
    // The process is still inside its run, and takes no other.
    expect([isThere(pid), living.ready]).toEqual([true, false])
    expect(await living.run([work('answer')], controlled())).toMatchObject([answered])
    expect([isThere(pid), living.ready]).toEqual([false, true])
  })

  test('a leg that hangs costs itself, not those of its batch', async () => {
    const living = await start(100)
    const [first, second] = [work('answer'), work('hang')]
    const timeout = AbortSignal.timeout(50)
    const control = controlled(legId => (legId === second.legId ? timeout : never))
    expect(await living.run([first, second], control)).toMatchObject([
      answered,
      { kind: 'failed', reason: 'cancelled' },
    ])
  })

  test('stops a model that computes in steps, and keeps its process', async () => {
    const living = await start(60_000)
    const pid = await pidOf(living)
    const stepping = living.run([work('step')], controlled(AbortSignal.timeout(50)))
    expect((await stepping).map(textOf)).toEqual(['stopped'])
    expect(await pidOf(living)).toBe(pid)
  })

  test('carries media as bytes', async () => {
    const living = await start()
    const image = { kind: 'image', bytes: new Uint8Array(3_000_000).subarray(7), mediaType: 'image/png' } as const
    expect((await living.run([work('size', [image])], controlled())).map(textOf)).toEqual(['2999993'])
  })

  test('computes batches one after the other, in the order in which they came', async () => {
    const living = await start()
    const stop = new AbortController()
    const ended: string[] = []
    const note = (name: string) => () => ended.push(name)
    const first = living.run([work('step')], controlled(stop.signal)).then(note('first'))
    const rest = ['second', 'third'].map(name => living.run([work('answer')], controlled()).then(note(name)))
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(ended).toEqual([])
    stop.abort()
    await Promise.all([first, ...rest])
    expect(ended).toEqual(['first', 'second', 'third'])
  })

  test('closes while a leg is at work', async () => {
    const living = await start()
    const stop = new AbortController()
    const stepping = living.run([work('step')], controlled(stop.signal))
    const closing = living.close()
    stop.abort()
    await closing
    await expect(stepping).resolves.toHaveLength(1)
  })
})
