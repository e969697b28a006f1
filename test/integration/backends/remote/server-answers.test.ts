import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LegFailure } from '#services/state/cascade-log/cascade-log'
import { createUpstreamMeter } from '#services/backends/remote/upstream-metrics'
import { askServer, chatWork, wirePaths, type Wire } from '../../../support/servers/ask-server.ts'
import { startScriptedServer, type ScriptedServer } from '../../../support/servers/scripted-server.ts'

/** An answer of a server over the wire, and what is to be made of it. */
interface Case {
  readonly says: string
  readonly body: string
  readonly text?: string
  /** Calls of tools as `name arguments`. */
  readonly calls?: readonly string[]
  readonly fails?: LegFailure
  readonly because?: RegExp
  readonly confidence?: number
  /** The reason of its end, where that is neither `stop` nor `tool_calls`. */
  readonly ends?: 'length'
  readonly odd?: readonly string[]
}

const data = (...events: readonly unknown[]): string =>
  events.map(event => `data: ${JSON.stringify(event)}\n\n`).join('')
const done = 'data: [DONE]\n\n'
const chunk = (delta: object, more: object = {}): object => ({ choices: [{ index: 0, delta, ...more }] })
const role = chunk({ role: 'assistant', content: '' })
const usage = { choices: [], usage: { prompt_tokens: 20, completion_tokens: 6, total_tokens: 26 } }
const chat = (...events: readonly unknown[]): string => data(role, ...events, usage) + done
const end = (reason: unknown): object => chunk({}, { finish_reason: reason })
const call = (more: object, called: object): object => chunk({ tool_calls: [{ ...more, function: called }] })
const a = '{"path":"a.txt"}'
const b = '{"path":"b.txt"}'

