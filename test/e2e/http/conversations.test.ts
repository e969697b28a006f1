import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import type { Message } from '#services/wire/generated/sluice/v1/Message'
import type { Part } from '#services/wire/generated/sluice/v1/Part'
import { chatConfig } from '../../support/chat-ladder.ts'
import { createTestGateway, until, type TestConfig, type TestGateway } from '../../support/gateway.ts'
import { failureOf, fieldsOf } from '../../support/grpc-client.ts'
import { runCli } from '../../support/run-cli.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

/** What a server was asked, as it came. */
interface Asked {
  readonly rung: 'small' | 'large'
  readonly body: Readonly<Record<string, unknown>>
}

/** What a server says: words, or a call of the tool. */
interface Said {
  readonly text?: string
  readonly call?: string
  readonly fails?: boolean
  /** The prompt is longer than its context. */
  readonly overflows?: boolean
  /** Tokens of the prompt that it counts, and how many of them were cached. */
  readonly input?: number
  readonly cached?: number
}

const asked: Asked[] = []
/** What each rung says next; `ok` when nothing is left. */
const script: Record<Asked['rung'], Said[]> = { small: [], large: [] }
let turns = 0

function sse(events: readonly object[]): string {
  return events.map(event => `data: ${JSON.stringify(event)}\n\n`).join('')
}

/** OpenAI's chat, with thinking of the model's own beside each call. */
function chatOf({ text = 'ok', call, input = 100, cached = 0 }: Said): string {
  const delta =
    call === undefined
      ? { content: text }
      : {
          reasoning_content: `small thinks ${turns}`,
          tool_calls: [{ index: 0, id: call, function: { name: 'weather', arguments: '{}' } }],
        }
  const usage = { prompt_tokens: input, completion_tokens: 10, prompt_tokens_details: { cached_tokens: cached } }
  return `${sse([{ choices: [{ delta }] }, { choices: [{ delta: {}, finish_reason: call === undefined ? 'stop' : 'tool_calls' }] }, { choices: [], usage }])}data: [DONE]\n\n`
}

/** Anthropic's messages, thinking signed. */
function messageOf({ text = 'ok', call, input = 100, cached = 0 }: Said): string {
  const thinking = [
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: `large thinks ${turns}` } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: `signed-${turns}` } },
  ]
  const block =
    call === undefined
      ? [
          { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
          { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text } },
        ]
      : [
          {
            type: 'content_block_start',
            index: 1,
            content_block: { type: 'tool_use', id: call, name: 'weather', input: {} },
          },
        ]
  const usage = { input_tokens: input - cached, cache_read_input_tokens: cached, output_tokens: 10 }
  const reason = call === undefined ? 'end_turn' : 'tool_use'
  return sse([
    { type: 'message_start', message: { usage } },
    ...thinking,
    ...block,
    { type: 'message_delta', delta: { stop_reason: reason }, usage: { output_tokens: 10 } },
    { type: 'message_stop' },
  ])
}

async function bodyOf(request: IncomingMessage): Promise<Asked['body']> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString()) as Asked['body']
}

function startServer(): Promise<Server> {
  const server = createServer((request, response) => {
    // Workers look at the list of models.
    if (request.method === 'GET') {
      response.writeHead(404).end()
      return
    }
    void serve(request, response)
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request)
  const rung = request.url?.endsWith('/messages') === true ? 'large' : 'small'
  if (request.url?.endsWith('/messages/count_tokens') === true) {
    counted.push(body)
    response.writeHead(countFails ? 503 : 200, { 'content-type': 'application/json' }).end('{"input_tokens":1234}')
    return
  }
  asked.push({ rung, body })
  turns += 1
  const said = script[rung].shift() ?? {}
  if (said.fails === true) {
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}')
    return
  }
  if (said.overflows === true) {
    const message = 'prompt is too long: 5000 tokens > 4096 maximum'
    const refusal = JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } })
    response.writeHead(400, { 'content-type': 'application/json' }).end(refusal)
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(rung === 'large' ? messageOf(said) : chatOf(said))
}

/** What the large model's provider was asked to count. */
const counted: object[] = []
let countFails = false

let redis: PrivateRedis
let server: Server
let gateway: TestGateway
let config: TestConfig

