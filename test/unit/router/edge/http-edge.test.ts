import { describe, expect, it } from 'vitest'
import { GatewayError, invalidField } from '#services/contract/errors'
import { countSchema, messagesSchema } from '#services/router/edge/http/anthropic/messages-schema'
import { readMessages } from '#services/router/edge/http/anthropic/read-messages'
import { failureOf } from '#services/router/edge/http/failures'
import { chatSchema } from '#services/router/edge/http/openai/chat-schema'
import { readChat } from '#services/router/edge/http/openai/read-chat'
import { subtitlesOf } from '#services/router/edge/http/openai/subtitles'
import { readBody } from '#services/router/edge/http/read-body'
import { mediaOfUrl } from '#services/router/edge/http/read-media'
import { readSeal, sealOf, wholeSealOf } from '#services/router/edge/http/reasoning-seal'
import { readSettings } from '#services/router/edge/http/request-headers'
import { readResponses } from '#services/router/edge/http/responses/read-responses'
import { responsesSchema } from '#services/router/edge/http/responses/responses-schema'

/** What a failure names as bad. */
function fieldsOf(work: () => unknown): readonly string[] {
  try {
    work()
  } catch (error) {
    if (error instanceof GatewayError) return error.details.violations?.map(one => one.field) ?? []
    throw error
  }
  throw new Error('it was taken, although it must not be')
}

const picture = 'data:image/png;base64,iVBORw0KGgo='

describe('a conversation', () => {
  it('of chat completions is messages of parts with all its options', () => {
    const asked = readChat(
      readBody(chatSchema, {
        model: 'auto',
        messages: [
          { role: 'developer', content: 'Be short.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is it?' },
              { type: 'image_url', image_url: { url: picture, detail: 'low' } },
              { type: 'file', file: { file_data: 'JVBERi0=', filename: 'a.pdf' } },
            ],
          },
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'a cat' }] },
        ],
        max_tokens: 5,
        stop: 'END',
        seed: 7,
        reasoning_effort: 'low',
        tools: [{ type: 'function', function: { name: 'look', strict: true } }],
        tool_choice: { type: 'function', function: { name: 'look' } },
        parallel_tool_calls: false,
        response_format: { type: 'json_schema', json_schema: { name: 'shape', schema: { type: 'object' } } },
        user: 'someone',
      }),
    )
    expect(asked.messages).toEqual([
      { role: 'system', parts: 1 },
      { role: 'user', parts: 3 },
      { role: 'assistant', parts: 1 },
      { role: 'tool', parts: 1 },
    ])
    expect(asked.parts.map(part => part.kind)).toEqual([
      'text',
      'text',
      'image',
      'document',
      'tool-call',
      'tool-result',
    ])
    expect(asked.options).toEqual({
      maxOutputTokens: 5,
      stop: ['END'],
      seed: 7,
      reasoning: { effort: 'low' },
      tools: [{ name: 'look', parametersJson: '{"type":"object","properties":{}}', strict: true }],
      toolChoice: 'look',
      parallelToolCalls: false,
      responseFormat: { kind: 'json-schema', name: 'shape', schemaJson: '{"type":"object"}' },
    })
  })

  it('of messages has results of tools in messages of their own, and points of the cache', () => {
    const seal = sealOf({ text: 'hm', signature: 'proof', model: 'large' })
    const asked = readMessages(
      readBody(messagesSchema, {
        model: 'auto',
        max_tokens: 9,
        system: [{ type: 'text', text: 'Be short.', cache_control: { type: 'ephemeral' } }],
        messages: [
          { role: 'user', content: 'What is it?' },
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'hm', signature: seal },
              { type: 'tool_use', id: 'c1', name: 'look', input: { far: true } },
            ],
          },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'c1', content: 'a cat', is_error: true },
              { type: 'text', text: 'Well?' },
            ],
          },
        ],
        thinking: { type: 'enabled', budget_tokens: 4 },
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
        tools: [{ name: 'look', input_schema: { type: 'object' } }],
      }),
    )
    expect(asked.messages?.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'user'])
    expect(asked.parts).toMatchObject([
      { kind: 'text', cachePoint: true },
      { kind: 'text', text: 'What is it?' },
      { kind: 'reasoning', text: 'hm', signature: 'proof', model: 'large' },
      { kind: 'tool-call', id: 'c1', argumentsJson: '{"far":true}' },
      { kind: 'tool-result', callId: 'c1', content: 'a cat', isError: true },
      { kind: 'text', text: 'Well?' },
    ])
    expect(asked.options).toMatchObject({
      reasoning: { maxTokens: 4 },
      toolChoice: 'required',
      parallelToolCalls: false,
    })
  })

  it('of responses has what the assistant did in a row in one message', () => {
    const asked = readResponses(
      readBody(responsesSchema, {
        model: 'auto',
        instructions: 'Be short.',
        input: [
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'What?' },
              { type: 'input_image', image_url: picture },
            ],
          },
          { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }] },
          { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.', annotations: [] }] },
          { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'look', arguments: '{}', status: 'completed' },
          { type: 'function_call_output', call_id: 'c1', output: 'a cat' },
        ],
      }),
    )
    expect(asked.messages).toEqual([
      { role: 'system', parts: 1 },
      { role: 'user', parts: 2 },
      { role: 'assistant', parts: 3 },
      { role: 'tool', parts: 1 },
    ])
  })
})