const openai: readonly Case[] = [
  {
    says: 'two calls on one index',
    body: chat(
      call({ index: 0, id: '1' }, { name: 'write', arguments: a }),
      call({ index: 0, id: '2' }, { name: 'write', arguments: b }),
      end('tool_calls'),
    ),
    calls: [`write ${a}`, `write ${b}`],
    odd: ['tool-index'],
  },
  {
    says: 'two calls in one event without index and id',
    body: chat(
      chunk({
        tool_calls: [{ function: { name: 'now' } }, { function: { name: 'now', arguments: null } }],
      }),
      end('tool_calls'),
    ),
    calls: ['now {}', 'now {}'],
  },
  {
    says: 'lines that end in carriage returns alone',
    body: chat(chunk({ content: 'Oslo' }), end('stop')).replaceAll('\n', '\r'),
    text: 'Oslo',
  },
  {
    says: 'a last line without an empty one behind it',
    body: chat(chunk({ content: 'Oslo' }), end('stop')).slice(0, -1),
    text: 'Oslo',
  },
  {
    says: 'arguments as an object',
    body: chat(call({ index: 0, id: '1' }, { name: 'write', arguments: { path: 'a.txt' } }), end('tool_calls')),
    calls: [`write ${a}`],
  },
  {
    says: 'arguments as an empty list, and a call beside the text',
    body: chat(chunk({ content: 'Let me see.' }), call({ id: '1' }, { name: 'now', arguments: [] }), end('stop')),
    text: 'Let me see.',
    calls: ['now {}'],
    odd: ['tool-arguments'],
  },
  {
    says: 'a call as a function, in the older way',
    body: chat(
      chunk({ function_call: { name: 'write', arguments: '{"path":' } }),
      chunk({ function_call: { arguments: '"a.txt"}' } }),
      end('function_call'),
    ),
    calls: [`write ${a}`],
  },
  {
    says: 'a call whose index and id are of another type',
    body: chat(call({ index: '0', id: 7 }, { name: 'now', arguments: '' }), end('tool_calls')),
    calls: ['now {}'],
  },
  {
    says: 'halves of a letter in the arguments of a call',
    body:
      'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"1","function":{"name":"say","arguments":"{\\"w\\":\\"\\ud83c"}}]}}]}\n\n' +
      'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\\udf89 \\ud83c\\"}"}}]}}]}\n\n' +
      data(end('tool_calls'), usage) +
      done,
    calls: ['say {"w":"🎉 \ufffd"}'],
  },
  {
    says: 'arguments that are not JSON',
    body: chat(call({ index: 0, id: '1' }, { name: 'write', arguments: 'a.txt' }), end('tool_calls')),
    fails: 'model-error',
    because: /arguments of the model's tool call 1 are not JSON/u,
  },
  {
    says: 'arguments that the cap cut',
    body: chat(call({ index: 0, id: '1' }, { name: 'write', arguments: '{"path":"a' }), end('length')),
    text: '',
    confidence: 0.05,
    ends: 'length',
  },
  {
    says: 'a whole call, and one whose arguments the cap cut',
    body: chat(
      call({ index: 0, id: '1' }, { name: 'write', arguments: a }),
      call({ index: 1, id: '2' }, { name: 'write', arguments: '' }),
      end('length'),
    ),
    calls: [`write ${a}`],
    ends: 'length',
  },
  {
    says: 'a whole call up to the cap',
    body: chat(call({ index: 0, id: '1' }, { name: 'write', arguments: a }), end('length')),
    calls: [`write ${a}`],
    ends: 'length',
  },
  {
    says: 'a call without a name up to the cap',
    body: chat(chunk({ content: 'Let me' }), call({ index: 0, id: '1' }, { arguments: '{"pa' }), end('length')),
    text: 'Let me',
    ends: 'length',
  },
  {
    says: 'a broken call before the one that the cap cut',
    body: chat(
      call({ index: 0, id: '1' }, { name: 'write', arguments: 'a.txt' }),
      call({ index: 1, id: '2' }, { name: 'write', arguments: '{"pa' }),
      end('length'),
    ),
    fails: 'model-error',
    because: /arguments of the model's tool call 1 are not JSON/u,
  },
  {
    says: 'a call without a name',
    body: chat(call({ index: 0, id: '1' }, { arguments: a }), end('tool_calls')),
    fails: 'model-error',
    because: /has no name/u,
  },
  {
    says: 'the end of tool calls without any',
    body: chat(end('tool_calls')),
    fails: 'model-error',
    because: /said nothing/u,
  },
  { says: 'a filter that stopped it', body: chat(end('content_filter')), fails: 'content-filter' },
  {
    says: 'a filter that stopped it within the text',
    body: chat(chunk({ content: 'Hello' }), end('content_filter')),
    fails: 'content-filter',
  },
  {
    says: 'a refusal in place of an answer',
    body: chat(chunk({ refusal: "I'm sorry, I cannot" }), chunk({ refusal: ' help.' }), end('stop')),
    fails: 'model-refused',
    because: /refused to answer/u,
  },
  {
    says: 'nothing up to the cap',
    body: chat(end('length')),
    text: '',
    confidence: 0.05,
    ends: 'length',
  },
  {
    says: 'thoughts up to the cap',
    body: chat(chunk({ reasoning_content: 'let me see' }), end('length')),
    text: '',
    confidence: 0.05,
    ends: 'length',
  },
  {
    says: 'thoughts up to the cap, between tags that do not end',
    body: chat(chunk({ content: '<think>let me' }), chunk({ content: ' see' }), end('length')),
    text: '',
    confidence: 0.05,
    ends: 'length',
  },
  {
    says: 'a refusal up to the cap',
    body: chat(chunk({ refusal: "I'm sorry" }), end('length')),
    fails: 'model-refused',
  },
  {
    says: 'nothing, with a reason that is not known',
    body: chat(end('gremlins')),
    fails: 'model-error',
    because: /finish reason gremlins/u,
  },
  {
    says: 'something, with a reason that is not known',
    body: chat(chunk({ content: 'Hello there' }), end('gremlins')),
    text: 'Hello there',
    odd: ['finish-unknown'],
  },
  {
    says: 'nothing, with a normal end',
    body: chat(end('stop')),
    text: '',
    confidence: 0.05,
    odd: ['answer-empty'],
  },
  {
    says: 'blanks, with a normal end',
    body: chat(chunk({ content: ' \n' }), end('stop')),
    text: ' \n',
    confidence: 0.05,
    odd: ['answer-empty'],
  },
  { says: 'no reason for its end', body: chat(chunk({ content: 'Hello there' })), fails: 'upstream-error' },
  { says: 'null for the reason', body: chat(chunk({ content: 'Hello' }), end(null)), fails: 'upstream-error' },
  { says: 'no choices at all', body: data({ choices: [] }, usage) + done, fails: 'upstream-error' },
  { says: 'an end of the server’s own', body: chat(end('abort')), fails: 'upstream-error', because: /abort/u },
  { says: 'that it lacks room', body: chat(end('insufficient_system_resource')), fails: 'upstream-error' },
  {
    says: 'an error in place of an answer',
    body: JSON.stringify({ error: { message: 'The engine is gone.', code: 500 } }),
    fails: 'upstream-error',
    because: /the engine is gone/iu,
  },
  {
    says: 'an error within the stream, as a text',
    body: data(role, { error: 'engine dead' }) + done,
    fails: 'upstream-error',
    because: /engine dead/u,
  },
  {
    says: 'an error within the stream, as vLLM once did',
    body:
      data(role, {
        object: 'error',
        message: "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        type: 'BadRequestError',
        code: 400,
      }) + done,
    fails: 'context-overflow',
  },
  {
    says: 'an error within the stream, by the name of the event',
    body: `${data(role)}event: error\ndata: {"reason":"worker lost"}\n\n`,
    fails: 'upstream-error',
    because: /worker lost/u,
  },
  {
    says: 'an error within the stream, as FastAPI does',
    body: data(role, { detail: 'the worker is lost' }),
    fails: 'upstream-error',
    because: /worker is lost/u,
  },
  { says: 'a page', body: '<html><title>Sign in</title></html>', fails: 'upstream-error', because: /web page/u },
  { says: 'nothing', body: '', fails: 'upstream-error' },
  {
    says: 'the whole answer at once, though a stream was asked for',
    body: JSON.stringify({
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' }],
      usage: usage.usage,
    }),
    text: 'Hello there',
    odd: ['not-streamed'],
  },
  {
    says: 'one half of a letter in the end',
    body: `data: {"choices":[{"delta":{"content":"Well done \\ud83c"}}]}\n\n${data(end('length'), usage)}${done}`,
    text: 'Well done \ufffd',
    ends: 'length',
    odd: ['half-character'],
  },
]

