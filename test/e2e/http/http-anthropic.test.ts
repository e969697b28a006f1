import Anthropic, { APIError } from '@anthropic-ai/sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readSeal } from '#services/router/edge/http/reasoning-seal'
import { acmeKey, startHttpGateway, type HttpGateway } from '../../support/http-gateway.ts'

let http: HttpGateway
let client: Anthropic

beforeAll(async () => {
  http = await startHttpGateway()
  client = new Anthropic({ baseURL: http.baseUrl, apiKey: acmeKey, maxRetries: 0 })
})
beforeEach(() => {
  http.mock.reset()
  http.mock.on({ hasToolResult: true }, { content: 'It rains in Oslo.' })
  http.mock.onMessage(/weather/u, { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] })
  http.mock.onMessage(/hello/u, { content: 'Hello to you, whoever you are.' })
})
afterAll(async () => {
  await http?.stop()
})

const asked = { model: 'auto', max_tokens: 256 }
const user = (content: string) => [{ role: 'user' as const, content }]
const tools: Anthropic.Tool[] = [
  {
    name: 'weather',
    input_schema: { type: 'object', properties: { city: { type: 'string' } } },
    cache_control: { type: 'ephemeral' },
  },
]

async function failureOf(call: Promise<unknown>): Promise<APIError> {
  try {
    await call
  } catch (error) {
    if (error instanceof APIError) return error
    throw error
  }
  throw new Error('the call succeeded, although it must fail')
}

describe('messages by the SDK of Anthropic', () => {
  it('answers', async () => {
    const { data, response } = await client.messages
      .create({ ...asked, system: 'Be kind.', messages: user('hello') })
      .withResponse()
    expect(data).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'chat',
      content: [{ type: 'text', text: 'Hello to you, whoever you are.' }],
      stop_reason: 'end_turn',
      sluice: { model: 'chat', tier: 'large' },
    })
    expect(data.usage.output_tokens).toBeGreaterThan(0)
    expect(response.headers.get('x-sluice-model')).toBe('chat')
    expect(response.headers.get('request-id')).toMatch(/^req_/u)
  })

  it('streams events in their order, and the assembler of the SDK puts them together', async () => {
    const stream = client.messages.stream({ ...asked, messages: user('hello') })
    const types: string[] = []
    stream.on('streamEvent', event => types.push(event.type))
    const message = await stream.finalMessage()
    expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(message).toMatchObject({
      content: [{ type: 'text', text: 'Hello to you, whoever you are.' }],
      stop_reason: 'end_turn',
      usage: { output_tokens: expect.any(Number) },
    })
    expect(message.usage.output_tokens).toBeGreaterThan(0)
  })

  it('goes through a loop of tools', async () => {
    const first = await client.messages
      .stream({ ...asked, tools, messages: user('what is the weather?') })
      .finalMessage()
    expect(first).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', name: 'weather', input: { city: 'Oslo' } }],
    })
    const [call] = first.content
    if (call?.type !== 'tool_use') throw new Error('the model called no tool')
    const second = await client.messages.create({
      ...asked,
      tools,
      messages: [
        ...user('what is the weather?'),
        { role: 'assistant', content: first.content },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: call.id, content: [{ type: 'text', text: 'rain' }] }],
        },
      ],
    })
    expect(second.content).toMatchObject([{ type: 'text', text: 'It rains in Oslo.' }])
  })

  it('streams what a model thinks, with a proof that a loop of tools can give back', async () => {
    const proof = 'c2lnbmVk'
    http.mock.reset()
    http.mock.on({ hasToolResult: true }, { content: 'It rains in Oslo.' })
    http.mock.onMessage(/weather/u, {
      content: 'I ask.',
      toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }],
      reasoning: 'They want to know.',
      reasoningSignature: proof,
    })
    const thinking = { type: 'enabled' as const, budget_tokens: 1024 }
    const request = { model: 'thinker', max_tokens: 4096, tools, thinking }
    const first = await client.messages.stream({ ...request, messages: user('what is the weather?') }).finalMessage()
    expect(first.content.map(({ type }) => type)).toEqual(['thinking', 'text', 'tool_use', 'redacted_thinking'])
    const [thought, , , sealed] = first.content
    expect(thought).toMatchObject({ thinking: 'They want to know.' })
    const whole = { text: 'They want to know.', signature: proof, model: 'thinker' }
    expect(sealed?.type === 'redacted_thinking' ? readSeal(sealed.data) : undefined).toEqual(whole)
    const call = first.content.find(block => block.type === 'tool_use')
    const second = await client.messages.create({
      ...request,
      messages: [
        ...user('what is the weather?'),
        { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: 'rain' }] },
      ],
    })
    expect(second.content).toMatchObject([{ type: 'text', text: 'It rains in Oslo.' }])
  })

  it('counts tokens', async () => {
    const { input_tokens: short } = await client.messages.countTokens({ model: 'auto', messages: user('hello') })
    const { input_tokens: long } = await client.messages.countTokens({
      model: 'auto',
      messages: user('hello '.repeat(100)),
    })
    expect(short).toBeGreaterThan(0)
    expect(long).toBeGreaterThan(short * 10)
  })

  it('lists models', async () => {
    const names: string[] = []
    for await (const { id, type } of client.models.list()) names.push(`${type} ${id}`)
    expect(names).toContain('model assistant')
  })

  it('is refused in the wire of Anthropic, with the right status', async () => {
    const ask = (more: object) =>
      failureOf(client.messages.create({ ...asked, messages: user('hello'), ...more } as never))
    expect(await ask({ model: 'nobody' })).toMatchObject({
      status: 404,
      error: { type: 'error', error: { type: 'not_found_error' } },
    })
    expect(await ask({ nonsense: 1 })).toMatchObject({
      status: 400,
      error: { error: { type: 'invalid_request_error' } },
    })
    const stranger = new Anthropic({ baseURL: http.baseUrl, apiKey: 'wrong', maxRetries: 0 })
    expect(await failureOf(stranger.messages.create({ ...asked, messages: user('hello') }))).toMatchObject({
      status: 401,
      error: { error: { type: 'authentication_error' } },
    })
    http.mock.onMessage(/broken/u, { error: { message: 'no', type: 'server_error' }, status: 500 })
    const busy = await failureOf(client.messages.stream({ ...asked, messages: user('broken') }).finalMessage())
    expect(busy).toMatchObject({ status: 503, error: { error: { type: 'overloaded_error' } } })
  })
})
