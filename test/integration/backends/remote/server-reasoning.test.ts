import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Reasoning } from '#services/contract/content'
import { conversationOf, type Message } from '#services/contract/conversation'
import { createCallDeltaReader } from '#services/contract/answer'
import type { LoadedPart, Outcome } from '#services/backends/work'
import type { RunControl } from '#services/backends/backend'
import { encodeChat } from '#services/backends/openai/chat-request'
import { encodeResponses } from '#services/backends/openai/responses-request'
import { encodeGemini } from '#services/backends/gemini/gemini-request'
import { encodeMessages } from '#services/backends/anthropic/messages-request'
import { askServer, chatWork, wirePaths, type Wire } from '../../../support/servers/ask-server.ts'
import { onTheWire } from '../../../support/gateways/on-the-wire.ts'
import { startScriptedServer, type ScriptedServer } from '../../../support/servers/scripted-server.ts'

interface Case {
  readonly kind: Wire
  readonly says: string
  readonly body: string
  /** What the model thought, as it is told and as it is kept. */
  readonly told: string
  readonly kept: readonly Reasoning[]
  /** Text of the answer; `Oslo` when absent. */
  readonly text?: string
  /** How its message goes back to the same model within a loop of tools. */
  readonly back: object
}

const data = (...events: readonly unknown[]): string =>
  events.map(event => `data: ${JSON.stringify(event)}\n\n`).join('')
const chat = (...deltas: readonly object[]): string =>
  `${data(...deltas.map(delta => ({ choices: [{ index: 0, delta }] })), { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}data: [DONE]\n\n`
const message = (...events: readonly object[]): string =>
  data(...events, { type: 'message_delta', delta: { stop_reason: 'end_turn' } }, { type: 'message_stop' })
const gemini = (...parts: readonly object[]): string =>
  data(...parts.map(part => ({ candidates: [{ content: { parts: [part] } }] })), {
    candidates: [{ finishReason: 'STOP' }],
  })
const called = { functionCall: { name: 'weather', args: { city: 'Oslo' } } }

const cases: readonly Case[] = [
  {
    kind: 'openai',
    says: 'reasoning_content',
    body: chat({ reasoning_content: 'Norway: ' }, { reasoning_content: 'Oslo.' }, { content: 'Oslo' }),
    told: 'Norway: Oslo.',
    kept: [{ text: 'Norway: Oslo.', model: 'm' }],
    back: { content: 'Oslo', reasoning_content: 'Norway: Oslo.' },
  },
  {
    kind: 'openai',
    says: 'reasoning',
    body: chat({ reasoning: 'Norway: ' }, { reasoning: 'Oslo.' }, { content: 'Oslo' }),
    told: 'Norway: Oslo.',
    kept: [{ text: 'Norway: Oslo.', signature: 'field:reasoning', model: 'm' }],
    back: { content: 'Oslo', reasoning: 'Norway: Oslo.' },
  },
  {
    kind: 'openai',
    says: 'reasoning_details in pieces, with a proof',
    body: chat(
      { reasoning: 'a', reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'a' }] },
      { reasoning: 'b', reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'b', signature: 's' }] },
      { reasoning_details: [{ type: 'reasoning.encrypted', index: 1, data: 'xyz' }] },
      { content: 'Oslo' },
    ),
    told: 'ab',
    kept: [
      { text: 'ab', signature: expect.stringContaining('reasoning.text'), model: 'm' },
      { text: '', signature: expect.stringContaining('xyz'), model: 'm' },
    ],
    back: {
      content: 'Oslo',
      reasoning_details: [
        { type: 'reasoning.text', index: 0, text: 'ab', signature: 's' },
        { type: 'reasoning.encrypted', index: 1, data: 'xyz' },
      ],
    },
  },
  {
    kind: 'openai',
    says: 'parts of thinking in its content',
    body: chat({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'so' }] }] }, { content: 'Oslo' }),
    told: 'so',
    kept: [{ text: 'so', model: 'm' }],
    back: { content: 'Oslo', reasoning_content: 'so' },
  },
  {
    kind: 'openai',
    says: 'tags, cut anywhere',
    body: chat(
      ...['<th', 'ink>\nNorway', ': <b>Os', 'lo</b></th', 'ink>', '\n\n', 'Os', 'lo'].map(content => ({ content })),
    ),
    told: 'Norway: <b>Oslo</b>',
    kept: [{ text: 'Norway: <b>Oslo</b>', model: 'm' }],
    back: { content: 'Oslo', reasoning_content: 'Norway: <b>Oslo</b>' },
  },
  {
    kind: 'openai',
    says: 'tags within its text, which are text',
    body: chat({ content: 'Write ' }, { content: '<think>x</think>' }),
    told: '',
    kept: [],
    text: 'Write <think>x</think>',
    back: { content: 'Write <think>x</think>' },
  },
  {
    kind: 'anthropic',
    says: 'thinking with a signature, and thinking that is hidden',
    body: message(
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Norway: ' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Oslo.' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2ln' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'redacted_thinking', data: 'aGlk' } },
      { type: 'content_block_start', index: 2, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'text_delta', text: 'Oslo' } },
    ),
    told: 'Norway: Oslo.',
    kept: [
      { text: 'Norway: Oslo.', signature: 'c2ln', model: 'm' },
      { text: '', signature: 'redacted:aGlk', model: 'm' },
    ],
    back: {
      content: [
        { type: 'thinking', thinking: 'Norway: Oslo.', signature: 'c2ln' },
        { type: 'redacted_thinking', data: 'aGlk' },
        { type: 'text', text: 'Oslo' },
        { type: 'tool_use', id: 'x', name: 'weather', input: {} },
      ],
    },
  },
  {
    kind: 'gemini',
    says: 'thoughts, and a signature of its text',
    body: gemini({ text: 'Norway.', thought: true }, { text: 'Oslo' }, { text: '', thoughtSignature: 'c2ln' }),
    told: 'Norway.',
    kept: [
      { text: 'Norway.', model: 'm' },
      { text: '', signature: 'text:c2ln', model: 'm' },
    ],
    back: { parts: [{ text: 'Oslo', thoughtSignature: 'c2ln' }, { functionCall: { name: 'weather', args: {} } }] },
  },
  {
    kind: 'gemini',
    says: 'a signature of its call',
    body: gemini({ text: 'Oslo' }, { ...called, thoughtSignature: 'c2ln' }, called),
    told: '',
    kept: [{ text: '', signature: 'call0:c2ln', model: 'm' }],
    back: { parts: [{ text: 'Oslo' }, { functionCall: { name: 'weather' }, thoughtSignature: 'c2ln' }] },
  },
]