beforeAll(async () => {
  server = await startServer()
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  redis = await startPrivateRedis()
  const card = { title: 't', licence: 'none', source: 'a test', trainingData: 'none', limits: 'none' }
  const model = (pool: string, backend: object, price: object): object => ({
    pool,
    tasks: ['generate'],
    modalities: ['text', 'image'],
    backend: { model: `${pool}-served`, baseUrl, attempts: 1, ...backend },
    price,
    card,
  })
  config = chatConfig({
    pools: { small: { tier: 'small', concurrency: 4 }, large: { tier: 'large', concurrency: 4 } },
    models: {
      small: model(
        'small',
        { kind: 'openai', vision: true, logprobs: false },
        { perInputToken: 100, perCachedToken: 10, perOutputToken: 400 },
      ),
      large: model(
        'large',
        { kind: 'anthropic' },
        { perInputToken: 3000, perCachedToken: 300, perOutputToken: 15_000 },
      ),
    },
    ladders: {
      chat: {
        task: 'generate',
        modalities: ['text', 'image'],
        rungs: ['small', 'large'],
        uncalibrated: { confidenceThreshold: 0.4 },
      },
      doubting: {
        task: 'generate',
        modalities: ['text', 'image'],
        rungs: ['small', 'large'],
        uncalibrated: { confidenceThreshold: 0.9 },
      },
    },
  })
  gateway = await createTestGateway(config, redis.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
  await until(
    'the workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(one => (one.state?.workers ?? 0) > 0),
  )
})
beforeEach(() => {
  asked.length = 0
  script.small = []
  script.large = []
})
afterAll(async () => {
  await gateway?.stop()
  await redis?.stop()
  server?.closeAllConnections()
  server?.close()
})

const tools = [{ name: 'weather', parametersJson: '{"type":"object"}' }]
const user = (text: string): Message => ({ role: 'ROLE_USER', parts: [{ text }] })

function ask(
  messages: readonly Message[],
  more: Partial<InferRequest> & { ladder?: string } = {},
): Promise<InferResponse__Output> {
  return gateway.client.infer(requestOf(messages, more))
}

function requestOf(
  messages: readonly Message[],
  { ladder = 'chat', ...more }: Partial<InferRequest> & { ladder?: string },
): InferRequest {
  return { task: 'TASK_GENERATE', messages: [...messages], constraints: { ladder }, ...more }
}

/** The answer as the next request gives it back. */
function answerOf({ output }: InferResponse__Output): Message {
  const { text = '', reasoning = [], toolCalls = [] } = output ?? {}
  const parts: Part[] = [
    ...reasoning.map(one => ({ reasoning: one })),
    ...(text === '' ? [] : [{ text }]),
    ...toolCalls.map(one => ({ toolCall: one })),
  ]
  return { role: 'ROLE_ASSISTANT', parts }
}

const resultFor = (response: InferResponse__Output): Message => ({
  role: 'ROLE_TOOL',
  parts: (response.output?.toolCalls ?? []).map(({ id }) => ({
    toolResult: { callId: id, content: `rain for ${id}` },
  })),
})

const rungsAsked = (): readonly string[] => asked.map(({ rung }) => rung)

describe('a conversation of ten turns', () => {
  it('reaches its server whole', async () => {
    const messages: Message[] = [{ role: 'ROLE_SYSTEM', parts: [{ text: 'Be brief.' }] }]
    for (let turn = 0; turn < 10; turn += 1) {
      script.small.push({ text: `answer ${turn}` })
      messages.push(user(`question ${turn}`))
      messages.push(answerOf(await ask(messages)))
    }
    expect(rungsAsked()).toEqual(Array.from({ length: 10 }, () => 'small'))
    const last = asked.at(-1)?.body['messages'] as { role: string; content: string }[]
    const turnsBefore = Array.from({ length: 9 }, (_, turn) => [
      { role: 'user', content: `question ${turn}` },
      { role: 'assistant', content: `answer ${turn}` },
    ])
    expect(last).toEqual([
      { role: 'system', content: 'Be brief.' },
      ...turnsBefore.flat(),
      { role: 'user', content: 'question 9' },
    ])
  })

  it('goes on with a model of more context where the seventh is too long, and loses no turn', async () => {
    const messages: Message[] = []
    for (let turn = 0; turn < 10; turn += 1) {
      script.small.push(turn >= 6 ? { overflows: true } : { text: `answer ${turn}` })
      script.large.push({ text: `long answer ${6 + script.large.length}` })
      messages.push(user(`question ${turn}`))
      const answer = await ask(messages, { sessionKey: 'overflow' })
      expect(answer.model).toBe(turn < 6 ? 'small' : 'large')
      messages.push(answerOf(answer))
      asked.splice(0, asked.length - 1)
    }
    const sent = asked.at(-1)?.body['messages'] as { role: string }[]
    expect(sent.map(({ role }) => role)).toEqual([
      ...Array.from({ length: 9 }, () => ['user', 'assistant']).flat(),
      'user',
    ])
  })

  it('is refused by name where it is too long for every model, and goes on when it is shorter', async () => {
    script.small = [{ overflows: true }]
    script.large = [{ overflows: true }]
    const failure = await failureOf(ask([user('question 1')]))
    expect([failure.code, failure.message]).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringContaining('longer than the model can take'),
    ])
    expect((await ask([user('shorter')])).output?.text).toBe('ok')
  })

  it('that is long goes by reference, and its jobs stay small', async () => {
    const long = 'word '.repeat(20_000)
    const answer = await ask([user(long), { role: 'ROLE_ASSISTANT', parts: [{ text: 'yes' }] }, user('and now?')])
    expect(answer.output?.text).toBe('ok')
    const sent = asked[0]?.body['messages'] as { content: string }[]
    expect(sent.map(({ content }) => content)).toEqual([long, 'yes', 'and now?'])
  })
})

