import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acmeKey, startHttpGateway, type HttpGateway } from '../../support/http-gateway.ts'

let http: HttpGateway
beforeAll(async () => {
  http = await startHttpGateway({ limits: { http: { bodyMegabytes: 1 } } })
  http.mock.onEmbedding(/./u, { embedding: [0.25, -0.5, 1] })
  http.mock.onImage(/cat/u, { image: { b64Json: picture } })
  http.mock.onMessage(/^[^]*$/u, { content: 'Hello to you.' })
})
afterAll(() => http?.stop())

const user = [{ role: 'user', content: 'hello' }]
const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const called = [
  ...user,
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{}' } }],
  },
]
const calledTwice = [
  ...user,
  {
    role: 'assistant',
    tool_calls: ['c1', 'c2'].map(id => ({ id, type: 'function', function: { name: 'weather', arguments: '{}' } })),
  },
]
const toolSays = (content: unknown, id = 'c1') => ({ role: 'tool', tool_call_id: id, content })
const dataUrl = `data:image/png;base64,${picture}`
const chatPicture = { type: 'image_url', image_url: { url: dataUrl } }
const badPicture = { type: 'image_url', image_url: { url: 'data:image/png,x' } }
const call1 = { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{}' } }
const use1 = { type: 'tool_use', id: 't1', name: 'weather', input: {} }
const used = [
  ...user,
  { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'weather', input: {} }] },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1' }] },
]
const shown = (url: unknown) => [
  {
    role: 'user',
    content: [
      { type: 'image_url', image_url: url },
      { type: 'text', text: 'hello' },
    ],
  },
]
const textPart = (words: string) => ({ type: 'text', text: words })
const chatTool = { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }
const tool = { name: 'weather', input_schema: { type: 'object', properties: {} } }

const wires = {
  chat: { path: '/v1/chat/completions', body: { model: 'auto', messages: user } },
  responses: { path: '/v1/responses', body: { model: 'auto', input: 'hello' } },
  messages: { path: '/v1/messages', body: { model: 'auto', max_tokens: 64, messages: user } },
  count: { path: '/v1/messages/count_tokens', body: { model: 'auto', messages: user } },
} as const
type Wire = keyof typeof wires

async function post(wire: Wire, more: object): Promise<Response> {
  const { path, body } = wires[wire]
  return await send(path, { body: JSON.stringify({ ...body, ...more }) })
}

function send(path: string, { method = 'POST', headers = {}, body }: SendOptions): Promise<Response> {
  const usual = { 'content-type': 'application/json', authorization: `Bearer ${acmeKey}` }
  return fetch(`${http.baseUrl}${path}`, {
    method,
    headers: { ...usual, ...headers },
    ...(body === undefined ? {} : { body }),
  })
}

interface SendOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

