import Anthropic from '@anthropic-ai/sdk'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { APIError, type OpenAI } from 'openai'
import { ContentFilterFinishReasonError, LengthFinishReasonError } from 'openai/core/error'
import { zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { acmeKey } from '../../support/http-gateway.ts'
import {
  chatBody,
  messagesBody,
  responsesBody,
  startWireGateway,
  type WireGateway,
} from '../../support/gateways/wire-gateway.ts'
import { deltaOf, endOf } from '../../support/gateways/wire-server.ts'

const call = (index: number, more: object): object => deltaOf({ tool_calls: [{ index, ...more }] })

/** Opened by the test that has seen what came before it. */
let openGate: () => void = () => {}

const scripts = {
  text: [deltaOf({ content: 'Hello' }), deltaOf({ content: ' there' }), endOf('stop')],
  tools: [
    deltaOf({ content: 'I ask both.' }),
    call(0, { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '' } }),
    call(0, { function: { arguments: '{"city":' } }),
    call(0, { function: { arguments: '"Oslo"}' } }),
    call(1, { id: 'call_b', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } }),
    endOf('tool_calls'),
  ],
  reasoning: [
    deltaOf({ reasoning_content: 'They greet' }),
    deltaOf({ reasoning_content: ' me.' }),
    deltaOf({ content: 'Hello' }),
    endOf('stop'),
  ],
  refusal: [deltaOf({ refusal: 'I cannot' }), deltaOf({ refusal: ' help with that.' }), endOf('stop')],
  filter: [deltaOf({ content: 'First you' }), deltaOf({ content: ' take' }), endOf('content_filter')],
  length: [deltaOf({ content: 'Hello' }), deltaOf({ content: ' the' }), endOf('length')],
  silent: [endOf('length')],
  thinking: [deltaOf({ reasoning_content: 'They greet' }), endOf('length')],
  halfCall: [
    deltaOf({ content: 'I ask.' }),
    call(0, { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }),
    call(1, { id: 'call_b', type: 'function', function: { name: 'weather', arguments: '{"ci' } }),
    endOf('length'),
  ],
  slowCall: [
    call(0, { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '' } }),
    call(0, { function: { arguments: '{"city":' } }),
    { wait: () => new Promise<void>(resolve => (openGate = resolve)) },
    call(0, { function: { arguments: '"Oslo"}' } }),
    endOf('tool_calls'),
  ],
  broken: [deltaOf({ content: 'Hello' }), { error: { message: 'the engine died', type: 'server_error', code: 500 } }],
}
type Script = keyof typeof scripts
/** Those whose stream is whole. */
const ended = Object.keys(scripts).filter(name => name !== 'broken' && name !== 'slowCall') as Script[]

/** Those that the cap on output ended. */
const cutByLength: readonly Script[] = ['length', 'silent', 'thinking', 'halfCall']

/**
 * Those that come the same whole and streamed: a filter stops a whole answer before it is told, and of a call that the
 * cap cuts a stream shows the beginning.
 */
const put = ended.filter(name => name !== 'filter' && name !== 'halfCall')

let wire: WireGateway
let openai: OpenAI
let anthropic: Anthropic

beforeAll(async () => {
  wire = await startWireGateway(scripts)
  ;({ openai, anthropic } = wire)
})
afterAll(() => wire?.stop())

/** The events of a stream as they stand on the wire. */
async function eventsOf(path: string, body: object): Promise<readonly EventSourceMessage[]> {
  const response = await wire.post(path, { ...body, stream: true })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/u)
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: event => events.push(event) })
  parser.feed(await response.text())
  return events
}

/** Without what is of one request alone. */
const bare = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, inner: unknown) =>
      [
        'id',
        'created',
        'created_at',
        'completed_at',
        'sluice',
        'usage',
        'output_text',
        'parsed',
        '_request_id',
      ].includes(key) || key === 'parsed_arguments'
        ? undefined
        : inner,
    ),
  )

type Chunk = OpenAI.ChatCompletionChunk