describe('a body', () => {
  const user = [{ role: 'user', content: 'hello' }]

  it('names what is wrong with it, and nothing that it holds', () => {
    expect(fieldsOf(() => readBody(chatSchema, { model: 'auto', messages: user, secret_option: 'x', n: 3 }))).toEqual([
      'n',
      'secret_option',
    ])
    expect(fieldsOf(() => readBody(chatSchema, { model: 1, messages: [{ role: 'poet', content: 'x' }] }))).toEqual([
      'model',
      'messages[0].role',
    ])
    expect(fieldsOf(() => readBody(messagesSchema, { model: 'auto', messages: user }))).toEqual(['max_tokens'])
    expect(fieldsOf(() => readBody(countSchema, 'hello'))).toEqual(['body'])
    expect(fieldsOf(() => readBody(responsesSchema, { model: 'm', input: 'x', previous_response_id: 'r' }))).toEqual([
      'previous_response_id',
    ])
  })

  it('may have null wherever its wire has it', () => {
    const nothing = { temperature: null, tools: null, stop: null, response_format: null, stream: null, n: null }
    expect(readChat(readBody(chatSchema, { model: 'auto', messages: user, ...nothing })).options).toEqual({})
  })

  it('has media by data or by address, and no half of either', () => {
    expect(mediaOfUrl('image', picture, 'f')).toMatchObject({
      kind: 'image',
      mediaType: 'image/png',
      source: { kind: 'bytes' },
    })
    expect(mediaOfUrl('image', 'https://x/y.png', 'f')).toMatchObject({
      source: { kind: 'uri', uri: 'https://x/y.png' },
    })
    expect(fieldsOf(() => mediaOfUrl('image', 'data:image/png,plain', 'here'))).toEqual(['here'])
    expect(fieldsOf(() => mediaOfUrl('image', 'data:image/png;base64,&&&', 'here'))).toEqual(['here'])
  })
})

describe('headers', () => {
  it('say limits of the request', () => {
    expect(
      readSettings({
        'x-sluice-max-cost-usd': '0.002',
        'x-sluice-max-risk': '0.02',
        'x-sluice-deadline-ms': '1500',
        'x-sluice-tier': 'small',
        'x-sluice-priority': 'batch',
        'x-sluice-tags': 'team=a, run=7',
        'idempotency-key': 'k',
        'x-stainless-timeout': '600',
      }),
    ).toEqual({
      constraints: { priority: 'batch', maxCostNanoUsd: 2_000_000, maxRisk: 0.02, deadlineMs: 1500, tier: 'small' },
      labels: { team: 'a', run: '7' },
      idempotencyKey: 'k',
      clientTimeoutMs: 600_000,
    })
  })

  it.each(['x-sluice-max-cost-usd', 'x-sluice-deadline-ms', 'x-sluice-priority', 'x-sluice-tags'])(
    'are named when they are none (%s)',
    name => expect(fieldsOf(() => readSettings({ [name]: 'nonsense' }))).toEqual([name]),
  )
})