/** Events of OpenAI's Responses. */
const responses = data(
  { type: 'response.created', response: {} },
  { type: 'response.output_item.added', output_index: 0, item: { type: 'reasoning', id: 'rs_1', summary: [] } },
  { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', delta: 'Norway: ' },
  { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', delta: 'Oslo.' },
  {
    type: 'response.output_item.done',
    output_index: 0,
    item: {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'Norway: Oslo.' }],
      encrypted_content: 'c2ln',
    },
  },
  { type: 'response.output_item.added', output_index: 1, item: { type: 'message', id: 'msg_1' } },
  { type: 'response.output_text.delta', output_index: 1, item_id: 'msg_1', delta: 'Os', logprobs: [{ logprob: -0.1 }] },
  { type: 'response.output_text.delta', output_index: 1, item_id: 'msg_1', delta: 'lo' },
  {
    type: 'response.output_item.added',
    output_index: 2,
    item: { type: 'function_call', id: 'fc_1', call_id: 'x', name: 'weather', arguments: '' },
  },
  { type: 'response.function_call_arguments.delta', output_index: 2, item_id: 'fc_1', delta: '{"city":' },
  { type: 'response.function_call_arguments.delta', output_index: 2, item_id: 'fc_1', delta: '"Oslo"}' },
  {
    type: 'response.completed',
    response: {
      usage: {
        input_tokens: 30,
        input_tokens_details: { cached_tokens: 20 },
        output_tokens: 12,
        output_tokens_details: { reasoning_tokens: 5 },
        total_tokens: 42,
      },
    },
  },
)
const failures = {
  '/late/responses': data(
    { type: 'response.created', response: {} },
    { type: 'response.output_text.delta', delta: 'Os' },
  ),
  '/full/responses': data(
    { type: 'response.output_text.delta', delta: 'Os' },
    { type: 'response.incomplete', response: { incomplete_details: { reason: 'max_output_tokens' } } },
  ),
  '/broken/responses': data({
    type: 'response.failed',
    response: { error: { code: 'server_error', message: 'something went wrong' } },
  }),
}

let server: ScriptedServer
beforeAll(async () => {
  const scripts = cases.map(({ kind, body }, place) => [`/${place}${wirePaths[kind]}`, body] as const)
  server = await startScriptedServer({
    ...Object.fromEntries(scripts),
    ...failures,
    '/whole/responses': responses,
  })
})
afterAll(() => server.close())

/** A loop of tools that the answer began. */
function loop(thoughts: readonly Reasoning[], text: string): readonly Message<LoadedPart>[] {
  const call = { kind: 'tool-call', id: 'x', name: 'weather', argumentsJson: '' } as const
  return [
    { role: 'user', parts: [{ kind: 'text', text: 'Where?' }] },
    {
      role: 'assistant',
      parts: [...thoughts.map(one => ({ kind: 'reasoning', ...one }) as const), { kind: 'text', text }, call],
    },
    { role: 'tool', parts: [{ kind: 'tool-result', callId: 'x', content: 'rain' }] },
  ]
}

function messageBack(kind: Wire, model: string, messages: readonly Message<LoadedPart>[]): object {
  const work = chatWork({ model, ...conversationOf(messages) })
  if (kind === 'openai') {
    return onTheWire(encodeChat(work, { model: 'm', logprobs: false, capField: 'max_tokens' })).messages[1] ?? {}
  }
  if (kind === 'anthropic') return onTheWire(encodeMessages(work, 'm')).messages[1] ?? {}
  return onTheWire(encodeGemini(work, { logprobs: false })).contents[1] ?? {}
}