describe('chat completions', () => {
  it.each(ended)('keep to the order of chunks: %s', async name => {
    const events = await eventsOf('/v1/chat/completions', {
      ...chatBody(name),
      stream_options: { include_usage: true },
    })
    expect(events.every(({ event }) => event === undefined)).toBe(true)
    expect(events.at(-1)?.data).toBe('[DONE]')
    const chunks = events.slice(0, -1).map(({ data }) => JSON.parse(data) as Chunk)
    expect(new Set(chunks.map(({ id, object, created, model }) => `${id} ${object} ${created} ${model}`)).size).toBe(1)
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' })
    expect(chunks.slice(1).some(({ choices }) => choices[0]?.delta.role !== undefined)).toBe(false)
    // Why it ended stands in the last chunk with a choice alone; the usage follows, without one.
    const reasons = chunks.map(({ choices }) => choices[0]?.finish_reason)
    expect(reasons.slice(0, -2).every(reason => reason === null)).toBe(true)
    expect(reasons.at(-2)).toMatch(/^(?:stop|length|tool_calls|content_filter)$/u)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } })
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
    const begun = new Set<number>()
    for (const one of chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])) {
      const isFirst = !begun.has(one.index)
      begun.add(one.index)
      expect([one.id !== undefined, one.type, one.function?.name !== undefined]).toEqual(
        isFirst ? [true, 'function', true] : [false, undefined, false],
      )
    }
    expect([...begun]).toEqual(name === 'tools' || name === 'halfCall' ? [0, 1] : [])
  })

  it.each(put.filter(name => !['reasoning', 'thinking', 'silent'].includes(name)))(
    'are put together by the SDK as they come whole: %s',
    async name => {
      const whole = await openai.chat.completions.create(chatBody(name))
      const stream = openai.chat.completions.stream(chatBody(name))
      const assembled = (await stream.finalChatCompletion()) as OpenAI.ChatCompletion
      expect(bare({ ...assembled.choices[0], logprobs: null })).toEqual(bare(whole.choices[0]))
      const ends: Partial<Record<Script, string>> = { text: 'stop', tools: 'tool_calls', refusal: 'stop' }
      expect(whole.choices[0]?.finish_reason).toBe(ends[name] ?? 'length')
    },
  )

  it('end where a filter stopped them, with what was told', async () => {
    const told = await openai.chat.completions.stream(chatBody('filter')).finalChatCompletion()
    expect(told.choices[0]).toMatchObject({ message: { content: 'First you take' }, finish_reason: 'content_filter' })
    const whole = await openai.chat.completions.create(chatBody('filter'))
    expect(whole.choices[0]).toMatchObject({ message: { content: null }, finish_reason: 'content_filter' })
  })

  it('are answers where the cap came before the first word, over gRPC too', async () => {
    const silent = await openai.chat.completions.create(chatBody('silent'))
    expect(silent.choices[0]).toMatchObject({ message: { content: '', refusal: null }, finish_reason: 'length' })
    const thought = await openai.chat.completions.create(chatBody('thinking'))
    expect(thought.choices[0]).toMatchObject({
      message: { content: '', reasoning_content: 'They greet' },
      finish_reason: 'length',
    })
    const answer = await wire.gateway.client.infer(
      { task: 'TASK_GENERATE', content: [{ text: 'silent' }] },
      { authorization: `Bearer ${acmeKey}` },
    )
    expect(answer.output).toMatchObject({ text: '', finishReason: 'length' })
  })

  it('say in the fields of the wire that a model refused, and that it thought', async () => {
    const refused = await openai.chat.completions.create(chatBody('refusal'))
    expect(refused).toMatchObject({
      choices: [{ message: { content: null, refusal: 'The model refused to answer.' }, finish_reason: 'stop' }],
      sluice: { confidence: 0, rungs: [{ model: 'chat', verdict: 'failed' }] },
    })
    const thought = await openai.chat.completions.create(chatBody('reasoning'))
    expect(thought.choices[0]?.message).toMatchObject({ content: 'Hello', reasoning_content: 'They greet me.' })
  })

  it('are taken by the helper of structured output for what they are', async () => {
    const shape = zodResponseFormat(z.object({ name: z.string() }), 'thing')
    const parse = (name: Script) =>
      openai.chat.completions.parse({ model: 'auto', messages: chatBody(name).messages, response_format: shape })
    const { choices } = await parse('refusal')
    expect(choices[0]?.message).toMatchObject({ parsed: null, refusal: 'The model refused to answer.' })
    await expect(parse('length')).rejects.toThrow(LengthFinishReasonError)
    await expect(parse('filter')).rejects.toThrow(ContentFilterFinishReasonError)
  })

  it('end by an error in the middle', async () => {
    const events = await eventsOf('/v1/chat/completions', chatBody('broken'))
    const datas = events.map(({ data }) => data)
    expect(datas.at(-1)).toBe('[DONE]')
    expect(JSON.parse(datas.at(-2) ?? '')).toMatchObject({ error: { type: 'server_error', code: expect.any(String) } })
    const told = datas.slice(0, -2).map(data => (JSON.parse(data) as Chunk).choices[0])
    expect(told.map(choice => choice?.delta.content).join('')).toBe('Hello')
    expect(told.every(choice => choice?.finish_reason === null)).toBe(true)
    await expect(openai.chat.completions.stream(chatBody('broken')).finalChatCompletion()).rejects.toThrow(APIError)
  })
})

