import { request } from 'undici'
import type { Outcome } from '#services/backends/work'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callBackend } from '../../support/wire/call-backend.ts'
import { seenOutcome, writeFixture, type RecordedWork, type SeenOutcome } from '../../support/wire/fixture.ts'
import { startReplayServer } from '../../support/wire/replay-server.ts'
import { until } from '../../support/gateway.ts'
import { chatCases, type ChatFeature } from './chat-cases.ts'
import { recordCase, type Recorded } from './record-case.ts'
import { recordHttp } from './recording-proxy.ts'
import { measureCancels, median, openRung, predictedWaitMs, restartUnderLoad, tellFigure, type Rung } from './rung.ts'
import type { ServerProcess } from './server-process.ts'

/** A chat server and what it can do. */
export interface ChatServer {
  readonly server: string
  readonly version: string
  start(): Promise<ServerProcess>
  /** Its name of the model. */
  readonly model: string
  /** What it can do of what not every server does. */
  readonly features: readonly ChatFeature[]
  /** Fields of its backend: `metricsPath` where it tells of its queue, `structured`, and so on. */
  readonly backend: object
  /** Calls that the engine works on now, by its own word; absent where nothing tells. */
  readonly running?: (server: ServerProcess) => Promise<number>
  /** Outcomes that differ from those of most servers, by the name of the case. */
  readonly differs?: Readonly<Record<string, object>>
  /** Other wires that it speaks. */
  readonly wires?: readonly ('anthropic' | 'responses')[]
  /** Tokens of an answer that lasts until it is cancelled. */
  readonly longTokens: number
  /** Most calls that it works on at once. */
  readonly slots: number
}