describe.each(cases)('an answer of $kind that says $says', ({ kind, body, told, kept, text = 'Oslo', back }) => {
  it('is told apart from what the model thought, and goes back as it came to its model alone', async () => {
    const pieces: Record<string, string> = { text: '', reasoning: '', 'tool-calls': '' }
    const onDelta = async (_leg: unknown, piece: string, of = 'text'): Promise<void> => void (pieces[of] += piece)
    const place = cases.findIndex(one => one.body === body)
    const options = { tools: [{ name: 'weather', parametersJson: '{}' }] }
    const work = chatWork({ streaming: true, options })
    const outcome = await askServer(kind, `${server.origin}/${place}`, work, { onDelta })
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
    const { output } = outcome.result
    if (output.kind !== 'text') throw new Error(`it is of kind ${output.kind}`)
    expect(pieces).toMatchObject({ text, reasoning: told })
    expect(output.text).toBe(text)
    expect(output.reasoning ?? []).toEqual(kept)
    const messages = loop(output.reasoning ?? [], text)
    expect(messageBack(kind, 'm', messages)).toMatchObject(back)
    const elsewhere = JSON.stringify(messageBack(kind, 'other', messages))
    expect(elsewhere).toContain(text)
    expect(elsewhere).not.toMatch(/Norway|c2ln|aGlk|xyz|reasoning/u)
  })
})

describe('OpenAI’s Responses', () => {
  const options = { tools: [{ name: 'weather', parametersJson: '{}' }] }
  const ask = (path: string, onDelta?: RunControl['onDelta']): Promise<Outcome> =>
    askServer('openai', `${server.origin}${path}`, chatWork({ streaming: true, options }), {
      spec: { api: 'responses', logprobs: true },
      ...(onDelta === undefined ? {} : { onDelta }),
    })

  it('are read whole: thoughts with their proof, text, calls and what was counted', async () => {
    const pieces: Record<string, string> = { text: '', reasoning: '', 'tool-calls': '' }
    const outcome = await ask('/whole', async (_leg, piece, of = 'text') => void (pieces[of] += piece))
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
    expect(pieces).toMatchObject({ text: 'Oslo', reasoning: 'Norway: Oslo.' })
    const calls = createCallDeltaReader()(pieces['tool-calls'] ?? '')
    expect(calls[0]).toMatchObject({ index: 0, id: 'x', name: 'weather' })
    expect(calls.map(one => one.argumentsJson).join('')).toBe('{"city":"Oslo"}')
    expect(outcome.result.output).toEqual({
      kind: 'text',
      text: 'Oslo',
      toolCalls: [{ id: 'x', name: 'weather', argumentsJson: '{"city":"Oslo"}' }],
      reasoning: [{ text: 'Norway: Oslo.', signature: 'responses:rs_1 c2ln', model: 'm' }],
      finishReason: 'tool_calls',
    })
    expect(outcome.result.usage).toMatchObject({
      inputTokens: 10,
      cachedTokens: 20,
      outputTokens: 7,
      reasoningTokens: 5,
    })
  })

  it.each([
    ['/late', 'failed'],
    ['/broken', 'failed'],
    ['/full', 'done'],
  ])('that end otherwise (%s) are %s', async (path, kind) => {
    const outcome = await ask(path)
    expect(outcome.kind).toBe(kind)
    const ending = outcome.kind === 'done' && outcome.result.output.kind === 'text' ? outcome.result.output : undefined
    expect(ending?.finishReason).toBe(kind === 'done' ? 'length' : undefined)
  })

  it('are asked with the conversation as items, each thought with its proof to its own model alone', () => {
    const proof = { text: 'Norway.', signature: 'responses:rs_1 c2ln' }
    const thoughts = [
      { ...proof, model: 'm' },
      { ...proof, model: 'other' },
    ]
    const work = chatWork({
      model: 'm',
      ...conversationOf(loop(thoughts, 'Let me see.')),
      options: {
        ...options,
        maxOutputTokens: 900,
        responseFormat: { kind: 'json-schema', schemaJson: '{"type":"object"}' },
        reasoning: { effort: 'low' },
      },
    })

    expect(onTheWire(encodeResponses(work, 'm', { logprobs: false }))).toMatchObject({
      model: 'm',
      store: false,
      stream: true,
      max_output_tokens: 900,
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' } } },
      tools: [{ type: 'function', name: 'weather', parameters: {}, strict: false }],
      tool_choice: 'auto',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Where?' }] },
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'Norway.' }],
          encrypted_content: 'c2ln',
        },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Let me see.' }] },
        { type: 'function_call', call_id: 'x', name: 'weather', arguments: '{}' },
        { type: 'function_call_output', call_id: 'x', output: 'rain' },
      ],
    })
  })
})