describe.each(['small', 'large'] as const)('a loop of tools that %s began', began => {
  const ladder = began === 'small' ? 'chat' : 'doubting'

  it('stays with it, and no thinking reaches another model', async () => {
    script[began] = [{ call: 'c0' }, { call: 'c1' }, { call: 'c2' }, { text: 'It rains.' }]
    const messages: Message[] = [user(`weather for ${began}`)]
    let answer = await ask(messages, { ladder, options: { tools } })
    for (let round = 0; round < 3; round += 1) {
      expect(answer.output?.finishReason).toBe('tool_calls')
      messages.push(answerOf(answer), resultFor(answer))
      answer = await ask(messages, { ladder, options: { tools } })
      expect(answer.rungs.map(({ model }) => model)).toEqual([began])
    }
    expect(answer.output?.text).toBe('It rains.')
    const first = began === 'small' ? ['small'] : ['small', 'large']
    expect(rungsAsked()).toEqual([...first, began, began, began])
    const body = JSON.stringify(asked.at(-1)?.body)
    for (const part of ['rain for c0', 'rain for c1', 'rain for c2']) expect(body).toContain(part)
    expect(body.match(/signed-\d+/gu) ?? []).toHaveLength(began === 'large' ? 3 : 0)
    const foreign = began === 'small' ? /large thinks|signed-/u : /small thinks/u
    expect(body).not.toMatch(foreign)
  })

  it('goes on with another only when it fails, without its thinking', async () => {
    const other = began === 'small' ? 'large' : 'small'
    script[began] = [{ call: 'c0' }, { fails: true }]
    script[other] = other === 'small' ? [{ text: 'not sure' }, { text: 'It rains.' }] : [{ text: 'It rains.' }]
    const messages: Message[] = [user(`more weather for ${began}`)]
    const first = await ask(messages, { ladder, options: { tools } })
    const answer = await ask([...messages, answerOf(first), resultFor(first)], { ladder, options: { tools } })
    expect(answer.output?.text).toBe('It rains.')
    expect(answer.rungs.map(({ model, verdict }) => [model, verdict])).toEqual([
      [began, 'VERDICT_FAILED'],
      [other, 'VERDICT_ACCEPTED'],
    ])
    expect(answer.degradedReason).toBe('DEGRADED_REASON_RUNG_FAILED')
    expect(JSON.stringify(asked.at(-1)?.body)).not.toMatch(/thinks|signed-|reasoning/u)
    expect(JSON.stringify(asked.at(-1)?.body)).toContain('rain for c0')
  })
})

describe('between turns', () => {
  const cascade = async (tokens: number, key: string): Promise<readonly Message[]> => {
    script.large = [{ text: 'first', input: tokens }]
    const messages = [user(`hard question ${key} ${'word '.repeat((tokens * 4) / 5)}`)]
    const answer = await ask(messages, { ladder: 'doubting' })
    expect(answer.model).toBe('large')
    asked.length = 0
    return [...messages, answerOf(answer), user('and now?')]
  }

  it('a rung is kept while its cached prefix is worth more than a cheaper one saves', async () => {
    const answer = await ask(await cascade(5000, 'a'), { ladder: 'doubting' })
    expect(rungsAsked()).toEqual(['large'])
    expect(answer.model).toBe('large')
    expect(answer.rungs[0]?.reason).toMatch(/session: \d+ tokens of its prefix are cached; leaving gains/u)
  })

  it('a rung is left where little is lost', async () => {
    await ask(await cascade(100, 'b'), { ladder: 'doubting' })
    expect(rungsAsked()[0]).toBe('small')
  })

  it('a session key does it for a client that keeps the history short', async () => {
    script.large = [{ text: 'first', input: 5000 }]
    const document = 'word '.repeat(4000)
    await ask([user(`${document} hard question c`)], { ladder: 'doubting', sessionKey: 'c' })
    asked.length = 0
    await ask([user(`${document} another`)], { ladder: 'doubting', sessionKey: 'c' })
    await ask([user(`${document} another`)], { ladder: 'doubting', sessionKey: 'd' })
    expect(rungsAsked()[0]).toBe('large')
    expect(rungsAsked()[1]).toBe('small')
  })
})