interface ResponseEvent {
  readonly type: string
  readonly sequence_number: number
  readonly output_index?: number
  readonly content_index?: number
  readonly item_id?: string
  readonly delta?: string
  readonly item?: OpenAI.Responses.ResponseOutputItem
  readonly response?: OpenAI.Responses.Response
}

/** The events of one item between its start and its end, each kind once. */
const withinItem: Readonly<Record<string, readonly string[]>> = {
  message: ['content_part.added', 'output_text.delta', 'output_text.done', 'content_part.done'],
  refusal: ['content_part.added', 'refusal.delta', 'refusal.done', 'content_part.done'],
  reasoning: [
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
  ],
  function_call: ['function_call_arguments.delta', 'function_call_arguments.done'],
}

describe('responses', () => {
  const kinds: Readonly<Partial<Record<Script, readonly string[]>>> = {
    text: ['message'],
    tools: ['message', 'function_call', 'function_call'],
    reasoning: ['reasoning', 'message'],
    refusal: ['refusal'],
    filter: ['message'],
    length: ['message'],
    silent: [],
    thinking: ['reasoning'],
    halfCall: ['message', 'function_call', 'function_call'],
  }

  it.each(ended)('keep to the order of events: %s', async name => {
    const events = await eventsOf('/v1/responses', responsesBody(name))
    const read = events.map(({ event, data }) => {
      const value = JSON.parse(data) as ResponseEvent
      expect(value.type).toBe(event)
      return value
    })
    expect(read.map(one => one.sequence_number)).toEqual(read.map((_, index) => index))
    const isCut = cutByLength.includes(name) || name === 'filter'
    expect(read.slice(0, 2).map(one => one.type)).toEqual(['response.created', 'response.in_progress'])
    expect(read.at(-1)?.type).toBe(isCut ? 'response.incomplete' : 'response.completed')
    const { response: final } = read.at(-1) ?? {}
    expect(final?.incomplete_details ?? null).toEqual(
      isCut ? { reason: name === 'filter' ? 'content_filter' : 'max_output_tokens' } : null,
    )
    // Items follow one another, each whole before the next begins, and are the output of the last event.
    const items = kinds[name]?.map((_, place) => read.slice(2, -1).filter(one => one.output_index === place)) ?? []
    expect(items.flat()).toEqual(read.slice(2, -1))
    for (const [place, item] of items.entries()) {
      const inner = item.slice(1, -1)
      expect(item[0]?.type).toBe('response.output_item.added')
      expect(item.at(-1)?.type).toBe('response.output_item.done')
      expect(item.at(-1)?.item).toEqual(final?.output[place])
      expect([...new Set(inner.map(one => one.type.replace('response.', '')))]).toEqual(
        withinItem[kinds[name]?.[place] ?? ''],
      )
      expect(new Set(inner.map(one => one.item_id))).toEqual(new Set([item[0]?.item?.id]))
    }
  })

  it.each(put)('are put together by the SDK as they come whole: %s', async name => {
    const whole = await openai.responses.create(responsesBody(name))
    const assembled = await openai.responses.stream(responsesBody(name)).finalResponse()
    const items = (response: OpenAI.Responses.Response): unknown =>
      bare(response.output.map(item => ({ ...item, ...('call_id' in item ? { id: '' } : {}) })))
    expect(items(assembled)).toEqual(items(whole))
    expect([assembled.status, assembled.incomplete_details]).toEqual([whole.status, whole.incomplete_details])
  })

  it('end where a filter stopped them, with what was told', async () => {
    const cut = { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }
    const told = await openai.responses.stream(responsesBody('filter')).finalResponse()
    expect(told).toMatchObject({ ...cut, output: [{ content: [{ type: 'output_text', text: 'First you take' }] }] })
    expect(await openai.responses.create(responsesBody('filter'))).toMatchObject({ ...cut, output: [] })
  })

  it('have a part of their own for a refusal', async () => {
    const { output } = await openai.responses.create(responsesBody('refusal'))
    expect(output).toMatchObject([{ content: [{ type: 'refusal', refusal: 'The model refused to answer.' }] }])
  })

  it('end by an error in the middle', async () => {
    const events = (await eventsOf('/v1/responses', responsesBody('broken'))).map(
      ({ data }) => JSON.parse(data) as ResponseEvent,
    )
    expect(events.at(-1)).toMatchObject({ type: 'error', message: expect.any(String), code: expect.any(String) })
    expect(events.map(one => one.sequence_number)).toEqual(events.map((_, index) => index))
    expect(events.some(one => one.type === 'response.completed')).toBe(false)
    await expect(openai.responses.stream(responsesBody('broken')).finalResponse()).rejects.toThrow(/.+/u)
  })
})

