import { describe, expect, it } from 'vitest'
import { createRequestHandler, type Stages } from '#services/router/pipeline/handle-request'
import type { Reserved, Finished, EmitEvent, Incoming } from '#services/router/request/states'
import { GatewayError } from '#services/contract/errors'

/** Stages that write down what they were asked. A hold that is deferred is made when the course is walked, if it is. */
function setUp(
  run: (deferred: boolean, emit?: EmitEvent) => Promise<Partial<Finished> | 'not-held'>,
  hold: () => void = () => {},
) {
  const said: string[] = []
  const stages = {
    admit: async () => ({ requestId: 'r', request: {} }),
    findOriginal: async () => {},
    releaseKey: async () => void said.push('release'),
    assess: async (admitted: object) => admitted,
    choose: (assessed: object) => assessed,
    async reserve(chosen: object) {
      said.push('reserve')
      hold()
      return { ...chosen, deferred: false }
    },
    deferReserve(chosen: object) {
      said.push('defer')
      return { ...chosen, deferred: true }
    },
    start: async (reserved: { deferred: boolean }) => reserved.deferred,
    async run(deferred: boolean, _signal: AbortSignal, emit?: EmitEvent) {
      said.push('run')
      return run(deferred, emit)
    },
    follow: async () => {
      throw new Error('there is nothing to follow')
    },
    settle: async (_claimed: Reserved, finished?: Finished) =>
      void said.push(finished === undefined ? 'settle nothing' : 'settle'),
    learn: () => void said.push('learn'),
  } as unknown as Stages<boolean>
  const handler = createRequestHandler(stages, () => {})
  const { signal } = new AbortController()
  const emit: EmitEvent = async event => void said.push(`told ${event.kind}`)
  return {
    said,
    infer: () => handler.infer({} as Incoming, signal),
    stream: () => handler.infer({} as Incoming, signal, emit),
  }
}

/** A handler of keyed requests whose run ends when it is told to. */
function setUpKeyed(follow: () => Promise<Finished | undefined> = async () => undefined) {
  const said: string[] = []
  const background: Promise<unknown>[] = []
  let end: (finished: Finished) => void = () => {}
  const running = new Promise<Finished>(resolve => {
    end = resolve
  })
  const earlier = ['first', 'second']
  const stages = {
    admit: async () => ({ requestId: 'r', request: { idempotencyKey: 'k' } }),
    findOriginal: async () => {
      const next = said.includes('duplicate') ? earlier.shift() : undefined
      said.push(`original ${next ?? 'nothing'}`)
      return next
    },
    releaseKey: async () => void said.push('release'),
    assess: async (admitted: object) => admitted,
    choose: (assessed: object) => assessed,
    reserve: async (chosen: object) => chosen,
    start: async (reserved: object) => reserved,
    async run(_under: object, signal: AbortSignal) {
      said.push('run')
      const finished = await running
      said.push(signal.aborted ? 'cancelled' : 'run on')
      return finished
    },
    follow: async (requestId: string) => {
      said.push(`follow ${requestId}`)
      return follow()
    },
    settle: async () => void said.push('settle'),
    learn: () => void said.push('learn'),
  } as unknown as Stages<object>
  const handler = createRequestHandler(stages, inProgress => void background.push(inProgress))
  return { said, background, end, infer: (signal: AbortSignal) => handler.infer({} as Incoming, signal) }
}

const answered = { end: { kind: 'answered' } } as unknown as Finished

describe('createRequestHandler()', () => {
  it('holds the money by itself where the dispatch did not, and settles once', async () => {
    const { said, infer } = setUp(async deferred => (deferred ? 'not-held' : answered))
    expect(await infer()).toBe(answered)
    expect(said).toEqual(['defer', 'run', 'reserve', 'run', 'settle', 'learn'])
  })

  it('tells what the ledger by itself refuses, with nothing to settle', async () => {
    const spent = new GatewayError('BudgetExceeded', 'spent')
    const { said, infer } = setUp(
      async () => 'not-held',
      () => {
        throw spent
      },
    )
    await expect(infer()).rejects.toBe(spent)
    expect(said).toEqual(['defer', 'run', 'reserve'])
  })

  it('settles what it cannot know of when the run fails otherwise', async () => {
    const away = new GatewayError('Overloaded', 'the store is away')
    const { said, infer } = setUp(async () => {
      throw away
    })
    await expect(infer()).rejects.toBe(away)
    expect(said).toEqual(['defer', 'run', 'settle nothing'])
  })

  it('tells what was decided behind the leg and before whatever else is told, once', async () => {
    const { said, stream } = setUp(async (deferred, emit) => {
      if (deferred) return 'not-held'
      await emit?.({ kind: 'rung-started', model: 'small', tier: 'small' })
      await emit?.({ kind: 'delta', model: 'small', text: 'yes', optimistic: false })
      return answered
    })
    await stream()
    const told = ['told decided', 'told rung-started', 'told delta']
    expect(said).toEqual(['defer', 'run', 'reserve', 'run', ...told, 'settle', 'learn'])
  })

  it('tells what was decided before it fails', async () => {
    const spent = new GatewayError('BudgetExceeded', 'spent')
    const refuse = (): never => {
      throw spent
    }
    const { said, stream } = setUp(async () => 'not-held', refuse)
    await expect(stream()).rejects.toBe(spent)
    expect(said).toEqual(['defer', 'run', 'reserve', 'told decided'])
  })

  it('lets a run with a key go on behind its caller, and settles it once', async () => {
    const { said, background, end, infer } = setUpKeyed()
    const leaving = new AbortController()
    const call = infer(leaving.signal)
    leaving.abort()
    await expect(call).rejects.toMatchObject({ code: 'Cancelled' })
    expect(background).toHaveLength(1)
    end(answered)
    expect(await background[0]).toBe(answered)
    expect(said).toEqual(['original nothing', 'run', 'run on', 'settle', 'learn'])
  })

  it.each([
    ['cancelled', { end: { kind: 'cancelled' } }],
    ['late', { end: { kind: 'failed', code: 'Deadline' } }],
    ['lost', undefined],
  ])('takes over where the run that it waited for was %s', async (_name, outcome) => {
    const outcomes = [outcome as unknown as Finished | undefined, answered]
    const { said, infer } = setUpKeyed(async () => outcomes.shift())
    said.push('duplicate')
    expect(await infer(new AbortController().signal)).toBe(answered)
    expect(said.slice(1)).toEqual(['original first', 'follow first', 'original second', 'follow second'])
  })

  it('tells a duplicate of an outage that its run met', async () => {
    const refused = { end: { kind: 'failed', code: 'Overloaded' } } as unknown as Finished
    const { said, infer } = setUpKeyed(async () => refused)
    said.push('duplicate')
    expect(await infer(new AbortController().signal)).toBe(refused)
    expect(said.slice(1)).toEqual(['original first', 'follow first'])
  })
})
