import type Anthropic from '@anthropic-ai/sdk'
import { createParser } from 'eventsource-parser'
import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  chatBody,
  messagesBody,
  responsesBody,
  startWireGateway,
  type WireGateway,
} from '../../support/gateways/wire-gateway.ts'
import { readFixtures, type WireFixture } from '../../support/wire/fixture.ts'
import { createSdkCheck, type SdkCheck, type SdkType } from '../../support/wire/sdk-schemas.ts'

/** What real servers streamed, on the wire that all of them speak. */
const recorded = readFixtures().flatMap(fixture => {
  const [one, ...more] = fixture.exchanges
  const isChat = one?.path === '/v1/chat/completions' && more.length === 0 && one.status === 200
  return isChat ? [{ ...fixture, name: nameOf(fixture), exchange: one }] : []
})
/** Each answer of a server once: some say the same whatever they are asked. */
const told = recorded.filter(
  (one, place) => one.outcome.kind === 'done' && recorded.findIndex(other => saidBy(other) === saidBy(one)) === place,
)
const broken = recorded.filter(({ outcome }) => outcome.kind === 'failed')

function saidBy({ server, outcome, exchanges: [one] }: WireFixture): string {
  return JSON.stringify([server, one?.contentType, outcome.kind === 'done' ? outcome.output : outcome])
}

function nameOf({ server, case: of }: WireFixture): string {
  return `${server}/${of.replaceAll(' ', '-')}`
}

let wire: WireGateway
let openai: OpenAI
let anthropic: Anthropic
let faultsOf: SdkCheck

beforeAll(async () => {
  faultsOf = createSdkCheck()
  wire = await startWireGateway(Object.fromEntries(recorded.map(({ name, exchange }) => [name, exchange])))
  ;({ openai, anthropic } = wire)
})
afterAll(() => wire?.stop())

interface Output {
  readonly text: string
  readonly finishReason: 'stop' | 'length' | 'tool_calls'
  readonly toolCalls?: readonly { readonly name: string; readonly argumentsJson: string }[]
}

function outputOf({ outcome }: WireFixture): Output {
  if (outcome.kind === 'failed') throw new Error('it failed')
  return outcome.output as Output
}

async function streamOf(path: string, body: object): Promise<readonly unknown[]> {
  const response = await wire.post(path, { ...body, stream: true, ...(path.includes('chat') ? withUsage : {}) })
  return eventsIn(await response.text())
}
const withUsage = { stream_options: { include_usage: true } }

function eventsIn(text: string): readonly unknown[] {
  const events: unknown[] = []
  const parser = createParser({ onEvent: ({ data }) => data !== '[DONE]' && events.push(JSON.parse(data)) })
  parser.feed(text)
  return events
}

/** Without the two fields that the gateway adds, and with the one that the SDK adds to a response. */
function withoutOwn(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => {
      if (key === 'sluice' || key === 'reasoning_content') return undefined
      const isResponse = typeof inner === 'object' && inner !== null && 'object' in inner && inner.object === 'response'
      return isResponse ? { output_text: '', ...inner } : inner
    }),
  )
}

function expectOfType(type: SdkType, values: readonly unknown[]): void {
  expect([...new Set(values.flatMap(value => faultsOf(type, withoutOwn(value))))]).toEqual([])
}

const stopReasons = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }

