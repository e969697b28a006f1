import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { embedMany, generateText, stepCountIs, streamText, tool as toolOf } from 'ai'
import OpenAI, { APIError, toFile } from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { until } from '../../support/gateway.ts'
import { acmeKey, limitedKey, otherKey, startHttpGateway, type HttpGateway } from '../../support/http-gateway.ts'
import { wavFile } from '../../support/wav-file.ts'

let http: HttpGateway
let client: OpenAI

beforeAll(async () => {
  http = await startHttpGateway()
  client = new OpenAI({ baseURL: `${http.baseUrl}/v1`, apiKey: acmeKey, maxRetries: 0 })
})
beforeEach(() => {
  http.mock.reset()
  http.mock.onMessage(/weather/u, { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] })
  http.mock.onMessage(/both/u, {
    toolCalls: [
      { name: 'weather', arguments: '{"city":"Oslo"}' },
      { name: 'weather', arguments: '{"city":"Rome"}' },
    ],
  })
  http.mock.onMessage(/event/u, { content: '{"name":"fair","day":"Friday"}' })
  http.mock.onMessage(/hello/u, { content: 'Hello to you, whoever you are.' })
})
afterAll(async () => {
  await http?.stop()
})

const user = (content: string) => [{ role: 'user' as const, content }]
const weather = {
  type: 'function' as const,
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}

/** What a call that must fail fails with. */
async function failureOf(call: Promise<unknown>): Promise<APIError> {
  try {
    await call
  } catch (error) {
    if (error instanceof APIError) return error
    throw error
  }
  throw new Error('the call succeeded, although it must fail')
}

describe('chat completions by the SDK of OpenAI', () => {
  it('answers, and says in headers and body how it came about', async () => {
    const { data, response } = await client.chat.completions
      .create({ model: 'auto', messages: user('hello') })
      .withResponse()
    expect(data).toMatchObject({
      object: 'chat.completion',
      model: 'chat',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Hello to you, whoever you are.' }, finish_reason: 'stop' },
      ],
      sluice: { model: 'chat', tier: 'large', degraded: null, rungs: [{ model: 'chat', verdict: 'accepted' }] },
    })
    const usage = data.usage
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0))
    expect(usage?.completion_tokens).toBeGreaterThan(0)
    const { sluice } = data as unknown as { sluice: { request_id: string; cost_usd: number } }
    expect(data.id).toBe(`chatcmpl-${sluice.request_id}`)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-sluice-request-id': sluice.request_id,
      'x-sluice-model': 'chat',
      'x-sluice-tier': 'large',
      'x-sluice-degraded': 'none',
    })
    expect(Number(response.headers.get('x-sluice-cost-usd'))).toBeCloseTo(sluice.cost_usd, 9)
    expect(response.headers.get('x-request-id')).toMatch(/^req_/u)
  })

  it('streams: role, pieces, why it ended, usage where it is asked for', async () => {
    const options = { model: 'assistant', messages: user('hello'), stream: true as const }
    const chunks = []
    for await (const chunk of await client.chat.completions.create({
      ...options,
      stream_options: { include_usage: true },
    })) {
      chunks.push(chunk)
    }
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' })
    expect(chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hello to you, whoever you are.')
    expect(chunks.slice(-2).map(chunk => chunk.choices[0]?.finish_reason)).toEqual(['stop', undefined])
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: expect.any(Number) },
      sluice: { model: 'chat' },
    })
    expect(new Set(chunks.map(chunk => chunk.id)).size).toBe(1)
    const bare = []
    for await (const chunk of await client.chat.completions.create(options)) bare.push(chunk)
    expect(bare.at(-1)).toMatchObject({ choices: [{ delta: {}, finish_reason: 'stop' }], sluice: { model: 'chat' } })
    expect(bare.some(chunk => 'usage' in chunk)).toBe(false)
  })

  it('calls tools, several at once too, whole and as they come', async () => {
    const asked = { model: 'auto', messages: user('what is the weather?'), tools: [weather] }
    const { choices } = await client.chat.completions.create(asked)
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [{ type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }],
      },
    })
    const streamed = await client.chat.completions
      .stream({ ...asked, messages: user('both places') })
      .finalChatCompletion()
    expect(streamed.choices[0]?.finish_reason).toBe('tool_calls')
    expect(
      streamed.choices[0]?.message.tool_calls?.map(call => ('function' in call ? call.function.arguments : '')),
    ).toEqual(['{"city":"Oslo"}', '{"city":"Rome"}'])
  })

  it('goes through a loop of tools by the runner', async () => {
    http.mock.reset()
    http.mock.on({ hasToolResult: true }, { content: 'It rains in Oslo.' })
    http.mock.onMessage(/weather/u, { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] })
    const asked: string[] = []
    const runner = client.chat.completions.runTools({
      model: 'auto',
      messages: [{ role: 'system', content: 'Be short.' }, ...user('what is the weather?')],
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'The weather of a city',
            parameters: { type: 'object', properties: {} },
            function: (args: string) => {
              asked.push(args)
              return 'rain'
            },
          },
        },
      ],
    })
    expect(await runner.finalContent()).toBe('It rains in Oslo.')
    expect(asked).toEqual(['{"city":"Oslo"}'])
  })

  it('parses a structured answer by the helper', async () => {
    const shape = z.object({ name: z.string(), day: z.string() })
    const { choices } = await client.chat.completions.parse({
      model: 'auto',
      messages: user('an event'),
      response_format: zodResponseFormat(shape, 'event'),
    })
    expect(choices[0]?.message.parsed).toEqual({ name: 'fair', day: 'Friday' })
  })
})