describe('odd requests of the SDKs that are taken', () => {
  it.each<readonly [string, Wire, object]>([
    ['one choice, no log-probabilities', 'chat', { n: 1, logprobs: false, top_logprobs: null }],
    ['all that sampling takes', 'chat', { stop: ['x', 'y'], seed: -1, presence_penalty: 0.5, frequency_penalty: -0.5 }],
    ['no stop', 'chat', { stop: null }],
    ['options of a stream without one', 'chat', { stream_options: { include_usage: true } }],
    ['labels of the caller', 'chat', { user: 'ada', metadata: { a: 'b' }, store: false, service_tier: 'auto' }],
    ['both limits', 'chat', { max_completion_tokens: 10, max_tokens: 5 }],
    ['an instruction of a developer', 'chat', { messages: [{ role: 'developer', content: 'be nice' }, ...user] }],
    ['an instruction that is empty', 'chat', { messages: [{ role: 'system', content: '' }, ...user] }],
    ['an instruction of blanks', 'chat', { messages: [{ role: 'system', content: ' \n' }, ...user] }],
    ['nothing but an empty text', 'chat', { messages: [{ role: 'user', content: '' }] }],
    ['an empty text at the end', 'chat', { messages: [...user, { role: 'user', content: '' }] }],
    ['a text of blanks', 'chat', { messages: [{ role: 'user', content: ' ' }] }],
    [
      'an empty text beside another',
      'chat',
      { messages: [{ role: 'user', content: [textPart(''), textPart('hello')] }] },
    ],
    ['an empty text, as an item', 'responses', { input: [...user, { role: 'user', content: '' }] }],
    [
      'what the SDKs can send beside the question',
      'chat',
      {
        store: true,
        metadata: { a: 'b' },
        prediction: { type: 'content', content: 'hello' },
        service_tier: 'fast',
        modalities: ['text'],
        logit_bias: {},
        seed: 7,
        user: 'ada',
        safety_identifier: 'ada',
        prompt_cache_key: 'k',
        prompt_cache_retention: '24h',
        reasoning_effort: 'minimal',
        verbosity: 'medium',
      },
    ],
    [
      'what the SDKs can send beside the question',
      'responses',
      {
        metadata: { a: 'b' },
        service_tier: 'fast',
        user: 'ada',
        safety_identifier: 'ada',
        prompt_cache_key: 'k',
        parallel_tool_calls: true,
        truncation: 'disabled',
        include: ['reasoning.encrypted_content'],
        text: { format: { type: 'text' }, verbosity: 'medium' },
        reasoning: { effort: 'low', summary: 'auto' },
        stream_options: { include_obfuscation: false },
      },
    ],
    [
      'what the SDKs can send beside the question',
      'messages',
      {
        metadata: { user_id: 'u' },
        service_tier: 'auto',
        cache_control: { type: 'ephemeral' },
        diagnostics: { previous_message_id: null },
        thinking: { type: 'disabled' },
        speed: 'standard',
      },
    ],
    ['a name', 'chat', { messages: [{ role: 'user', name: 'ada', content: 'hello' }] }],
    ['a data URL', 'chat', { messages: shown({ url: `data:image/png;base64,${picture}`, detail: 'low' }) }],
    ['a call without a text', 'chat', { messages: [...called, { role: 'tool', tool_call_id: 'c1', content: 'rain' }] }],
    ['a choice that needs no tool', 'chat', { tools: [], tool_choice: 'none', parallel_tool_calls: true }],
    ['fields of an older API as null', 'chat', { functions: null, function_call: null, audio: null }],
    ['every field as null', 'responses', { previous_response_id: null, conversation: null, prompt: null, store: null }],
    ['an instruction that is empty, as an item', 'responses', { input: [{ role: 'system', content: '' }, ...user] }],
    [
      'blocks of the system',
      'messages',
      { system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
    ],
    ['stops', 'messages', { stop_sequences: ['x', 'y'] }],
    ['the beginning of an answer', 'messages', { messages: [...user, { role: 'assistant', content: 'He' }] }],
    ['a result without content', 'messages', { messages: used, tools: [tool] }],
    ['fields of betas as null', 'messages', { container: null, inference_geo: null, mcp_servers: null }],
    ...['', [], null].map((content): readonly [string, Wire, object] => [
      `a turn in which the model said ${JSON.stringify(content)}`,
      'chat',
      { messages: [...user, { role: 'assistant', content }, ...user] },
    ]),
    ['a turn of no items', 'responses', { input: [...user, { role: 'assistant', content: [] }, ...user] }],
    ['a turn of no blocks', 'messages', { messages: [...user, { role: 'assistant', content: [] }, ...user] }],
    ['a picture in a result', 'chat', { messages: [...called, toolSays([chatPicture])] }],
    [
      'pictures in two results out of their order, and words behind them',
      'chat',
      { messages: [...calledTwice, toolSays([chatPicture], 'c2'), toolSays([chatPicture]), ...user] },
    ],
    [
      'a picture and a file in a result',
      'responses',
      {
        input: [
          ...user,
          { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{}' },
          {
            type: 'function_call_output',
            call_id: 'c1',
            output: [
              { type: 'input_text', text: 'Here.' },
              { type: 'input_image', image_url: dataUrl },
            ],
          },
        ],
      },
    ],
    [
      'a picture in a result that failed',
      'messages',
      {
        tools: [tool],
        messages: [
          ...used.slice(0, 2),
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 't1',
                is_error: true,
                content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: picture } }],
              },
              { type: 'text', text: 'hello?' },
            ],
          },
        ],
      },
    ],
    [
      'the ids of an earlier turn again',
      'chat',
      { messages: [...called, toolSays('rain'), ...called.slice(1), toolSays('sun')] },
    ],
    ['tools', 'count', { tools: [tool], system: 'x', tool_choice: { type: 'auto' } }],
  ])('%s: %s', async (_says, wire, more) => {
    const response = await post(wire, more)
    expect([response.status, await response.text()]).toEqual([200, expect.stringMatching(/Hello to you|input_tokens/u)])
  })
})