const event = (type: string, more: object = {}): object => ({ type, ...more })
const started = event('message_start', { message: { usage: { input_tokens: 20, output_tokens: 1 } } })
const stopped = (reason: unknown): readonly object[] => [
  event('message_delta', { delta: { stop_reason: reason }, usage: { output_tokens: 6 } }),
  event('message_stop'),
]
const block = (index: number, content: object): object =>
  event('content_block_start', { index, content_block: content })
const grew = (index: number, delta: object): object => event('content_block_delta', { index, delta })
const json = (index: number, partial: string): object =>
  grew(index, { type: 'input_json_delta', partial_json: partial })
const said = (index: number, text: string): object => grew(index, { type: 'text_delta', text })

const anthropic: readonly Case[] = [
  {
    says: 'two calls on one index',
    body: data(
      started,
      block(0, { type: 'tool_use', id: '1', name: 'write', input: {} }),
      json(0, a),
      block(0, { type: 'tool_use', id: '2', name: 'write', input: {} }),
      json(0, b),
      ...stopped('tool_use'),
    ),
    calls: [`write ${a}`, `write ${b}`],
  },
  {
    says: 'a call without arguments',
    body: data(
      started,
      block(0, { type: 'tool_use', id: '1', name: 'now', input: {} }),
      json(0, ''),
      ...stopped('tool_use'),
    ),
    calls: ['now {}'],
  },
  {
    says: 'arguments as an object at once',
    body: data(
      started,
      block(0, { type: 'tool_use', id: '1', name: 'write', input: { path: 'a.txt' } }),
      ...stopped('tool_use'),
    ),
    calls: [`write ${a}`],
  },
  {
    says: 'arguments that are not JSON',
    body: data(
      started,
      block(0, { type: 'tool_use', id: '1', name: 'write', input: {} }),
      json(0, '{"path":'),
      ...stopped('tool_use'),
    ),
    fails: 'model-error',
    because: /not JSON/u,
  },
  {
    says: 'a text in the start of its block',
    body: data(started, block(0, { type: 'text', text: 'Hello' }), said(0, ' there'), ...stopped('end_turn')),
    text: 'Hello there',
  },
  { says: 'a refusal', body: data(started, ...stopped('refusal')), fails: 'content-filter' },
  {
    says: 'nothing up to the cap',
    body: data(started, ...stopped('max_tokens')),
    text: '',
    confidence: 0.05,
    ends: 'length',
  },
  {
    says: 'a call whose arguments the cap cut',
    body: data(
      started,
      said(0, 'I write.'),
      block(1, { type: 'tool_use', id: '1', name: 'write', input: {} }),
      json(1, '{"path":'),
      ...stopped('max_tokens'),
    ),
    text: 'I write.',
    ends: 'length',
  },
  { says: 'a pause', body: data(started, said(0, 'Hm'), ...stopped('pause_turn')), fails: 'model-error' },
  { says: 'nothing, of a kind that is new', body: data(started, ...stopped('mystery')), fails: 'model-error' },
  {
    says: 'nothing, with a normal end',
    body: data(started, ...stopped('end_turn')),
    text: '',
    confidence: 0.05,
    odd: ['answer-empty'],
  },
  {
    says: 'no reason for its end',
    body: data(started, said(0, 'Hello'), event('message_stop')),
    fails: 'upstream-error',
  },
  {
    says: 'that it is overloaded',
    body: data(started, event('ping'), event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } })),
    fails: 'upstream-error',
    because: /Overloaded/u,
  },
  {
    says: 'an error without its type',
    body: `${data(started)}event: error\ndata: {"error":{"message":"no"}}\n\n`,
    fails: 'upstream-error',
  },
  {
    says: 'an error in place of an answer',
    body: JSON.stringify({ type: 'error', error: { type: 'api_error', message: 'Internal server error' } }),
    fails: 'upstream-error',
    because: /Internal server error/u,
  },
]

