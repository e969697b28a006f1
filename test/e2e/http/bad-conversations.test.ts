import { status } from '@grpc/grpc-js'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { Message } from '#services/wire/generated/sluice/v1/Message'
import { failureOf, fieldsOf } from '../../support/grpc-client.ts'
import { acmeKey, startHttpGateway, type HttpGateway } from '../../support/http-gateway.ts'

/** One bad conversation, on both wires. */
interface Bad {
  readonly what: string
  readonly grpc: Omit<InferRequest, 'task'>
  readonly code: status
  readonly field: string
  /** The same as OpenAI's wire has it; absent where that cannot express it. */
  readonly http?: Readonly<Record<string, unknown>>
  readonly httpStatus?: number
  readonly param?: string
}

const png = readFileSync(new URL('../../fixtures/images/invoice.png', import.meta.url))
const user = (text: string): Message => ({ role: 'ROLE_USER', parts: [{ text }] })
const said = (role: string, content: unknown): object => ({ role, content })
const { INVALID_ARGUMENT, FAILED_PRECONDITION } = status

const calls = (...ids: readonly string[]): Message => ({
  role: 'ROLE_ASSISTANT',
  parts: ids.map(id => ({ toolCall: { id, name: 'weather', argumentsJson: '{}' } })),
})
const results = (...ids: readonly string[]): Message => ({
  role: 'ROLE_TOOL',
  parts: ids.map(callId => ({ toolResult: { callId, content: 'rain' } })),
})

function schema(schemaJson: string): NonNullable<InferRequest['options']> {
  return { responseFormat: { jsonSchema: { schemaJson } } }
}
const httpSchema = (value: unknown): Readonly<Record<string, unknown>> => ({
  messages: [said('user', 'a')],
  response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: value } },
})