describe('over two routers', () => {
  let second: TestGateway

  beforeAll(async () => {
    second = await createTestGateway(config, redis.url)
    await second.startRouter()
    await until(
      'the workers at the second router',
      () => second.client.listModels(),
      ({ models }) => models.every(one => (one.state?.workers ?? 0) > 0),
    )
  })
  afterAll(() => second?.stop())

  it('a loop of tools keeps the rung that the other router chose', async () => {
    script.small = [{ text: 'not sure' }]
    script.large = [{ call: 'c0' }, { text: 'It rains.' }]
    const messages = [user('weather over two routers')]
    const first = await ask(messages, { ladder: 'doubting', options: { tools } })
    const back = requestOf([...messages, answerOf(first), resultFor(first)], { ladder: 'doubting', options: { tools } })
    const answer = await second.client.infer(back)
    expect([answer.model, rungsAsked()]).toEqual(['large', ['small', 'large', 'large']])
    expect(answer.output?.text).toBe('It rains.')
  })

  it('a session key keeps the rung of the turn before', async () => {
    script.large = [{ text: 'first', input: 5000 }]
    const document = 'word '.repeat(4000)
    const keyed = (text: string): InferRequest =>
      requestOf([user(`${document} ${text}`)], { ladder: 'doubting', sessionKey: 'two routers' })
    await gateway.client.infer(keyed('hard question e'))
    asked.length = 0
    await second.client.infer(keyed('another'))
    expect(rungsAsked()[0]).toBe('large')
  })
})

describe('CountTokens', () => {
  it('has the count of a provider that counts, and estimates the rest', async () => {
    const { counts, firstStep } = await gateway.client.countTokens(
      requestOf([{ role: 'ROLE_SYSTEM', parts: [{ text: 'Be brief.' }] }, user('How many?')], { options: { tools } }),
    )
    expect(firstStep).toBe('small')
    expect(counts).toEqual([
      { model: 'small', tier: 'small', inputTokens: expect.any(Number), exact: false },
      { model: 'large', tier: 'large', inputTokens: 1234, exact: true },
    ])
    expect(counted.at(-1)).toEqual({
      model: 'large-served',
      system: 'Be brief.',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'How many?' }] }],
      tools: [{ name: 'weather', input_schema: { type: 'object' } }],
      tool_choice: { type: 'auto' },
    })
    expect(asked).toEqual([])
  })

  it('estimates where the provider does not count now', async () => {
    countFails = true
    const { counts } = await gateway.client.countTokens(requestOf([user('How many now?')], {}))
    countFails = false
    expect(counts.map(({ model, exact }) => [model, exact])).toEqual([
      ['small', false],
      ['large', false],
    ])
    expect(counts[1]?.inputTokens).toBe(counts[0]?.inputTokens)
  })
})

describe('an answer to a required call of a tool', () => {
  it.each(['required', 'weather'])('is passed over without one, where %s was asked for', async toolChoice => {
    script.small = [{ text: 'It rains, I guess.' }]
    script.large = [{ call: 'c0' }]
    const answer = await ask([user(`weather, ${toolChoice}`)], { options: { tools, toolChoice } })
    expect([answer.model, answer.output?.toolCalls.map(({ name }) => name)]).toEqual(['large', ['weather']])
    expect(answer.rungs[0]).toMatchObject({ verdict: 'VERDICT_ESCALATED', confidence: 0 })
    expect(answer.rungs[0]?.reason).toContain('calls no tool')
  })

  it('is taken with one', async () => {
    script.small = [{ call: 'c0' }]
    const answer = await ask([user('weather at once')], { options: { tools, toolChoice: 'required' } })
    expect([answer.model, answer.rungs.length]).toEqual(['small', 1])
  })
})