/** What every chat server is run through. */
export function describeChatServer(chat: ChatServer): void {
  const { server: name, version, model, features } = chat
  let server: ServerProcess
  let recorded: Recorded
  let rung: Rung

  beforeAll(async () => {
    server = await (runningAlready === undefined ? chat.start() : borrow(runningAlready))
    recorded = { server: name, version, proxy: await recordHttp(server.http) }
  })
  afterAll(async () => {
    await recorded?.proxy.close()
    await server?.end()
  })

  describe('the wire', () => {
    const { adapters, adapterField } = chat.backend as Readonly<Record<string, unknown>>
    const openai = { kind: 'openai', model, ...(adapters === undefined ? {} : { adapters, adapterField }) }
    const cases = chatCases.filter(({ needs }) => needs === undefined || features.includes(needs))

    it.each(cases.map(one => [one.name, one] as const))('has %s', async (title, { backend, work, outcome }) => {
      const called = await recordCase(recorded, title, { ...openai, ...backend }, work)
      expect(called.outcome).toMatchObject(chat.differs?.[title] ?? outcome)
      // What was streamed is the answer.
      expect(work.streaming === true ? called.pieces.join('') : textOf(called.outcome)).toBe(textOf(called.outcome))
    })

    it('has an answer in one piece, which we never ask for', async () => {
      const { said, read } = await recordWhole(recorded, model)
      expect(read?.trim()).toBe(said?.trim())
    })

    for (const wire of chat.wires ?? []) {
      const backend = wire === 'anthropic' ? { kind: 'anthropic', model } : { kind: 'openai', api: 'responses', model }
      const wired = cases.filter(({ name: title }) => wiredCases.has(title))

      it.each(wired.map(one => [`${wire}: ${one.name}`, one] as const))('has %s', async (title, { work, outcome }) => {
        const { temperature: _heat, ...options } = work.options ?? {}
        const called = await recordCase(recorded, title, backend, { ...work, options })
        expect(called.outcome).toMatchObject(chat.differs?.[title] ?? outcome)
      })
    }
  })

  describe('a rung', () => {
    beforeAll(async () => {
      const backend = { kind: 'openai', baseUrl: `http://${server.http}/v1`, model, logprobs: false, ...chat.backend }
      rung = await openRung({ task: 'generate', backend, concurrency: 8 })
    })
    afterAll(() => rung?.stop())

    it('answers, streamed and not', async () => {
      const asked = rung.request('Say hello.', { maxOutputTokens: 8 })
      const answer = await rung.gateway.client.infer(asked, { deadlineMs: 60_000 })
      expect([answer.model, answer.output?.text]).toEqual(['served', expect.any(String)])
      const events = await rung.gateway.client.inferStream(asked, { deadlineMs: 60_000 })
      const told = events.map(({ textDelta }) => textDelta?.text ?? '').join('')
      expect(told).toBe(events.at(-1)?.final?.output?.text)
    })

    it('takes 16 calls at once', async () => {
      const asked = rung.request('Say hello.', { maxOutputTokens: 8 })
      const answers = await Promise.all(
        Array.from({ length: 16 }, () => rung.gateway.client.infer(asked, { deadlineMs: 120_000 })),
      )
      expect(answers.map(({ model: by }) => by)).toEqual(answers.map(() => 'served'))
    })

    it.runIf(chat.running !== undefined)('frees the engine when its caller leaves', async () => {
      const running = (): Promise<number> => chat.running?.(server) ?? Promise.resolve(0)
      const asked = rung.request('Count on and on.', { maxOutputTokens: chat.longTokens })
      const took = await measureCancels(rung, { request: asked, times: 24, running, streams: true })
      const worst = took.reduce((most, one) => Math.max(most, one), 0)
      tellFigure(name, 'cancel to idle', `median ${median(took).toFixed(0)} ms, most ${worst.toFixed(0)} ms`)
      expect(median(took)).toBeLessThan(100)
    })

    it.runIf('metricsPath' in chat.backend)('waits as long as the queue of the engine says', async () => {
      const leaving = new AbortController()
      const calls = Array.from({ length: chat.slots * 2 + 2 }, () =>
        request(`http://${server.http}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            model,
            max_tokens: chat.longTokens,
            messages: [{ role: 'user', content: 'Count on and on.' }],
            ignore_eos: true,
            // llama.cpp goes on with an answer in one piece whose caller has left.
            stream: true,
          }),
          signal: leaving.signal,
        })
          .then(({ body }) => body.dump({ limit: 1e9 }))
          .catch(() => undefined),
      )
      try {
        const waitMs = await until(
          'a wait',
          () => predictedWaitMs(rung, 'Say hello.'),
          value => value > 0,
        )
        tellFigure(name, 'predicted wait behind a queue', `${waitMs.toFixed(0)} ms`)
      } finally {
        leaving.abort()
        await Promise.all(calls)
      }
      const idle = await until(
        'no wait',
        () => predictedWaitMs(rung, 'Say hello.'),
        value => value === 0,
      )
      expect(idle).toBe(0)
    })

    it('loses no call where there is another rung', async () => {
      expect(await restartUnderLoad(rung, { text: 'Say hello.', server })).toEqual({
        answeredBy: ['served', 'spare'],
        failures: [],
      })
    })
  })
}

/** `host:port` of a server that was started by hand: for one that takes long to start, or that wants a GPU. */
const runningAlready = process.env['SLUICE_RUNNING_SERVER']

function borrow(http: string): Promise<ServerProcess> {
  const never = (): Promise<void> => Promise.reject(new Error('a server that was started by hand is not stopped'))
  return Promise.resolve({ http, grpc: http, log: () => '', end: async () => {}, again: never })
}

/** Cases of the other wires. */
const wiredCases: ReadonlySet<string> = new Set([
  'a text',
  'a text that is streamed',
  'a history with a system message',
  'an answer that the cap cuts',
  'a tool that must be called',
  'the result of a tool',
  'JSON of a schema',
  'a prompt beyond the context',
  'an unknown model',
])

/** The text of an answer; empty for a failure. */
function textOf(outcome: Outcome): string {
  return outcome.kind === 'done' && outcome.result.output.kind === 'text' ? outcome.result.output.text : ''
}

/** Records an answer that our backend would not ask for; what it makes of it is seen in a replay. */
async function recordWhole(
  { server, version, proxy }: Recorded,
  model: string,
): Promise<{ readonly said?: string; readonly read?: string }> {
  proxy.take()
  const asked = {
    model,
    stream: false,
    max_tokens: 12,
    temperature: 0,
    messages: [{ role: 'user', content: 'Say hello.' }],
  }
  const { body } = await request(`http://${proxy.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  })
  await body.dump({ limit: 1e6 })
  const exchanges = await until(
    'the recording',
    async () => proxy.take(),
    taken => taken.length > 0,
  )
  const work: RecordedWork = { task: 'generate', parts: [{ kind: 'text', text: 'Say hello.' }] }
  const backend = { kind: 'openai', model }
  const replay = await startReplayServer(exchanges)
  const { outcome, oddities } = await callBackend({ ...backend, baseUrl: `http://${replay.address}/v1` }, work)
  await replay.close()
  const seen = JSON.stringify(seenOutcome(outcome, oddities)).replaceAll(replay.address, 'HOST')
  writeFixture({
    server,
    version,
    case: 'an answer in one piece',
    backend,
    work,
    exchanges,
    outcome: JSON.parse(seen) as SeenOutcome,
  })
  const [first] = exchanges
  return first?.status === 200 ? { said: wholeText(first.answered), read: textOf(outcome) } : {}
}

/** The text of an answer that was not streamed. */
function wholeText(body: string): string {
  const { choices = [] } = JSON.parse(body) as { choices?: readonly { message?: { content?: string | null } }[] }
  return choices[0]?.message?.content ?? ''
}