const cases: readonly Bad[] = [
  {
    what: 'starts with the result of a tool',
    grpc: { messages: [{ role: 'ROLE_TOOL', parts: [{ toolResult: { callId: 'x', content: 'rain' } }] }, user('a')] },
    code: INVALID_ARGUMENT,
    field: 'messages[0].parts[0].tool_result.call_id',
    http: { messages: [{ role: 'tool', tool_call_id: 'x', content: 'rain' }, said('user', 'a')] },
    param: 'messages[0].tool_call_id',
  },
  {
    what: 'has results of a tool twice',
    grpc: {
      messages: [
        user('a'),
        { role: 'ROLE_ASSISTANT', parts: [{ toolCall: { id: 'x', name: 'weather', argumentsJson: '{}' } }] },
        { role: 'ROLE_TOOL', parts: [1, 2].map(() => ({ toolResult: { callId: 'x', content: 'rain' } })) },
      ],
    },
    code: INVALID_ARGUMENT,
    field: 'messages[2].parts[1].tool_result.call_id',
  },
  {
    what: 'calls tools twice by one id in one turn',
    grpc: { messages: [user('a'), calls('x', 'x'), results('x')] },
    code: INVALID_ARGUMENT,
    field: 'messages[1].parts[1].tool_call.id',
  },
  {
    what: 'goes on before a call has its result',
    grpc: { messages: [user('a'), calls('x'), user('b')] },
    code: INVALID_ARGUMENT,
    field: 'messages[2]',
  },
  {
    what: 'ends with a call that has no result',
    grpc: { messages: [user('a'), calls('x')] },
    code: INVALID_ARGUMENT,
    field: 'messages[1].parts[0].tool_call.id',
  },
  {
    what: 'calls a tool that no protocol can name',
    grpc: {
      messages: [user('a'), { role: 'ROLE_ASSISTANT', parts: [{ toolCall: { id: 'x', name: 'the weather' } }] }],
    },
    code: INVALID_ARGUMENT,
    field: 'messages[1].parts[0].tool_call.name',
  },
  {
    what: 'has the result of a tool in a message of the user',
    grpc: { messages: [user('a'), calls('x'), { ...results('x'), role: 'ROLE_USER' }] },
    code: INVALID_ARGUMENT,
    field: 'messages[2].parts[0].tool_result',
  },
  {
    what: 'has a call of a tool in a message of the user',
    grpc: { messages: [{ ...calls('x'), role: 'ROLE_USER' }] },
    code: INVALID_ARGUMENT,
    field: 'messages[0].parts[0].tool_call',
  },
  {
    what: 'has a picture in the instruction',
    grpc: {
      messages: [{ role: 'ROLE_SYSTEM', parts: [{ image: { bytes: png, mediaType: 'image/png' } }] }, user('a')],
    },
    code: INVALID_ARGUMENT,
    field: 'messages[0].parts[0].image',
  },
  {
    what: 'has instructions alone',
    grpc: { messages: [{ role: 'ROLE_SYSTEM', parts: [{ text: 'Be brief.' }] }] },
    code: INVALID_ARGUMENT,
    field: 'messages',
    http: { messages: [said('system', 'Be brief.')] },
  },
  {
    what: 'has a message of no role',
    grpc: { messages: [{ parts: [{ text: 'a' }] }] },
    code: INVALID_ARGUMENT,
    field: 'messages[0].role',
  },
  {
    what: 'has a message without parts',
    grpc: { messages: [{ role: 'ROLE_USER', parts: [] }] },
    code: INVALID_ARGUMENT,
    field: 'messages[0].parts',
  },
  {
    what: 'has a part that is nothing',
    grpc: { messages: [{ role: 'ROLE_USER', parts: [{}] }] },
    code: INVALID_ARGUMENT,
    field: 'messages[0].parts[0]',
  },
  {
    what: 'has words of blanks alone',
    grpc: { messages: [user(' \n')] },
    code: INVALID_ARGUMENT,
    field: 'messages[0].parts[0].text',
  },
  {
    what: 'has a thought without its model',
    grpc: { messages: [user('a'), { role: 'ROLE_ASSISTANT', parts: [{ reasoning: { text: 'hm', signature: 's' } }] }] },
    code: INVALID_ARGUMENT,
    field: 'messages[1].parts[0].reasoning.model',
  },
  {
    what: 'has both messages and content',
    grpc: { messages: [user('a')], content: [{ text: 'b' }] },
    code: INVALID_ARGUMENT,
    field: 'content',
  },
  {
    what: 'has 300 parts in a message',
    grpc: { messages: [{ role: 'ROLE_USER', parts: Array.from({ length: 300 }, () => ({ text: 'a' })) }] },
    code: INVALID_ARGUMENT,
    field: 'messages[0].parts',
  },
  {
    what: 'has five cache points',
    grpc: {
      messages: [{ role: 'ROLE_USER', parts: Array.from({ length: 5 }, () => ({ text: 'a', cachePoint: true })) }],
    },
    code: INVALID_ARGUMENT,
    field: 'messages',
  },
  {
    what: 'has a second system message where the provider allows none',
    grpc: {
      messages: [
        { role: 'ROLE_SYSTEM', parts: [{ text: 'Be brief.' }] },
        user('a'),
        { role: 'ROLE_SYSTEM', parts: [{ text: 'Be long.' }] },
        user('b'),
      ],
      constraints: { model: 'thinker' },
    },
    code: FAILED_PRECONDITION,
    field: 'messages[2]',
    http: {
      model: 'thinker',
      messages: [said('system', 'Be brief.'), said('user', 'a'), said('system', 'Be long.'), said('user', 'b')],
    },
  },
  {
    what: 'has an image in a turn of the assistant',
    grpc: {
      messages: [user('a'), { role: 'ROLE_ASSISTANT', parts: [{ image: { bytes: png, mediaType: 'image/png' } }] }],
    },
    code: INVALID_ARGUMENT,
    field: 'messages[1].parts[0].image',
    http: {
      messages: [
        said('user', 'a'),
        said('assistant', [
          { type: 'image_url', image_url: { url: `data:image/png;base64,${png.toString('base64')}` } },
        ]),
        said('user', 'b'),
      ],
    },
    param: 'messages[1].content[0].type',
  },
  {
    what: 'wants a schema that is no JSON',
    grpc: { messages: [user('a')], options: schema('{"type":') },
    code: INVALID_ARGUMENT,
    field: 'options.response_format.json_schema.schema_json',
  },
  {
    what: 'wants a schema that is no schema',
    grpc: { messages: [user('a')], options: schema('{"type":"no-such-type"}') },
    code: INVALID_ARGUMENT,
    field: 'options.response_format.json_schema.schema_json',
    http: httpSchema({ type: 'no-such-type' }),
    param: 'response_format.json_schema.schema',
  },
  {
    what: 'wants a schema that is a list',
    grpc: { messages: [user('a')], options: schema('[]') },
    code: INVALID_ARGUMENT,
    field: 'options.response_format.json_schema.schema_json',
    http: httpSchema([]),
    param: 'response_format.json_schema.schema',
  },
  {
    what: 'wants more reasoning than output',
    grpc: { messages: [user('a')], options: { maxOutputTokens: 2000, reasoning: { maxTokens: 2000 } } },
    code: INVALID_ARGUMENT,
    field: 'options.reasoning.max_tokens',
  },
  {
    what: 'wants a reasoning budget that its model cannot be told of',
    grpc: {
      messages: [user('a')],
      options: { maxOutputTokens: 4000, reasoning: { maxTokens: 2000 } },
      constraints: { model: 'chat' },
    },
    code: FAILED_PRECONDITION,
    field: 'options.reasoning.max_tokens',
  },
  {
    what: 'has 10,000 messages',
    grpc: { messages: Array.from({ length: 10_000 }, () => user('a')) },
    code: INVALID_ARGUMENT,
    field: 'messages',
    http: { messages: Array.from({ length: 10_000 }, () => said('user', 'a')) },
  },
  {
    what: 'has a message of 2 MB',
    grpc: { messages: [user('x'.repeat(2_000_000))] },
    code: INVALID_ARGUMENT,
    field: 'messages[0].parts',
    http: { messages: [said('user', 'x'.repeat(2_000_000))] },
    param: 'messages[0].content',
  },
]