/** The kind of block that each kind of delta belongs to. */
const blockOfDelta: Readonly<Record<string, string>> = {
  text_delta: 'text',
  input_json_delta: 'tool_use',
  thinking_delta: 'thinking',
  signature_delta: 'thinking',
}

/** The kinds of blocks that events tell one after the other, and every event that is not in its place. */
function readBlocks(events: readonly Anthropic.RawMessageStreamEvent[]) {
  const kinds: string[] = []
  const faults: string[] = []
  let current: number | undefined
  const demand = (holds: boolean, event: object): void => void (holds || faults.push(JSON.stringify(event)))
  for (const event of events) {
    if (event.type === 'content_block_start') {
      demand(current === undefined && event.index === kinds.length, event)
      current = event.index
      kinds.push(event.content_block.type)
    } else if (event.type === 'content_block_delta') {
      demand(event.index === current && blockOfDelta[event.delta.type] === kinds.at(-1), event)
    } else {
      demand(event.type === 'content_block_stop' && event.index === current, event)
      current = undefined
    }
  }
  return { kinds, faults: current === undefined ? faults : [...faults, `block ${current} is not stopped`] }
}

describe('messages', () => {
  const blocks: Readonly<Partial<Record<Script, readonly string[]>>> = {
    text: ['text'],
    tools: ['text', 'tool_use', 'tool_use'],
    reasoning: ['thinking', 'text'],
    refusal: [],
    filter: ['text'],
    length: ['text'],
    silent: [],
    thinking: ['thinking'],
    halfCall: ['text', 'tool_use', 'tool_use'],
  }
  const reasons = {
    text: 'end_turn',
    tools: 'tool_use',
    reasoning: 'end_turn',
    refusal: 'refusal',
    filter: 'refusal',
  } as const

  it.each(ended)('keep to the order of events: %s', async name => {
    const events = (await eventsOf('/v1/messages', messagesBody(name))).map(({ event, data }) => {
      const value = JSON.parse(data) as Anthropic.RawMessageStreamEvent
      expect(value.type).toBe(event)
      return value
    })
    const told = events.filter(({ type }) => (type as string) !== 'ping')
    expect(told[0]).toMatchObject({
      type: 'message_start',
      message: { role: 'assistant', content: [], stop_reason: null },
    })
    expect(told.slice(-2)).toMatchObject([
      {
        type: 'message_delta',
        delta: { stop_reason: cutByLength.includes(name) ? 'max_tokens' : reasons[name as keyof typeof reasons] },
      },
      { type: 'message_stop' },
    ])
    const { kinds, faults } = readBlocks(told.slice(1, -2))
    expect([kinds, faults]).toEqual([blocks[name], []])
  })

  it.each(put)('are put together by the SDK as they come whole: %s', async name => {
    const whole = await anthropic.messages.create(messagesBody(name))
    const assembled = await anthropic.messages.stream(messagesBody(name)).finalMessage()
    expect(assembled.stop_reason).toBe(whole.stop_reason)
    expect(bare(assembled.content)).toEqual(bare(whole.content))
    expect(assembled.usage.output_tokens).toBe(whole.usage.output_tokens)
  })

  it('end where a filter stopped them, with what was told', async () => {
    const told = await anthropic.messages.stream(messagesBody('filter')).finalMessage()
    expect(told).toMatchObject({ content: [{ type: 'text', text: 'First you take' }], stop_reason: 'refusal' })
    const whole = await anthropic.messages.create(messagesBody('filter'))
    expect(whole).toMatchObject({ content: [], stop_reason: 'refusal' })
  })

  it('end by an error in the middle', async () => {
    const events = await eventsOf('/v1/messages', messagesBody('broken'))
    expect(events.at(-1)?.event).toBe('error')
    expect(JSON.parse(events.at(-1)?.data ?? '')).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error', message: expect.any(String) },
    })
    expect(events.some(({ event }) => event === 'message_stop')).toBe(false)
    await expect(anthropic.messages.stream(messagesBody('broken')).finalMessage()).rejects.toThrow(Anthropic.APIError)
  })
})