describe('what is refused', () => {
  const ask = (more: object) =>
    failureOf(client.chat.completions.create({ model: 'auto', messages: user('hello'), ...more } as never))

  it('is told in the wire of OpenAI, with the right status', async () => {
    expect(await ask({ model: 'gpt-9' })).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    expect(await ask({ n: 2 })).toMatchObject({ status: 400, param: 'n', type: 'invalid_request_error' })
    expect(await ask({ messages: [{ role: 'user', content: [{ type: 'poem' }] }] })).toMatchObject({ status: 400 })
    expect(await ask({ nonsense: 1 })).toMatchObject({ status: 400, param: 'nonsense' })
    expect(await ask({ messages: [] })).toMatchObject({ status: 400, param: 'messages' })
    const stranger = new OpenAI({ baseURL: `${http.baseUrl}/v1`, apiKey: 'wrong', maxRetries: 0 })
    expect(await failureOf(stranger.models.list())).toMatchObject({ status: 401, type: 'authentication_error' })
  })

  it('is told with its status before a stream begins, and as an event after', async () => {
    http.mock.onMessage(/broken/u, { error: { message: 'no', type: 'server_error' }, status: 500 })
    const early = await failureOf(
      client.chat.completions.create({ model: 'auto', messages: user('broken'), stream: true }),
    )
    expect(early).toMatchObject({ status: 503, type: 'server_error' })
    expect(early.headers?.get('retry-after')).toMatch(/^\d+$/u)

    http.mock.onMessage(
      /cut short/u,
      { content: 'one two three four five six seven eight nine ten '.repeat(20) },
      { truncateAfterChunks: 12, latency: 30 },
    )
    const stream = await client.chat.completions.create({ model: 'auto', messages: user('cut short'), stream: true })
    const texts: string[] = []
    const late = await failureOf(
      (async () => {
        for await (const chunk of stream) texts.push(chunk.choices[0]?.delta.content ?? '')
      })(),
    )
    expect(texts.join('')).toMatch(/^one two/u)
    expect(late.type).toBe('server_error')
  })

  it('refuses to keep a response', async () => {
    const refused = await failureOf(client.responses.create({ model: 'auto', input: 'Hello.', store: true }))
    expect(refused).toMatchObject({ status: 400, param: 'store' })
  })
})