let http: HttpGateway

beforeAll(async () => {
  http = await startHttpGateway()
  http.mock.onMessage(/still/u, { content: 'Here.' })
})
afterAll(async () => {
  await http?.stop()
})

const authorization = `Bearer ${acmeKey}`

async function post(path: string, body: object): Promise<{ readonly code: number; readonly body: unknown }> {
  const response = await fetch(`${http.baseUrl}${path}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { code: response.status, body: await response.json() }
}

const reserved = async (): Promise<number> => {
  const { budgets } = await http.gateway.client.getBudget({ authorization })
  return budgets.reduce((sum, { reservedNanoUsd }) => sum + reservedNanoUsd, 0)
}

describe('a conversation that', () => {
  it.each(cases)('$what is refused over gRPC by status and field', async ({ grpc, code, field }) => {
    const failure = await failureOf(http.gateway.client.infer({ task: 'TASK_GENERATE', ...grpc }, { authorization }))
    expect([status[failure.code], fieldsOf(failure)]).toEqual([status[code], expect.arrayContaining([field])])
  })

  it.each(cases.filter(({ http: body }) => body !== undefined))(
    '$what is refused over HTTP by status and field',
    async ({ http: body, field, param = field }) => {
      const refused = await post('/v1/chat/completions', { model: 'auto', ...body })
      expect(refused).toMatchObject({ code: 400, body: { error: { type: 'invalid_request_error', param } } })
    },
  )

  it('wants more thinking than output is refused over Anthropic’s wire too', async () => {
    const body = { model: 'auto', max_tokens: 2000, messages: [said('user', 'a')] }
    const refused = await post('/v1/messages', { ...body, thinking: { type: 'enabled', budget_tokens: 2000 } })
    expect(refused).toMatchObject({ code: 400, body: { type: 'error', error: { type: 'invalid_request_error' } } })
    expect(JSON.stringify(refused.body)).toContain('thinking.budget_tokens')
  })

  it('was refused leaves nothing reserved, reached no server, and the next one is answered', async () => {
    expect(http.mock.getRequests()).toEqual([])
    const answer = await http.gateway.client.infer(
      { task: 'TASK_GENERATE', messages: [user('still here?')], constraints: { model: 'chat' } },
      { authorization },
    )
    expect(answer.output?.text).toBe('Here.')
    await expect.poll(reserved).toBe(0)
  })
})
