import { describe, expect, it } from 'vitest'
import { createRedact } from '#services/backends/remote/errors/redact'
import { refusalOf } from '#services/backends/remote/errors/read-refusal'
import { readServerText } from '#services/platform/http/server-words'
import type { UpstreamError, UpstreamFault } from '#services/backends/remote/wire/upstream-error'
import { chatWork } from '../../../support/servers/ask-server.ts'

const key = 'a-key-of-this-deployment'

/** What is made of an answer, where the caller said `text`. */
function judge(status: number, body: unknown, text = 'Hi'): UpstreamError {
  const redact = createRedact(chatWork({ parts: [{ kind: 'text', text }] }), { secrets: [key], shown: ['m'] })
  const words = readServerText(typeof body === 'string' ? body : JSON.stringify(body))
  return refusalOf(words, { status, summary: `answered ${status}`, redact })
}

const openai = (message: string, more: object = {}): object => ({
  error: { message, type: 'invalid_request_error', ...more },
})

describe('a content that is too long', () => {
  it.each<readonly [string, number, unknown]>([
    [
      'OpenAI',
      400,
      openai('Your input exceeds the context window of this model.', { code: 'context_length_exceeded' }),
    ],
    [
      'OpenAI',
      400,
      openai("This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."),
    ],
    ['OpenAI by its code alone', 400, openai('No.', { code: 'context_length_exceeded' })],
    [
      'OpenAI, too large for its rate',
      429,
      openai(
        'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000. The input or output tokens must be reduced in order to run successfully.',
        { code: 'rate_limit_exceeded' },
      ),
    ],
    [
      'OpenAI, input',
      400,
      openai('Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens.'),
    ],
    ['OpenAI, embeddings', 400, openai("Invalid 'input[0]': maximum input length is 8192 tokens.")],
    ['Azure', 400, { error: { code: 'context_length_exceeded', message: 'Too long.' } }],
    [
      'vLLM',
      400,
      {
        object: 'error',
        message:
          "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion). Please reduce the length of the messages or completion.",
        type: 'BadRequestError',
        code: 400,
      },
    ],
    [
      'vLLM 0.18',
      400,
      openai(
        "This model's maximum context length is 4096 tokens. However, you requested 1000 output tokens and your prompt contains at least 4000 input tokens",
      ),
    ],
    [
      'vLLM, pictures',
      400,
      openai(
        'The decoder prompt (length 70000) is longer than the maximum model length of 32768. Make sure that `max_model_len` is no smaller than the number of text tokens plus multimodal tokens.',
      ),
    ],
    ['vLLM, no room for output', 400, openai('max_tokens must be at least 1, got -352.')],
    [
      'vLLM, output',
      400,
      openai(
        "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 20 input tokens (5000 > 4096 - 20).",
      ),
    ],
    ['SGLang', 400, openai("The input (70000 tokens) is longer than the model's context length (32768 tokens).")],
    [
      'SGLang, requested',
      400,
      openai("Requested token count exceeds the model's maximum context length of 4096 tokens."),
    ],
    [
      'SGLang, allowed',
      400,
      openai(
        'Input length (12345 tokens) exceeds the maximum allowed length (8192 tokens). Use a shorter input or enable --allow-auto-truncate.',
      ),
    ],
    [
      'llama.cpp',
      400,
      openai(
        'the request exceeds the available context size. try increasing the context size or enable context shift',
        { type: 'exceed_context_size_error' },
      ),
    ],
    [
      'llama.cpp, newer',
      400,
      openai('request (70000 tokens) exceeds the available context size (4096 tokens), try increasing it'),
    ],
    [
      'llama.cpp, embeddings',
      500,
      {
        error: {
          code: 500,
          message:
            'input (600 tokens) is too large to process. increase the physical batch size (current batch size: 512)',
          type: 'server_error',
        },
      },
    ],
    [
      'LM Studio',
      400,
      {
        error:
          'Trying to keep the first 12345 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens',
      },
    ],
    ['Ollama', 400, { error: 'the input length exceeds the context length' }],
    ['Ollama, newer', 400, { error: 'prompt too long; exceeded max context length by 2001 tokens' }],
    [
      'text-generation-inference',
      422,
      {
        error:
          'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 100 `max_new_tokens`',
        error_type: 'validation',
      },
    ],
    [
      'text-generation-inference, inputs',
      422,
      { error: 'Input validation error: `inputs` must have less than 1024 tokens. Given: 2000' },
    ],
    [
      'text-embeddings-inference',
      413,
      {
        error: 'Input validation error: `inputs` must have less than 512 tokens. Given: 600',
        error_type: 'Validation',
      },
    ],
    [
      'TensorRT-LLM',
      400,
      {
        message:
          'Prompt length (9000) exceeds maximum input length (8192). Set log level to info and check TRTGptModel logs for how maximum input length is set',
      },
    ],
    ['NIM', 400, openai('Input length 600 exceeds maximum allowed token size 512')],
    [
      'Anthropic',
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
      },
    ],
    [
      'Anthropic, with output',
      400,
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message:
            'input length and `max_tokens` exceed context limit: 199999 + 8192 > 200000, decrease input length or `max_tokens` and try again',
        },
      },
    ],
    [
      'Anthropic, bytes',
      413,
      { type: 'error', error: { type: 'request_too_large', message: 'Request exceeds the maximum size' } },
    ],
    [
      'Gemini',
      400,
      {
        error: {
          code: 400,
          message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
    [
      'Vertex',
      400,
      {
        error: {
          code: 400,
          message:
            'Unable to submit request because the input token count is 32771 but model only supports up to 32768. Reduce the input token count and try again.',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
    [
      'Gemini, bytes',
      400,
      {
        error: {
          code: 400,
          message: 'Request payload size exceeds the limit: 20971520 bytes.',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
    ['Bedrock', 400, { message: 'Input is too long for requested model.' }],
    [
      'Bedrock, Titan',
      400,
      { message: '400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9000' },
    ],
    ['Perplexity', 400, openai('The total length of all messages is too long.', { code: 400 })],
    [
      'Groq',
      400,
      openai('Please reduce the length of the messages or completion.', { code: 'context_length_exceeded' }),
    ],
    [
      'Groq, rate',
      413,
      openai(
        'Request too large for model `m` in organization `o` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 7000, please reduce your message size and try again.',
        { code: 'rate_limit_exceeded', type: 'tokens' },
      ),
    ],
    [
      'Mistral',
      400,
      {
        object: 'error',
        message:
          'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
        type: 'invalid_request_error',
        code: '3051',
      },
    ],
    [
      'DeepSeek',
      400,
      openai(
        "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens (69000 in the messages, 1000 in the completion).",
      ),
    ],
    [
      'xAI',
      400,
      {
        code: 'Client specified an invalid argument',
        error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
      },
    ],
    [
      'Together',
      422,
      openai('Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000'),
    ],
    ['Fireworks', 400, openai('The prompt is too long: 200000, model maximum context length: 131071')],
    [
      'Cohere',
      400,
      { message: 'too many tokens: size limit exceeded by 11326 tokens. Try using shorter or fewer inputs.' },
    ],
    [
      'Cerebras',
      400,
      {
        message: 'Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192',
        code: 'context_length_exceeded',
      },
    ],
    ['Moonshot', 400, openai('Invalid request: Your request exceeded model token limit: 8192')],
    ['Zhipu', 400, { error: { code: '1261', message: 'Prompt 超长' } }],
    ['Qwen', 400, { code: 'InvalidParameter', message: 'Range of input length should be [1, 30720]' }],
    ['MiniMax', 200, { base_resp: { status_code: 2013, status_msg: 'invalid params, context window exceeds limit' } }],
    [
      'Copilot',
      400,
      openai('prompt token count of 130000 exceeds the limit of 128000', { code: 'model_max_prompt_tokens_exceeded' }),
    ],
    [
      'OpenRouter, of another',
      400,
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: { raw: '{"message":"Input is too long for requested model."}' },
        },
      },
    ],
    ['nginx', 413, '<html><head><title>413 Request Entity Too Large</title></head></html>'],
    ['a proxy, in plain text', 413, 'Payload Too Large'],
    ['a gRPC server', 429, 'Received message larger than max (5000000 vs. 4194304)'],
  ])('is known by the words of %s', (_server, status, body) => {
    expect(judge(status, body).fault).toBe('context-overflow')
  })

  it.each<readonly [string, number, unknown, UpstreamFault]>([
    [
      'a rate',
      429,
      openai(
        'Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.',
      ),
      'rate-limit',
    ],
    ['a rate of Bedrock', 429, { message: 'Too many tokens, please wait before trying again.' }, 'rate-limit'],
    [
      'a quota',
      429,
      {
        error: {
          code: 429,
          message: 'You exceeded your current quota. Quota exceeded for metric: input_token_count, limit: 250000',
          status: 'RESOURCE_EXHAUSTED',
        },
      },
      'rate-limit',
    ],
    [
      'a name of a tool',
      400,
      openai(
        "Invalid 'tools[0].function.name': string too long. Expected a string with maximum length 64, but got a string with length 80 instead.",
      ),
      'refused',
    ],
    ['a number of pictures', 400, openai('At most 1 image(s) may be provided in one prompt.'), 'refused'],
    [
      'a cap',
      400,
      openai(
        'max_tokens is too large: 50000. This model supports at most 16384 completion tokens, whereas you provided 50000.',
      ),
      'refused',
    ],
    ['a full queue', 503, { error: 'The queue is full, max queue size 10' }, 'server'],
    ['memory', 500, { error: 'CUDA out of memory. Tried to allocate 2.00 GiB' }, 'server'],
    ['time', 504, 'context deadline exceeded', 'server'],
    [
      'a server that is overloaded',
      529,
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      'server',
    ],
  ])('is not seen in %s', (_what, status, body, fault) => {
    expect(judge(status, body).fault).toBe(fault)
  })
})

describe('the kind of a refusal', () => {
  it.each<readonly [string, number, unknown, UpstreamFault]>([
    [
      'Azure’s filter',
      400,
      {
        error: {
          code: 'content_filter',
          message: 'The response was filtered',
          innererror: { code: 'ResponsibleAIPolicyViolation' },
        },
      },
      'content-filter',
    ],
    [
      'Anthropic’s filter',
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' },
      },
      'content-filter',
    ],
    [
      'OpenAI’s safety system',
      400,
      openai('Your request was rejected as a result of our safety system.', { code: 'moderation_blocked' }),
      'content-filter',
    ],
    [
      'Qwen’s inspection',
      400,
      { code: 'DataInspectionFailed', message: 'Input data may contain inappropriate content.' },
      'content-filter',
    ],
    [
      'OpenRouter’s moderation',
      403,
      {
        error: {
          code: 403,
          message: 'Your chosen model requires moderation and your input was flagged for "violence".',
          metadata: { flagged_input: 'Hi' },
        },
      },
      'content-filter',
    ],
    ['a wrong key', 401, openai('Incorrect API key provided', { code: 'invalid_api_key' }), 'misconfigured'],
    [
      'Gemini’s wrong key',
      400,
      {
        error: {
          code: 400,
          message: 'API key not valid. Please pass a valid API key.',
          status: 'INVALID_ARGUMENT',
          details: [{ reason: 'API_KEY_INVALID' }],
        },
      },
      'misconfigured',
    ],
    [
      'a model that is not there',
      404,
      openai('The model `m` does not exist.', { code: 'model_not_found' }),
      'misconfigured',
    ],
    [
      'a model that is not there, told as 400',
      400,
      { error: 'model m not found, try pulling it first' },
      'misconfigured',
    ],
    ['no credit', 402, openai('Insufficient Balance'), 'misconfigured'],
    ['a page that is not there', 404, '<html><title>404 Not Found</title></html>', 'misconfigured'],
    ['a bug within a 400', 400, { error: { message: 'boom', type: 'InternalServerError', code: 500 } }, 'server'],
    [
      'a picture that cannot be read',
      500,
      { detail: 'cannot identify image file <_io.BytesIO object at 0x7f>' },
      'refused',
    ],
    ['a sound that cannot be read', 500, { error: { message: 'Failed to decode audio' } }, 'refused'],
    ['a bug', 500, 'Internal Server Error', 'server'],
    [
      'a field',
      422,
      {
        detail: [
          { type: 'less_than_equal', loc: ['body', 'max_tokens'], msg: 'Input should be less than or equal to 512' },
        ],
      },
      'refused',
    ],
    ['nothing', 400, '', 'refused'],
  ])('is told of %s', (_what, status, body, fault) => {
    expect(judge(status, body).fault).toBe(fault)
  })

  const quotes: readonly (readonly [string, (text: string) => unknown])[] = [
    [
      'the whole body in a field',
      text => ({ detail: [{ msg: 'Input should be a valid integer', input: { messages: [{ content: text }] } }] }),
    ],
    ['a message, in marks of quotation', text => openai(`Could not read '${text}'.`)],
    ['a message, without any', text => openai(`Bad request: ${text}`)],
    ['a message, cut', text => openai(`Invalid value: "${text.slice(0, Math.max(4, text.length - 5))}..."`)],
    ['a message, as JSON', text => openai(`Unprocessable: ${JSON.stringify({ role: 'user', content: text })}`)],
    ['a message, in capitals', text => openai(`CANNOT PARSE ${text.toUpperCase()}`)],
    ['plain text', text => `could not understand:\n${text}\n`],
    ['a page', text => `<html><title>400</title><body>${text}</body></html>`],
  ]
  const texts = [
    'Summarise our content policy for new staff.',
    'What is a content filter?',
    'content filter',
    'content_policy_violation',
    "This model's maximum context length is 4096 tokens",
    'prompt is too long',
    'My API key does not work, why is it unauthorized? The model does not exist, it says.',
    'rate limit exceeded: too many tokens',
  ]
  it.each(quotes.flatMap(([how, quote]) => texts.map(text => [how, text, quote] as const)))(
    'does not hang on words of the caller that it repeats in %s (%s)',
    (_how, text, quote) => {
      const refusal = judge(422, quote(text), text)
      expect(refusal.fault).toBe('refused')
      expect(refusal.message.toLowerCase()).not.toContain(text.toLowerCase())
      // A server's own words stay what they are, whatever the caller said.
      expect(judge(400, openai('Output blocked by content filtering policy'), text).fault).toBe('content-filter')
      expect(judge(400, openai("This model's maximum context length is 8192 tokens."), text).fault).toBe(
        'context-overflow',
      )
    },
  )
})

describe('what is shown of a server’s words', () => {
  it('holds neither keys nor media, nor secrets of addresses, and is short', () => {
    const base64 = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk'
    const { message } = judge(
      400,
      openai(
        `Wrong key ${key}, sk-proj-abcdefgh12345678, Bearer abc123def456; see https://user:pass@host.example/v1?key=abc123 and data:image/png;base64,${base64} and ${base64} ${'very '.repeat(200)}long`,
      ),
    )
    for (const secret of [key, 'abcdefgh12345678', 'abc123def456', 'user:pass', 'key=abc123', 'iVBORw0KGgo']) {
      expect(message).not.toContain(secret)
    }
    expect(message).toContain('https://host.example/v1')
    expect(Buffer.byteLength(message)).toBeLessThan(300)
  })

  it('keeps what says why', () => {
    expect(judge(404, openai('The model `m` does not exist.')).message).toBe(
      'the server answered 404: The model `m` does not exist.',
    )
    expect(
      judge(400, openai('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'))
        .message,
    ).toBe(
      'the server answered 400: "auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    )
  })

  it('does not hold two words of the caller in a row, in whatever script', () => {
    const text = 'Write to Ada Lovelace in London. 今天天气很好。'
    const { message } = judge(400, openai('no user Ada Lovelace at 今天天气; \\u4eca\\u5929\\u5929 London'), text)
    expect(message).toBe('the server answered 400: no user … at … London')
  })
})