const candidate = (more: object): object => ({
  candidates: [more],
  usageMetadata: { promptTokenCount: 20, candidatesTokenCount: 6, totalTokenCount: 26 },
})
const content = (...parts: readonly object[]): object => ({ content: { parts } })

const gemini: readonly Case[] = [
  ...[
    'MALFORMED_FUNCTION_CALL',
    'UNEXPECTED_TOOL_CALL',
    'TOO_MANY_TOOL_CALLS',
    'MALFORMED_RESPONSE',
    'OTHER',
    'RECITATION',
    'LANGUAGE',
    'SOMETHING_NEW',
  ].map((reason): Case => ({
    says: `nothing and ${reason}`,
    body: data(candidate({ ...content(), finishReason: reason })),
    fails: 'model-error',
  })),
  ...['SAFETY', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII'].map((reason): Case => ({
    says: `nothing and ${reason}`,
    body: data(candidate({ finishReason: reason })),
    fails: 'content-filter',
  })),
  {
    says: 'a beginning and MALFORMED_FUNCTION_CALL',
    body: data(candidate(content({ text: 'Let me write' })), candidate({ finishReason: 'MALFORMED_FUNCTION_CALL' })),
    fails: 'model-error',
  },
  {
    says: 'nothing and MAX_TOKENS',
    body: data(candidate({ ...content(), finishReason: 'MAX_TOKENS' })),
    text: '',
    confidence: 0.05,
    ends: 'length',
  },
  { says: 'no candidates', body: data({ candidates: [] }), fails: 'upstream-error' },
  { says: 'no reason for its end', body: data(candidate(content({ text: 'Hello' }))), fails: 'upstream-error' },
  {
    says: 'nothing, with a normal end',
    body: data(candidate({ finishReason: 'STOP' })),
    text: '',
    confidence: 0.05,
    odd: ['answer-empty'],
  },
  {
    says: 'calls with null, nothing, and a text for arguments',
    body: data(
      candidate(
        content(
          { functionCall: { name: 'now', args: null } },
          { functionCall: { name: 'now' } },
          { functionCall: { name: 'write', args: a } },
        ),
      ),
      candidate({ ...content({ functionCall: { name: 'write', args: { path: 'b.txt' } } }), finishReason: 'STOP' }),
    ),
    calls: ['now {}', 'now {}', `write ${a}`, `write ${b}`],
  },
  {
    says: 'a call once more, with its id',
    body: data(
      candidate(content({ functionCall: { id: '1', name: 'write', args: { path: 'a.txt' } } })),
      candidate({
        ...content({ functionCall: { id: '1', name: 'write', args: { path: 'a.txt' } } }),
        finishReason: 'STOP',
      }),
    ),
    calls: [`write ${a}`],
    odd: ['tool-arguments'],
  },
  {
    says: 'a list of its events in place of a stream',
    body: JSON.stringify([
      candidate(content({ text: 'Hello' })),
      candidate({ ...content({ text: ' there' }), finishReason: 'STOP' }),
    ]),
    text: 'Hello there',
    odd: ['not-streamed'],
  },
  {
    says: 'a list with an error in place of a stream',
    body: JSON.stringify([{ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }]),
    fails: 'upstream-error',
    because: /overloaded/u,
  },
  {
    says: 'that the content is too long, within the stream',
    body: data({
      error: {
        code: 400,
        message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
        status: 'INVALID_ARGUMENT',
      },
    }),
    fails: 'context-overflow',
  },
]

