import { pino } from 'pino'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '#services/contract/clock'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { RunControl } from '#services/worker/backends/backend'
import type { Work } from '#services/worker/states'
import { createThreadBackend, type ThreadBackend } from '#services/worker/engine/thread/thread-backend'

const entry = new URL('../fixtures/threads/scripted-thread.mjs', import.meta.url)

let backend: ThreadBackend | undefined
afterEach(() => backend?.close())

async function start(stuckMs = 60_000, changed?: () => void): Promise<ThreadBackend> {
  const spec = { kind: 'whisper', pack: 'none' } as const
  backend = await createThreadBackend(
    { model: 'scripted', spec, packPaths: {}, executionProviders: ['cpu'], threads: 1, entry, stuckMs },
    { logger: pino({ level: 'silent' }), clock: systemClock, ...(changed === undefined ? {} : { changed }) },
  )
  return backend
}

const work = (script: string): Work => ({
  legId: legIdOf(createRequestId(Date.now()), 0),
  attempt: 1,
  model: 'scripted',
  recipe: {},
  task: 'generate',
  options: { instruction: script },
  parts: [],
  deadlineAt: Date.now() + 60_000,
  streaming: false,
})

function controlled(signal: AbortSignal = new AbortController().signal): RunControl {
  return { cancelled: () => signal.aborted, signal: () => signal, onDelta: async () => undefined }
}

const answered = { kind: 'done', result: { output: { kind: 'text' } } }

describe('createThreadBackend()', () => {
  test.each(['crash', 'exit'])('ends the legs of a thread that dies (%s) as a bug and starts another', async script => {
    const heard: boolean[] = []
    const living = await start(60_000, () => heard.push(living.ready))
    const lost = await living.run([work(script), work(script)], controlled())
    expect(lost).toMatchObject([
      { kind: 'failed', reason: 'bug' },
      { kind: 'failed', reason: 'bug' },
    ])
    expect(JSON.stringify(lost)).not.toContain('scripted crash')
    await expect.poll(() => living.ready).toBe(false)
    // Waits for the new thread rather than failing.
    expect(await living.run([work('answer')], controlled())).toMatchObject([answered])
    expect(living.ready).toBe(true)
    expect(heard).toEqual([false, true])
  })

  test('keeps the thread when a run only throws', async () => {
    const living = await start()
    expect(await living.run([work('throw')], controlled())).toMatchObject([{ kind: 'failed', reason: 'bug' }])
    expect(living.ready).toBe(true)
    expect(await living.run([work('answer')], controlled())).toMatchObject([answered])
  })

  test('ends by force a thread that hangs on a leg that nobody wants, and starts another', async () => {
    const living = await start(100)
    const stop = new AbortController()
    const hanging = living.run([work('hang')], controlled(stop.signal))
    setTimeout(() => stop.abort(), 50)
    expect(await hanging).toMatchObject([{ kind: 'failed', reason: 'cancelled', usage: { estimated: true } }])
    expect(await living.run([work('answer')], controlled())).toMatchObject([answered])
  })

  test('reaches a thread that never rests through shared memory', async () => {
    const living = await start()
    const stop = new AbortController()
    const spinning = living.run([work('spin')], controlled(stop.signal))
    setTimeout(() => stop.abort(), 50)
    expect(await spinning).toMatchObject([{ kind: 'done', result: { output: { text: 'true' } } }])
  })

  test('computes batches one after the other, in the order in which they came', async () => {
    const living = await start()
    const stop = new AbortController()
    const ended: string[] = []
    const note = (name: string) => () => ended.push(name)
    const first = living.run([work('spin')], controlled(stop.signal)).then(note('first'))
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
    const spinning = living.run([work('spin')], controlled(stop.signal))
    const closing = living.close()
    stop.abort()
    await closing
    await expect(spinning).resolves.toHaveLength(1)
  })
})