describe('the other paths of OpenAI', () => {
  it('lists auto, ladders and models', async () => {
    const names: string[] = []
    for await (const { id } of client.models.list()) names.push(id)
    expect(names).toEqual([
      'auto',
      'assistant',
      'embed',
      'transcribe',
      'draw',
      'chat',
      'thinker',
      'vectors',
      'speech',
      'pictures',
    ])
    expect(await client.models.retrieve('assistant')).toMatchObject({ id: 'assistant', sluice: { rungs: ['chat'] } })
    expect(await failureOf(client.models.retrieve('nobody'))).toMatchObject({ status: 404 })
  })

  it('describes every path with the schema of its body', async () => {
    const headers = { 'x-api-key': acmeKey }
    const document = (await (await fetch(`${http.baseUrl}/openapi.json`, { headers })).json()) as { paths: object }
    expect(Object.keys(document.paths)).toEqual([
      '/v1/chat/completions',
      '/v1/responses',
      '/v1/embeddings',
      '/v1/audio/transcriptions',
      '/v1/images/generations',
      '/v1/models',
      '/v1/models/{model}',
      '/v1/messages',
      '/v1/messages/count_tokens',
      '/v1/files',
      '/v1/files/{file}',
      '/v1/files/{file}/content',
      '/v1/batches',
      '/v1/batches/{batch}',
      '/v1/batches/{batch}/cancel',
      '/openapi.json',
    ])
    expect(document.paths).toMatchObject({
      '/v1/chat/completions': {
        post: {
          requestBody: {
            content: {
              'application/json': { schema: { additionalProperties: false, required: ['model', 'messages'] } },
            },
          },
        },
      },
    })
    expect((await fetch(`${http.baseUrl}/openapi.json`)).status).toBe(401)
  })

  it('embeds texts, as floats and in base64', async () => {
    http.mock.onEmbedding(/one/u, { embedding: [0.25, -0.5, 1] })
    http.mock.onEmbedding(/two/u, { embedding: [1, 2, 3] })
    const given = await client.embeddings.create({ model: 'auto', input: ['one', 'two'] })
    expect(given.data.map(one => [one.index, one.embedding])).toEqual([
      [0, [0.25, -0.5, 1]],
      [1, [1, 2, 3]],
    ])
    const plain = await client.embeddings.create({ model: 'embed', input: 'two', encoding_format: 'float' })
    expect(plain.data[0]?.embedding).toEqual([1, 2, 3])
  })

  it('writes speech down in every format', async () => {
    http.mock.onTranscription({ transcription: { text: 'four five six' } })
    const sound = wavFile(new Float32Array(16_000), { sampleRate: 16_000, channels: 1, bits: 16 })
    const file = () => toFile(sound, 'speech.wav')
    const ask = async (format: string) =>
      client.audio.transcriptions.create({ model: 'auto', file: await file(), response_format: format as 'json' })
    expect(await ask('json')).toMatchObject({ text: 'four five six', sluice: { model: 'speech' } })
    const verbose = await ask('verbose_json')
    expect(verbose).toMatchObject({ text: 'four five six', segments: [{ text: 'four five six' }] })
    expect(JSON.stringify(verbose)).not.toMatch(/avg_logprob|no_speech_prob|compression_ratio/u)
    expect(await ask('text')).toBe('four five six\n')
    expect(await ask('srt')).toMatch(/^1\n00:00:00,000 --> 00:00:0\d,\d{3}\nfour five six\n$/u)
    expect(await ask('vtt')).toMatch(/^WEBVTT\n\n00:00:00\.000 --> 00:00:0\d\.\d{3}\nfour five six\n$/u)
  })

  it('draws', async () => {
    const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    http.mock.onImage(/cat/u, { image: { b64Json: picture } })
    const drawn = await client.images.generate({ model: 'draw', prompt: 'a cat' })
    expect(drawn.data?.[0]?.b64_json).toBe(picture)
  })
})