const wires: Readonly<Record<Wire, readonly Case[]>> = { openai, anthropic, gemini }
const kinds = Object.keys(wires) as Wire[]

let server: ScriptedServer
beforeAll(async () => {
  const scripts = kinds.flatMap(kind =>
    wires[kind].map(({ body }, place) => [`/${kind}/${place}${wirePaths[kind]}`, body] as const),
  )
  server = await startScriptedServer(Object.fromEntries(scripts))
})
afterAll(() => server.close())

const tools = ['write', 'read', 'now', 'say'].map(name => ({ name, parametersJson: '{"type":"object"}' }))

const cases = (kind: Wire, fail: boolean) =>
  wires[kind].flatMap((one, place) => (fail === (one.fails !== undefined) ? [{ ...one, place }] : []))

describe.each(kinds)('an answer of %s', kind => {
  it.each(cases(kind, true))('fails that says $says', async ({ place, fails, because = /./u }) => {
    const outcome = await askServer(kind, `${server.origin}/${kind}/${place}`, chatWork({ options: { tools } }))
    expect(outcome).toMatchObject({ kind: 'failed', reason: fails, message: expect.stringMatching(because) })
  })

  it.each(cases(kind, false))(
    'is taken that says $says',
    async ({ place, text = '', calls = [], confidence = 0.5, ends, odd = [] }) => {
      const registry = new Registry()
      const meter = createUpstreamMeter(registry)
      const work = chatWork({ options: { tools } })
      const outcome = await askServer(kind, `${server.origin}/${kind}/${place}`, work, { meter })
      if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
      const { output, rawConfidence } = outcome.result
      if (output.kind !== 'text') throw new Error(`it is of kind ${output.kind}`)
      const { toolCalls = [] } = output
      expect(output.finishReason).toBe(ends ?? (calls.length > 0 ? 'tool_calls' : 'stop'))
      expect(output.text).toBe(text)
      expect(toolCalls.map(one => `${one.name} ${one.argumentsJson}`)).toEqual(calls)
      expect(new Set(toolCalls.map(one => one.id)).size).toBe(calls.length)
      expect(rawConfidence).toBe(confidence)
      const counter = await registry.getSingleMetric('sluice_worker_upstream_oddities_total')?.get()
      const found = counter?.values.filter(({ value }) => value > 0).map(({ labels }) => labels['kind'])
      expect(found?.filter(one => one !== 'usage-missing').toSorted()).toEqual(odd.toSorted())
    },
  )
})