describe('a failure', () => {
  it.each([
    [invalidField('model', 'no'), 400, 'invalid_request_error', 'invalid_request_error'],
    [new GatewayError('Unauthenticated', 'no'), 401, 'authentication_error', 'authentication_error'],
    [new GatewayError('PermissionDenied', 'no'), 403, 'permission_error', 'permission_error'],
    [new GatewayError('NotFound', 'no'), 404, 'invalid_request_error', 'not_found_error'],
    [new GatewayError('AlreadyExists', 'no'), 409, 'invalid_request_error', 'invalid_request_error'],
    [new GatewayError('TooLarge', 'no'), 413, 'invalid_request_error', 'request_too_large'],
    [new GatewayError('RateLimited', 'no', { retryAfterMs: 2500 }), 429, 'rate_limit_error', 'rate_limit_error'],
    [new GatewayError('BudgetExceeded', 'no'), 429, 'insufficient_quota', 'billing_error'],
    [new GatewayError('LadderFailed', 'no'), 503, 'server_error', 'overloaded_error'],
    [new GatewayError('Deadline', 'no'), 504, 'server_error', 'timeout_error'],
    [new Error('secret of the house'), 500, 'server_error', 'api_error'],
  ])('has its status and the shape of each wire (%s)', (thrown, status, openai, anthropic) => {
    const [one, other] = [failureOf(thrown, 'openai', 'req_1'), failureOf(thrown, 'anthropic', 'req_1')]
    expect([one.status, other.status]).toEqual([status, status])
    expect(one.body).toMatchObject({ error: { type: openai, message: expect.any(String), code: expect.any(String) } })
    expect(other.body).toMatchObject({ type: 'error', error: { type: anthropic }, request_id: 'req_1' })
    expect(JSON.stringify([one, other])).not.toContain('secret')
  })

  it('says when to come again, and when not to by oneself', () => {
    const headersOf = (error: GatewayError) => failureOf(error, 'openai', '').headers
    expect(headersOf(new GatewayError('RateLimited', '', { retryAfterMs: 2500 }))).toEqual({
      'retry-after': '3',
      'retry-after-ms': '2500',
    })
    expect(headersOf(new GatewayError('Overloaded', ''))).toMatchObject({ 'retry-after': '1' })
    expect(headersOf(new GatewayError('BudgetExceeded', ''))).toMatchObject({ 'x-should-retry': 'false' })
    expect(headersOf(new GatewayError('Deadline', ''))).toEqual({ 'x-should-retry': 'false' })
  })
})

describe('small pieces', () => {
  it('seal a proof with the model that gave it, and believe no other seal', () => {
    const seal = sealOf({ text: '', signature: 'a.b=c', model: 'modèle@r' })
    expect(readSeal(seal)).toEqual({ signature: 'a.b=c', model: 'modèle@r' })
    expect(readSeal('foreign')).toEqual({})
    expect(readSeal('sluice1.nonsense.x')).toEqual({})
    const whole = { text: 'hm', signature: 'a.b=c', model: 'large' }
    expect(readSeal(wholeSealOf(whole))).toEqual(whole)
    expect(sealOf({ text: 'hm' })).toBeUndefined()
  })

  it('write subtitles', () => {
    const cues = [
      { startMs: 0, endMs: 1500, text: 'one --> two' },
      { startMs: 3_600_000, endMs: 3_661_005, text: 'late' },
    ]
    expect(subtitlesOf('srt', cues)).toBe(
      '1\n00:00:00,000 --> 00:00:01,500\none -> two\n\n2\n01:00:00,000 --> 01:01:01,005\nlate\n',
    )
    expect(subtitlesOf('vtt', cues)).toMatch(/^WEBVTT\n\n00:00:00\.000 --> 00:00:01\.500\none -> two\n/u)
  })
})