it('tells the limits of the caller in the headers of each wire, on answers, streams and refusals', async () => {
  const ask = (path: string, body: object, key = limitedKey): Promise<Response> =>
    fetch(`${http.baseUrl}/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify({ model: 'auto', max_tokens: 100, messages: user('hello'), ...body }),
    })
  const whole = await ask('chat/completions', {})
  expect(whole.status).toBe(200)
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    'x-ratelimit-limit-requests': '2',
    'x-ratelimit-remaining-requests': '1',
    'x-ratelimit-reset-requests': expect.stringMatching(/^[23]\d(?:\.\d+)?s$/u) as string,
    'x-ratelimit-limit-tokens': '100000',
    'x-ratelimit-remaining-tokens': expect.stringMatching(/^(?:99\d{3}|100000)$/u) as string,
  })
  const streamed = await ask('messages', { stream: true })
  expect(Object.fromEntries(streamed.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'anthropic-ratelimit-requests-limit': '2',
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-requests-reset': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/u) as string,
  })
  await streamed.text()
  const refused = await ask('chat/completions', {})
  expect(refused.status).toBe(429)
  expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0')
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  const free = await ask('chat/completions', {}, acmeKey)
  expect(free.headers.get('x-ratelimit-limit-requests')).toBeNull()
})

describe('responses by the SDK of OpenAI', () => {
  it('answers', async () => {
    const response = await client.responses.create({ model: 'auto', input: 'hello', instructions: 'Be kind.' })
    expect(response).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'chat',
      sluice: { model: 'chat' },
    })
    expect(response.output_text).toBe('Hello to you, whoever you are.')
  })

  it('streams events in their order, and the assembler of the SDK puts them together', async () => {
    const stream = client.responses.stream({ model: 'auto', input: 'hello' })
    const types: string[] = []
    const numbers: number[] = []
    for await (const event of stream) {
      types.push(event.type)
      numbers.push(event.sequence_number)
    }
    expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(numbers).toEqual(numbers.map((_, index) => index))
    expect((await stream.finalResponse()).output_text).toBe('Hello to you, whoever you are.')
  })

  it('calls tools', async () => {
    const tool = { type: 'function' as const, name: 'weather', parameters: { type: 'object' }, strict: null }
    const stream = client.responses.stream({ model: 'auto', input: 'what is the weather?', tools: [tool] })
    const { output } = await stream.finalResponse()
    expect(output).toMatchObject([
      { type: 'function_call', name: 'weather', arguments: '{"city":"Oslo"}', status: 'completed' },
    ])
  })
})

describe('the AI SDK of Vercel', () => {
  const provider = () => createOpenAICompatible({ name: 'sluice', baseURL: `${http.baseUrl}/v1`, apiKey: acmeKey })

  it('answers, streams and embeds', async () => {
    const model = provider()('auto')
    expect(await generateText({ model, system: 'Be kind.', prompt: 'hello' })).toMatchObject({
      text: 'Hello to you, whoever you are.',
      finishReason: 'stop',
    })
    const pieces: string[] = []
    for await (const piece of streamText({ model, prompt: 'hello' }).textStream) pieces.push(piece)
    expect(pieces.join('')).toBe('Hello to you, whoever you are.')
    http.mock.onEmbedding(/one/u, { embedding: [0.25, -0.5, 1] })
    const vectors = await embedMany({ model: provider().embeddingModel('embed'), values: ['one'] })
    expect(vectors.embeddings).toEqual([[0.25, -0.5, 1]])
  })

  it('goes through a loop of tools', async () => {
    http.mock.reset()
    http.mock.on({ hasToolResult: true }, { content: 'It rains in Oslo.' })
    http.mock.onMessage(/weather/u, { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] })
    const inputSchema = z.object({ city: z.string() })
    const { text, steps } = await generateText({
      model: provider()('auto'),
      prompt: 'what is the weather?',
      stopWhen: stepCountIs(3),
      tools: {
        weather: toolOf({ description: 'The weather', inputSchema, execute: async ({ city }) => `rain in ${city}` }),
      },
    })
    expect([text, steps.length]).toEqual(['It rains in Oslo.', 2])
  })
})

describe('files and batches by the SDK of OpenAI', () => {
  type Row = Readonly<Record<string, unknown>>
  const stranger = () => new OpenAI({ baseURL: `${http.baseUrl}/v1`, apiKey: otherKey, maxRetries: 0 })
  const row = (custom_id: string, body: object, url = '/v1/chat/completions'): Row => ({
    custom_id,
    method: 'POST',
    url,
    body: { model: 'auto', ...body },
  })
  const upload = async (rows: readonly (Row | string)[]): Promise<OpenAI.FileObject> => {
    const text = rows.map(one => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n')
    return client.files.create({ purpose: 'batch', file: await toFile(Buffer.from(text), 'rows.jsonl') })
  }
  const begin = async (
    rows: readonly (Row | string)[],
    endpoint: OpenAI.BatchCreateParams['endpoint'] = '/v1/chat/completions',
    more: object = {},
  ): Promise<OpenAI.Batch> => {
    const { id } = await upload(rows)
    return client.batches.create({ input_file_id: id, endpoint, completion_window: '24h', ...more })
  }
  const endOf = ({ id }: OpenAI.Batch): Promise<OpenAI.Batch> =>
    until(
      'the end of the batch',
      () => client.batches.retrieve(id),
      ({ status }) => ['completed', 'failed', 'expired', 'cancelled'].includes(status),
    )
  const linesOf = async (fileId: string | undefined): Promise<readonly Row[]> => {
    if (fileId === undefined) return []
    const text = await (await client.files.content(fileId)).text()
    return text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Row)
      .toSorted((one, two) => String(one['custom_id']).localeCompare(String(two['custom_id'])))
  }

  it('answers each row as its endpoint would, and tells apart what failed', async () => {
    const begun = await begin(
      [
        row('a', { messages: user('hello') }),
        '',
        row('b', { messages: user('hello'), stream: true }),
        row('c', { messages: user('hello'), model: 'nobody' }),
        row('d', { messages: user('weather'), tools: [weather] }),
        row('e', { messages: user('hello'), tools: [{ ...weather, function: { name: 'not a name' } }] }),
      ],
      '/v1/chat/completions',
      { metadata: { for: 'tests' } },
    )
    expect(begun).toMatchObject({ object: 'batch', status: 'validating', completion_window: '24h' })
    const batch = await endOf(begun)
    expect(batch).toMatchObject({
      status: 'completed',
      metadata: { for: 'tests' },
      request_counts: { total: 5, completed: 2, failed: 3 },
      sluice: { cost_usd: expect.any(Number) as number },
    })
    expect(batch.usage?.total_tokens).toBeGreaterThan(0)
    expect(await linesOf(batch.output_file_id)).toMatchObject([
      {
        custom_id: 'a',
        error: null,
        response: {
          status_code: 200,
          body: {
            object: 'chat.completion',
            choices: [{ message: { content: 'Hello to you, whoever you are.' } }],
            sluice: { rungs: [{ model: 'chat', verdict: 'accepted' }] },
          },
        },
      },
      { custom_id: 'd', response: { body: { choices: [{ finish_reason: 'tool_calls' }] } } },
    ])
    expect(await linesOf(batch.error_file_id)).toMatchObject([
      { custom_id: 'b', response: { status_code: 400, body: { error: { param: 'stream' } } } },
      { custom_id: 'c', response: { status_code: 404, body: { error: { param: 'model', code: 'model_not_found' } } } },
      { custom_id: 'e', response: { status_code: 400, body: { error: { param: 'tools[0].function.name' } } } },
    ])
    const { data } = await client.batches.list({ limit: 1 })
    expect(data).toMatchObject([{ id: batch.id }])
  })

  it('runs rows of responses and of embeddings', async () => {
    http.mock.onEmbedding(/one/u, { embedding: [0.25, -0.5, 1] })
    http.mock.onEmbedding(/two/u, { embedding: [1, 2, 3] })
    const [responses, embeddings] = await Promise.all([
      begin([row('r', { input: 'hello' }, '/v1/responses')], '/v1/responses').then(endOf),
      begin([row('e', { input: ['one', 'two'] }, '/v1/embeddings')], '/v1/embeddings').then(endOf),
    ])
    expect(await linesOf(responses.output_file_id)).toMatchObject([
      { response: { body: { object: 'response', status: 'completed', output: [{ type: 'message' }] } } },
    ])
    expect(await linesOf(embeddings.output_file_id)).toMatchObject([
      { response: { body: { object: 'list', data: [{ embedding: [0.25, -0.5, 1] }, { embedding: [1, 2, 3] }] } } },
    ])
  })

  it('refuses an input that is no list of requests, line by line, before anything runs', async () => {
    const good = row('a', { messages: user('hello') })
    const batch = await endOf(
      await begin([good, good, '{"custom_id":', row('b', {}, '/v1/embeddings'), { ...good, custom_id: 7 }]),
    )
    expect(batch).toMatchObject({ status: 'failed', request_counts: { completed: 0 } })
    expect(batch.errors?.data).toMatchObject([
      { code: 'duplicate_custom_id', line: 2 },
      { code: 'invalid_json_line', line: 3 },
      { code: 'mismatched_url', line: 4, param: 'url' },
      { code: 'invalid_request', line: 5, param: 'custom_id' },
    ])
    expect(http.mock.getRequests()).toEqual([])
    expect(await failureOf(begin(['x'], '/v1/moderations'))).toMatchObject({ status: 400, param: 'endpoint' })
    expect(await failureOf(begin([good], '/v1/responses', { completion_window: '25h' }))).toMatchObject({
      status: 400,
      param: 'completion_window',
    })
    expect(
      await failureOf(client.files.create({ purpose: 'fine-tune', file: await toFile(Buffer.from('x'), 'x') })),
    ).toMatchObject({ status: 400, param: 'purpose' })
  })

  it('is cancelled: what is under way stops, and what was answered stays', async () => {
    http.mock.reset()
    http.mock.onMessage(/quick/u, { content: 'done' })
    http.mock.onMessage(/slow/u, { content: 'done' }, { latency: 20_000 })
    const batch = await begin([
      row('quick', { messages: user('quick') }),
      ...Array.from({ length: 100 }, (_, index) => row(`slow ${index}`, { messages: user('slow') })),
    ])
    await until(
      'the first row',
      () => client.batches.retrieve(batch.id),
      ({ request_counts: counts }) => counts?.completed === 1,
    )
    expect((await client.batches.cancel(batch.id)).status).toBe('cancelling')
    const cancelled = await endOf(batch)
    expect(cancelled).toMatchObject({ status: 'cancelled', request_counts: { total: 101, completed: 1, failed: 0 } })
    expect(await linesOf(cancelled.output_file_id)).toMatchObject([{ custom_id: 'quick' }])
    expect((await client.batches.cancel(batch.id)).status).toBe('cancelled')
  })

  it('ends with its window, and says so of each row that was left', async () => {
    http.mock.reset()
    http.mock.onMessage(/slow/u, { content: 'done' }, { latency: 20_000 })
    const rows = Array.from({ length: 70 }, (_, index) => row(`slow ${index}`, { messages: user('slow') }))
    const batch = await endOf(await begin(rows, '/v1/chat/completions', { completion_window: '2s' }))
    expect(batch).toMatchObject({ status: 'expired', request_counts: { completed: 0, failed: 70 } })
    const left = await linesOf(batch.error_file_id)
    expect(left).toHaveLength(70)
    expect(left.every(({ response }) => response === null)).toBe(true)
    expect(left[0]).toMatchObject({ response: null, error: { code: 'batch_expired' } })
  })

  it('keeps the files of each tenant from the others, lists them in pages, and deletes them', async () => {
    const [first, second] = [await upload(['1']), await upload(['2'])]
    expect(first).toMatchObject({ object: 'file', bytes: 1, filename: 'rows.jsonl', purpose: 'batch' })
    const listed: string[] = []
    for await (const file of client.files.list({ limit: 1, purpose: 'batch' })) listed.push(file.id)
    expect(listed.slice(0, 2)).toEqual([second.id, first.id])
    expect((await stranger().files.list()).data).toEqual([])
    for (const call of [
      () => stranger().files.retrieve(first.id),
      () => stranger().files.content(first.id),
      () => stranger().files.delete(first.id),
      () =>
        stranger().batches.create({
          input_file_id: first.id,
          endpoint: '/v1/chat/completions',
          completion_window: '24h',
        }),
    ]) {
      expect(await failureOf(call())).toMatchObject({ status: 404, code: 'file_not_found' })
    }
    expect(await client.files.delete(first.id)).toEqual({ id: first.id, object: 'file', deleted: true })
    expect(await failureOf(client.files.content(first.id))).toMatchObject({ status: 404 })
    expect((await client.files.retrieve(second.id)).id).toBe(second.id)
  })
})