describe('odd requests that are refused by the name that their caller wrote', () => {
  it.each<readonly [string, Wire, object]>([
    ['n', 'chat', { n: 2 }],
    ['logprobs', 'chat', { logprobs: true }],
    ['stop[0]', 'chat', { stop: '' }],
    ['max_tokens', 'chat', { max_tokens: 0 }],
    ['max_completion_tokens', 'chat', { max_completion_tokens: 0 }],
    ['max_output_tokens', 'responses', { max_output_tokens: 0 }],
    ['max_tokens', 'messages', { max_tokens: 0 }],
    ['temperature', 'chat', { temperature: 3 }],
    ['tools[0].function.name', 'chat', { tools: [{ ...chatTool, function: { name: 'not a name' } }] }],
    ['tool_choice', 'chat', { tool_choice: 'required' }],
    ['tool_choice', 'responses', { tool_choice: { type: 'function', name: 'weather' } }],
    ['tool_choice', 'messages', { tool_choice: { type: 'any' } }],
    ['tool_choice', 'chat', { tools: [chatTool], tool_choice: { type: 'function', function: { name: 'other' } } }],
    ['functions', 'chat', { functions: [{ name: 'weather' }] }],
    ['store', 'responses', { store: true }],
    ['messages[0].content', 'chat', { messages: [{ role: 'user', content: null }] }],
    ['messages[0].content', 'chat', { messages: [{ role: 'user', content: [] }] }],
    ['service_tier', 'chat', { service_tier: 'scale' }],
    ['modalities[1]', 'chat', { modalities: ['text', 'audio'] }],
    ['logit_bias', 'chat', { logit_bias: { 50256: -100 } }],
    ['verbosity', 'chat', { verbosity: 'loud' }],
    ['top_logprobs', 'chat', { top_logprobs: 3 }],
    ['response_format', 'chat', { response_format: 'json' }],
    ['tools[0].type', 'chat', { tools: [{ type: 'custom', custom: { name: 'x' } }] }],
    ['tools[0]', 'chat', { tools: ['weather'] }],
    ['messages[0].role', 'chat', { messages: [{ content: 'hello' }] }],
    ['messages', 'chat', { messages: {} }],
    ['messages', 'chat', { messages: 'hello' }],
    ['model', 'chat', { model: 7 }],
    ['model', 'chat', { model: ['auto'] }],
    ['stream', 'chat', { stream: 'true' }],
    ['temperature', 'chat', { temperature: '1' }],
    ['max_tokens', 'chat', { max_tokens: 1.5 }],
    ['seed', 'chat', { seed: 1e300 }],
    ['input', 'responses', { input: 7 }],
    ['text.format', 'responses', { text: { format: 'json' } }],
    ['reasoning', 'responses', { reasoning: 'high' }],
    ['metadata', 'responses', { metadata: 'x' }],
    ['system', 'messages', { system: 7 }],
    ['messages', 'messages', { messages: [] }],
    ['container', 'messages', { container: 'c' }],
    ['thinking', 'messages', { thinking: true }],
    ['messages[0].content', 'messages', { messages: [{ role: 'user', content: ' ' }] }],
    ['messages[0].content', 'chat', { messages: shown({ url: 'https://example.com/a.png' }) }],
    ['messages[0].content[0].image_url', 'chat', { messages: shown('https://example.com/a.png') }],
    ['messages[1].role', 'chat', { messages: [...user, { role: 'function', name: 'f', content: 'x' }] }],
    ['previous_response_id', 'responses', { previous_response_id: 'resp_1' }],
    ['conversation', 'responses', { conversation: 'conv_1' }],
    ['background', 'responses', { background: true }],
    ['input[0]', 'responses', { input: [{ type: 'item_reference', id: 'x' }] }],
    ['thinking.budget_tokens', 'messages', { thinking: { type: 'enabled', budget_tokens: 1024 } }],
    ['messages[1].content', 'messages', { system: 'x', messages: [...user, { role: 'user', content: '' }] }],
    ['tools[0].type', 'messages', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    ['max_tokens', 'count', { max_tokens: 5 }],
    // Turns that no provider's protocol allows.
    ['messages[0].tool_call_id', 'chat', { messages: [toolSays('rain'), ...user] }],
    ['messages[2]', 'chat', { messages: [...called, ...user] }],
    ['messages[1].tool_calls', 'chat', { messages: called }],
    ['messages[3].tool_call_id', 'chat', { messages: [...called, toolSays('rain'), toolSays('rain')] }],
    ['messages[2].tool_call_id', 'chat', { messages: [...called, toolSays('rain', 'c9')] }],
    [
      'messages[1].tool_calls',
      'chat',
      { messages: [user[0], { ...calledTwice[1], tool_calls: [call1, call1] }, toolSays('a')] },
    ],
    [
      'messages[1].tool_calls',
      'chat',
      { messages: [...user, { role: 'assistant', tool_calls: [{ ...call1, id: '' }] }] },
    ],
    ['messages', 'chat', { messages: [{ role: 'system', content: 'Be brief.' }] }],
    ['messages', 'chat', { messages: [{ role: 'assistant', content: 'Hello.' }] }],
    ['messages', 'chat', { messages: [] }],
    ['messages[2].content[0].image_url.url', 'chat', { messages: [...called, toolSays([badPicture])] }],
    ['messages[2].content', 'chat', { messages: [...called, toolSays([{ type: 'input_audio' }])] }],
    ['messages[0].content[0].text', 'chat', { messages: [{ role: 'user', content: [{ type: 'text' }] }] }],
    ['messages[0].role', 'chat', { messages: [{ role: 'robot', content: 'a' }] }],
    [
      'input[0].call_id',
      'responses',
      { input: [{ type: 'function_call_output', call_id: 'c1', output: 'a' }, ...user] },
    ],
    ['input', 'responses', { input: [] }],
    ['input', 'responses', { input: '' }],
    ['input', 'responses', { input: [{ role: 'assistant', content: 'a' }] }],
    ['input[1]', 'responses', { input: [...user, { type: 'function_call', call_id: 'c1', name: 'f' }] }],
    ['messages[0].content', 'messages', { messages: [used[2]] }],
    ['messages[2]', 'messages', { tools: [tool], messages: [...used.slice(0, 2), ...user] }],
    [
      'messages[1].content[0].input',
      'messages',
      { messages: [...user, { ...used[1], content: [{ ...use1, input: 'x' }] }] },
    ],
    ['messages[0].content[0].source', 'messages', { messages: [{ role: 'user', content: [{ type: 'image' }] }] }],
    ['messages[0].content', 'messages', { messages: [{ role: 'user', content: [] }] }],
    ['messages', 'messages', { system: 'x', messages: [{ role: 'assistant', content: 'a' }] }],
    [
      'messages[1].content',
      'messages',
      { messages: [...user, { role: 'assistant', content: [{ type: 'image', source: {} }] }] },
    ],
  ])('%s of %s', async (field, wire, more) => {
    const response = await post(wire, more)
    const { error } = (await response.json()) as { error: { message: string; param?: string | null; type: string } }
    expect(response.status).toBe(400)
    expect(error.type).toBe('invalid_request_error')
    expect(error.message).toContain(field)
    expect(error.message).not.toContain('options.')
  })
})

const { path: chatPath, body: chatBody } = wires.chat
const hello = JSON.stringify(chatBody)

const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const deepSchema = `{"type":"object","x":${deep}}`
const deepTool = `{"type":"function","function":{"name":"f","parameters":${deepSchema}}}`
const deepTools = (field: string, body: object): string =>
  JSON.stringify(body).replace(
    '{',
    `{"tools":[{"type":"${field === 'parameters' ? 'function' : 'custom'}","name":"f","${field}":${deepSchema}}],`,
  )
const drawing = (more: object): string =>
  JSON.stringify({ model: 'auto', prompt: 'a cat', n: 1, size: 'auto', user: 'ada', safety_identifier: 'a', ...more })
const vectors = (input: unknown, more: object = {}): string => JSON.stringify({ model: 'auto', input, ...more })

describe('odd HTTP', () => {
  it.each<readonly [string, number, string, SendOptions]>([
    ['a slash behind the path', 200, `${chatPath}/`, { body: hello }],
    ['a query', 200, '/v1/messages?beta=true', { body: JSON.stringify(wires.messages.body) }],
    [
      'beta headers',
      200,
      '/v1/messages',
      { body: JSON.stringify(wires.messages.body), headers: { 'anthropic-beta': 'x' } },
    ],
    ['the scheme in small letters', 200, chatPath, { body: hello, headers: { authorization: `bearer ${acmeKey}` } }],
    ['another scheme', 401, chatPath, { body: hello, headers: { authorization: 'Basic eDp5' } }],
    ['gzip', 200, chatPath, { body: gzipSync(hello), headers: { 'content-encoding': 'gzip' } }],
    ['deflate', 200, chatPath, { body: deflateSync(hello), headers: { 'content-encoding': 'deflate' } }],
    ['Brotli', 200, chatPath, { body: brotliCompressSync(hello), headers: { 'content-encoding': 'br' } }],
    ['gzip that is none', 400, chatPath, { body: hello, headers: { 'content-encoding': 'gzip' } }],
    [
      'gzip that ends early',
      400,
      chatPath,
      { body: gzipSync(hello).subarray(0, 40), headers: { 'content-encoding': 'gzip' } },
    ],
    [
      'gzip that unpacks to 50 MB',
      413,
      chatPath,
      { body: gzipSync(Buffer.alloc(5e7)), headers: { 'content-encoding': 'gzip' } },
    ],
    ['another packing', 400, chatPath, { body: hello, headers: { 'content-encoding': 'zstd' } }],
    ['the mark of UTF-8', 200, chatPath, { body: `\uFEFF${hello}` }],
    ['no body', 400, chatPath, { body: '' }],
    ['null', 400, chatPath, { body: 'null' }],
    ['a list', 400, '/v1/messages', { body: '[]' }],
    ['a text', 400, '/v1/responses', { body: '"hello"' }],
    ['a number that is none', 400, chatPath, { body: hello.replace('{', '{"temperature":1e999,') }],
    ['a field twice, the last of which counts', 200, chatPath, { body: hello.replace('{', '{"model":7,') }],
    ['the prototype of an object', 400, chatPath, { body: hello.replace('{', '{"__proto__":{"n":2},') }],
    ['half a character', 200, chatPath, { body: hello.replace('"hello"', '"\\ud800"') }],
    ['a deep list of labels', 400, chatPath, { body: hello.replace('{', `{"metadata":${deep},`) }],
    ['a deep schema of a tool', 400, chatPath, { body: hello.replace('{', `{"tools":[${deepTool}],`) }],
    ['a deep message', 400, chatPath, { body: hello.replace('"hello"', deep) }],
    ['a deep tool of the other wire', 400, '/v1/messages', { body: deepTools('input_schema', wires.messages.body) }],
    ['a deep tool of responses', 400, '/v1/responses', { body: deepTools('parameters', wires.responses.body) }],
    ['a limit that nobody has', 400, chatPath, { body: hello, headers: { 'x-sluice-max-cost-usd': '1e300' } }],
    ['a limit that is none', 400, chatPath, { body: hello, headers: { 'x-sluice-max-risk': 'low' } }],
    ['no time', 504, chatPath, { body: hello, headers: { 'x-sluice-deadline-ms': '0' } }],
    ['more time than there is', 200, chatPath, { body: hello, headers: { 'x-sluice-deadline-ms': '1e300' } }],
    ['tags of one word', 400, chatPath, { body: hello, headers: { 'x-sluice-tags': 'word' } }],
    ['a key without end', 400, chatPath, { body: hello, headers: { 'idempotency-key': 'k'.repeat(5000) } }],
    ['a priority that there is not', 400, chatPath, { body: hello, headers: { 'x-sluice-priority': 'urgent' } }],
    ['a tier that there is not', 400, chatPath, { body: hello, headers: { 'x-sluice-tier': 'huge' } }],
    ['a list of files by letters', 400, '/v1/files?limit=many', { method: 'GET' }],
    ['a list of batches before the first', 400, '/v1/batches?limit=-1', { method: 'GET' }],
    ['a file that there is not', 404, '/v1/files/file-none', { method: 'GET' }],
    ['a batch that there is not, called off', 404, '/v1/batches/batch_none/cancel', { body: '{}' }],
    ['a batch that there is not, called off without a word', 404, '/v1/batches/batch_none/cancel', { body: '' }],
    ['a path out of the folder', 404, '/v1/files/..%2f..%2fetc%2fpasswd', { method: 'GET' }],
    ['a path of half a character', 400, '/v1/files/%F0%9F', { method: 'GET' }],
    ['a picture with all that the SDKs send', 200, '/v1/images/generations', { body: drawing({}) }],
    ['two pictures', 400, '/v1/images/generations', { body: drawing({ n: 2 }) }],
    ['a picture by its address', 400, '/v1/images/generations', { body: drawing({ response_format: 'url' }) }],
    ['a picture of nothing', 400, '/v1/images/generations', { body: drawing({ prompt: '' }) }],
    ['vectors of nothing', 400, '/v1/embeddings', { body: vectors([]) }],
    ['a vector of an empty text', 400, '/v1/embeddings', { body: vectors('') }],
    ['vectors of tokens', 400, '/v1/embeddings', { body: vectors([1, 2, 3]) }],
    ['vectors of texts and lists', 400, '/v1/embeddings', { body: vectors(['one', ['two']]) }],
    ['vectors that are cut', 400, '/v1/embeddings', { body: vectors('one', { dimensions: 2 }) }],
    ['a file as JSON', 400, '/v1/files', { body: '{"purpose":"batch"}' }],
    ['a recording as JSON', 400, '/v1/audio/transcriptions', { body: '{"model":"auto"}' }],
    ['a batch without a file', 400, '/v1/batches', { body: '{"endpoint":"/v1/responses"}' }],
    ['another type', 400, chatPath, { body: hello, headers: { 'content-type': 'text/plain' } }],
    ['a model by its name', 200, '/v1/models/auto', { method: 'GET' }],
    ['a model that there is not', 404, '/v1/models/none', { method: 'GET' }],
    ['HEAD of a list', 200, '/v1/models', { method: 'HEAD' }],
    ['HEAD of a path for POST', 405, chatPath, { method: 'HEAD' }],
    ['GET of a path for POST', 405, '/v1/messages', { method: 'GET' }],
    ['DELETE of a model', 405, '/v1/models/auto', { method: 'DELETE' }],
    ['OPTIONS', 204, chatPath, { method: 'OPTIONS' }],
    ['a path that there is not', 404, '/v1/completions', { body: hello }],
  ])('%s: %i', async (_says, status, path, options) => {
    const response = await send(path, options)
    const text = await response.text()
    expect([response.status, text]).toEqual([status, expect.any(String)])
    const tellsMethods = status === 405 || status === 204
    expect(response.headers.get('allow') !== null).toBe(tellsMethods)
    const isTold = status >= 400 && options.method !== 'HEAD'
    expect(isTold ? JSON.parse(text) : { error: {} }).toMatchObject({ error: {} })
  })

  /** What comes back for bytes, until the server closes or an answer that begins with `until` has come as often. */
  function exchange(bytes: string, answers: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(http.baseUrl).port), '127.0.0.1')
      let came = ''
      socket.on('data', (piece: Buffer) => {
        came += piece.toString()
        if (came.split('Hello to you.').length > answers) socket.end()
      })
      socket.once('close', () => resolve(came)).once('error', reject)
      socket.write(bytes)
    })
  }
  const head = (...lines: readonly string[]): string =>
    [`host: x`, `authorization: Bearer ${acmeKey}`, 'content-type: application/json', ...lines, '', ''].join('\r\n')
  const spaced = head(`content-length: ${hello.length}`).replace('Bearer ', 'bearer   ')
  const length = `content-length: ${hello.length}`
  const first = `POST ${chatPath} HTTP/1.1\r\n`
  const chunks = `5\r\n${hello.slice(0, 5)}\r\n${(hello.length - 5).toString(16)}\r\n${hello.slice(5)}\r\n0\r\n\r\n`

  it.each([
    ['two spaces before the key', `${first}${spaced}${hello}`, 1, /^HTTP\/1\.1 200 OK/u],
    ['HTTP/1.0', `POST ${chatPath} HTTP/1.0\r\n${head(length)}${hello}`, 1, /^HTTP\/1\.1 200 OK.*connection: close/isu],
    [
      'Expect',
      `${first}${head(length, 'expect: 100-continue')}${hello}`,
      1,
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/u,
    ],
    ['three in a row', `${first}${head(length)}${hello}`.repeat(3), 3, /(?:HTTP\/1\.1 200 OK.*){3}/su],
    ['chunks', `${first}${head('transfer-encoding: chunked')}${chunks}`, 1, /^HTTP\/1\.1 200 OK/u],
    ['two lengths', `${first}${head(length, 'transfer-encoding: chunked')}${chunks}`, 1, /^HTTP\/1\.1 400 /u],
    ['no HTTP', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 1, /^HTTP\/1\.1 400 .*"code":"unreadable"/su],
  ])('%s', async (_says, bytes, answers, expected) => {
    expect(await exchange(bytes, answers)).toMatch(expected)
  })
})