describe('an answer of a shape', () => {
  const schemaJson = '{"type":"object","required":["city"],"properties":{"city":{"type":"string"}}}'
  const shaped = (text: string): Promise<InferResponse__Output> =>
    ask([user(text)], { options: { responseFormat: { jsonSchema: { schemaJson } } } })

  it('is asked of the server, and taken where it has the shape', async () => {
    script.small = [{ text: '{"city":"Oslo"}' }]
    const answer = await shaped('where? 1')
    expect([answer.model, answer.output?.text]).toEqual(['small', '{"city":"Oslo"}'])
    expect(asked[0]?.body['response_format']).toMatchObject({
      type: 'json_schema',
      json_schema: { schema: JSON.parse(schemaJson) },
    })
  })

  it('is passed over where it has not', async () => {
    script.small = [{ text: '{"town":"Oslo"}' }]
    script.large = [{ text: '```json\n{"city":"Oslo"}\n```' }]
    const answer = await shaped('where? 2')
    expect([answer.model, answer.output?.text, answer.degraded]).toEqual(['large', '{"city":"Oslo"}', false])
    expect(answer.rungs[0]).toMatchObject({ verdict: 'VERDICT_ESCALATED', confidence: 0 })
    expect(answer.rungs[0]?.reason).toContain('no JSON of the schema')
    // A server that is not told of the schema by a field of its own is told in words.
    expect(JSON.stringify(asked[1]?.body['system'])).toContain('JSON schema')
  })

  it('is given with no confidence, and said to be degraded, where no rung has one', async () => {
    script.small = [{ text: 'Oslo' }]
    script.large = [{ text: 'Oslo' }]
    const answer = await shaped('where? 3')
    expect([answer.confidence, answer.degradedReason]).toEqual([0, 'DEGRADED_REASON_RUNG_FAILED'])
  })
})

describe('a stream', () => {
  it('tells thinking, text and calls apart', async () => {
    script.large = [{ call: 'c0' }]
    const request = requestOf([user('stream it')], { options: { tools } })
    const events = await gateway.client.inferStream({ ...request, constraints: { model: 'large' } })
    const thought = events.flatMap(({ reasoningDelta }) => reasoningDelta?.text ?? []).join('')
    expect(thought).toMatch(/^large thinks \d+$/u)
    expect(events.flatMap(({ textDelta }) => textDelta?.text ?? []).join('')).toBe('')
    const [call] = events.flatMap(({ toolCallDelta }) => toolCallDelta ?? [])
    expect(call).toMatchObject({ model: 'large', index: 0, id: 'c0', name: 'weather' })
  })
})

describe('sluice chat', () => {
  it('is a conversation that shows rung, confidence and cost of each turn', async () => {
    script.small = [{ text: 'Hello.' }, { text: 'Oslo.' }]
    const { code, stdout } = await runCli(['chat', '--address', gateway.address], 'Hi.\nA capital?\n\n')
    expect(code).toBe(0)
    expect(stdout).toContain('Hello.')
    expect(stdout).toContain('Oslo.')
    expect(stdout.match(/small · confidence 50\.0 % · \$0\.\d+ · /gu)).toHaveLength(2)
    expect(asked.at(-1)?.body['messages']).toEqual([
      { role: 'user', content: 'Hi.' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'A capital?' },
    ])
  })
})

describe('what a model cannot honour', () => {
  it('takes it out of the candidates, with the reason', async () => {
    const { decision } = await gateway.client.explain(requestOf([user('a')], { options: { seed: 7 } }))
    expect(decision?.candidates.map(({ model, removedBy, removedWhy }) => [model, removedBy, removedWhy])).toEqual([
      ['small', '', ''],
      ['large', 'capability', 'it takes no options.seed'],
    ])
  })

  it('is a failed precondition where nothing is left', async () => {
    const request = requestOf([user('a'), { role: 'ROLE_SYSTEM', parts: [{ text: 's' }] }, user('b')], {})
    const failure = await failureOf(gateway.client.infer({ ...request, constraints: { model: 'large' } }))
    expect(failure.code).toBe(status.FAILED_PRECONDITION)
    expect(failure.details).toContain('messages of role system at the beginning alone')
  })
})

describe('bad input', () => {
  it.each<[string, Message[], string]>([['a message of nobody', [{ parts: [{ text: 'a' }] }], 'messages[0].role']])(
    'such as %s names its field',
    async (_what, messages, field) => {
      const failure = await failureOf(ask(messages))
      expect(failure.code).toBe(status.INVALID_ARGUMENT)
      expect(fieldsOf(failure)).toContain(field)
    },
  )
})