describe('a call of a tool', () => {
  /** Opens the gate at the first piece, so that a stream whose pieces wait for the end never ends. */
  const opening = (pieces: string[], piece: string): void => {
    if (piece === '') return
    pieces.push(piece)
    openGate()
  }
  const doors: Readonly<Record<string, (pieces: string[]) => Promise<void>>> = {
    async 'chat completions'(pieces) {
      for await (const { choices } of await openai.chat.completions.create({ ...chatBody('slowCall'), stream: true })) {
        opening(pieces, choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? '')
      }
    },
    async responses(pieces) {
      for await (const event of await openai.responses.create({ ...responsesBody('slowCall'), stream: true })) {
        if (event.type === 'response.function_call_arguments.delta') opening(pieces, event.delta)
      }
    },
    async messages(pieces) {
      for await (const event of await anthropic.messages.create({ ...messagesBody('slowCall'), stream: true })) {
        if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta') {
          opening(pieces, event.delta.partial_json)
        }
      }
    },
    async gRPC(pieces) {
      const [tool] = chatBody('').tools
      const tools = [{ name: 'weather', parametersJson: JSON.stringify(tool?.function.parameters) }]
      await wire.gateway.client.inferStream(
        { task: 'TASK_GENERATE', content: [{ text: 'slowCall' }], options: { tools } },
        {
          authorization: `Bearer ${acmeKey}`,
          onEvent: ({ toolCallDelta }) => opening(pieces, toolCallDelta?.argumentsJson ?? ''),
        },
      )
    },
  }

  it.each(Object.keys(doors))('comes as its server sends it: %s', async door => {
    const pieces: string[] = []
    await doors[door]?.(pieces)
    expect(pieces).toEqual(['{"city":', '"Oslo"}'])
  })
})