describe('the streams of real servers, passed on over each wire', () => {
  it('were recorded', () => {
    expect(new Set(told.map(one => one.server)).size).toBeGreaterThanOrEqual(3)
    expect(new Set(told.map(one => outputOf(one).finishReason))).toEqual(new Set(['stop', 'length', 'tool_calls']))
    expect(broken.length).toBeGreaterThan(0)
  })

  it.each(told.map(one => [one.name, one] as const))('%s', async (name, one) => {
    const { text, finishReason, toolCalls = [] } = outputOf(one)
    const calls = toolCalls.map(({ name: of, argumentsJson }) => [of, JSON.parse(argumentsJson)] as const)
    const [chunks, events, pieces] = await Promise.all([
      streamOf('/v1/chat/completions', chatBody(name)),
      streamOf('/v1/responses', responsesBody(name)),
      streamOf('/v1/messages', messagesBody(name)),
    ])
    expectOfType('ChatCompletionChunk', chunks)
    expectOfType('ResponseStreamEvent', events)
    expectOfType(
      'RawMessageStreamEvent',
      pieces.filter(piece => (piece as { type: string }).type !== 'ping'),
    )
    const wholes = await Promise.all(
      [
        ['/v1/chat/completions', chatBody(name)] as const,
        ['/v1/responses', responsesBody(name)] as const,
        ['/v1/messages', messagesBody(name)] as const,
      ].map(async ([path, body]) => (await wire.post(path, body)).json() as unknown),
    )
    expectOfType('ChatCompletion', wholes.slice(0, 1))
    expectOfType('Response', wholes.slice(1, 2))
    expectOfType('Message', wholes.slice(2))

    const [completion, response, message] = await Promise.all([
      openai.chat.completions.stream(chatBody(name)).finalChatCompletion(),
      openai.responses.stream(responsesBody(name)).finalResponse(),
      anthropic.messages.stream(messagesBody(name)).finalMessage(),
    ])
    const [choice] = completion.choices
    expect(choice?.message.content ?? '').toBe(text)
    expect(choice?.finish_reason).toBe(finishReason)
    expect(choice?.message.tool_calls?.map(call => [call.function.name, JSON.parse(call.function.arguments)])).toEqual(
      calls.length === 0 ? undefined : calls,
    )
    expect(response.output_text).toBe(text)
    expect(response.status).toBe(finishReason === 'length' ? 'incomplete' : 'completed')
    const items = response.output.flatMap(item => (item.type === 'function_call' ? [item] : []))
    expect(items.map(item => [item.name, JSON.parse(item.arguments)])).toEqual(calls)
    expect(message.content.map(block => (block.type === 'text' ? block.text : '')).join('')).toBe(text)
    expect(message.stop_reason).toBe(stopReasons[finishReason])
    const used = message.content.flatMap(block => (block.type === 'tool_use' ? [block] : []))
    expect(used.map(block => [block.name, block.input])).toEqual(calls)
  })
})

/** The kinds of events in their order, the same in a row told once. */
function shapeOf(events: readonly unknown[]): readonly string[] {
  const kinds = events.map(event => {
    const { type, delta, content_block: block, item, part } = event as Record<string, unknown>
    const inner = [delta, block, item, part].flatMap(one =>
      typeof one === 'object' && one !== null && 'type' in one ? [String(one.type)] : [],
    )
    return [String(type), ...inner].join(' ')
  })
  return kinds.filter((kind, at) => kind !== kinds[at - 1] && kind !== 'ping')
}

describe('the order of events is that of a real server', () => {
  const served = (path: string) =>
    readFixtures().filter(
      // One recorded stream lacks its first event.
      ({ exchanges: [one], outcome }) =>
        one?.path === path && one.status === 200 && outcome.kind === 'done' && outcome.oddities.length === 0,
    )
  /** A chat whose stream ended the same way. */
  const alike = (fixture: WireFixture) => {
    const shape = ({ text, finishReason, toolCalls = [] }: Output): string =>
      `${text === '' ? 'silent' : 'text'} ${finishReason} ${toolCalls.length}`
    return told.find(one => shape(outputOf(one)) === shape(outputOf(fixture)))
  }

  it.each(served('/v1/messages').map(one => [one.case, one] as const))('%s, on Anthropic’s wire', async (_, one) => {
    const chat = alike(one)
    if (chat === undefined) throw new Error('there is no chat like it')
    const ours = shapeOf(await streamOf('/v1/messages', messagesBody(chat.name)))
    expect(ours).toEqual(shapeOf(eventsIn(one.exchanges[0]?.answered ?? '')))
  })

  it.each(served('/v1/responses').map(one => [one.case, one] as const))('%s, over responses', async (_, one) => {
    const chat = alike(one)
    if (chat === undefined) throw new Error('there is no chat like it')
    const ours = shapeOf(await streamOf('/v1/responses', responsesBody(chat.name)))
    expect(ours).toEqual(shapeOf(eventsIn(one.exchanges[0]?.answered ?? '')))
  })
})

describe('the streams of real servers that end without an answer', () => {
  it.each(broken.map(one => one.name))('%s is an error with a status', async name => {
    for (const [path, body] of [
      ['/v1/chat/completions', chatBody(name)],
      ['/v1/responses', responsesBody(name)],
      ['/v1/messages', messagesBody(name)],
    ] as const) {
      const response = await wire.post(path, { ...body, stream: true })
      expect([path, response.status]).toEqual([path, 503])
      expect(await response.json()).toMatchObject({ error: { message: expect.any(String), type: expect.any(String) } })
    }
  })
})
