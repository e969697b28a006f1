import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { MessageCountTokensParams, MessageCreateParams } from '@anthropic-ai/sdk/resources/messages'
import type { GenerateContentConfig } from '@google/genai'
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import type { InputTokenCountParams } from 'openai/resources/responses/input-tokens'
import type { ResponseCreateParams } from 'openai/resources/responses/responses'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reasoningEfforts, serviceTiers, type GenerateOptions, type TextPart } from '#services/contract/content'
import { conversationOf } from '#services/contract/conversation'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { optionsFor } from '#services/contract/options-for'
import { encodeMessages } from '#services/backends/anthropic/messages-request'
import { encodeGemini } from '#services/backends/gemini/gemini-request'
import { encodeChat, type ChatStyle } from '#services/backends/openai/chat-request'
import { encodeResponses } from '#services/backends/openai/responses-request'
import { createUpstreamMeter } from '#services/backends/remote/upstream-metrics'
import type { BackendSpec } from '#services/backends/create-backend'
import { createTokenCounter } from '#services/backends/tokens/token-counter'
import type { Work } from '#services/backends/work'
import { systemClock } from '#services/contract/clock'
import { Registry } from 'prom-client'

const text = (words: string, more: Partial<TextPart> = {}): TextPart => ({ kind: 'text', text: words, ...more })

function work(options: GenerateOptions, parts: readonly TextPart[] = [text('Why?')]): Work {
  return {
    legId: legIdOf(createRequestId(0), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task: 'generate',
    options,
    ...conversationOf([
      { role: 'system', parts: [text('Be brief.', { cachePoint: true })] },
      { role: 'user', parts },
    ]),
    deadlineAt: Number.MAX_SAFE_INTEGER,
    streaming: true,
  }
}

const style: ChatStyle = { model: 'm', logprobs: false, capField: 'max_completion_tokens' }

// The annotations are half of the test: the compiler holds each field to the types that its provider publishes.
describe.each(reasoningEfforts)('the effort %s', effort => {
  const asked = work({ reasoning: { effort }, maxOutputTokens: 100_000 })

  it('is OpenAI’s own word in both of its protocols', () => {
    const chat: Pick<ChatCompletionCreateParams, 'reasoning_effort'> = {
      reasoning_effort: encodeChat(asked, style).reasoning_effort as typeof effort,
    }
    const responses: ResponseCreateParams['reasoning'] =
      encodeResponses(asked, 'm', { logprobs: false }).reasoning ?? null
    expect(chat).toEqual({ reasoning_effort: effort })
    expect(responses).toMatchObject({ effort })
  })

  it('is a budget or an effort of Anthropic’s, and one that ends in a summary', () => {
    const { thinking }: Pick<MessageCreateParams, 'thinking'> = encodeMessages(asked, 'm')
    const adaptive: Pick<MessageCreateParams, 'thinking' | 'output_config'> = encodeMessages(asked, 'm', {
      thinking: 'adaptive',
    })
    const budget = thinking?.type === 'enabled' ? thinking.budget_tokens : 0
    const isOff = effort === 'none'
    expect(isOff ? budget === 0 : budget >= 1024).toBe(true)
    expect(adaptive.thinking).toEqual(isOff ? { type: 'disabled' } : { type: 'adaptive', display: 'summarized' })
    expect(adaptive.output_config?.effort).toBe(isOff ? undefined : effort === 'minimal' ? 'low' : effort)
  })

  it('is a budget or a level of Gemini’s', () => {
    const config: GenerateContentConfig['thinkingConfig'] = encodeGemini(asked, { logprobs: false }).generationConfig
      .thinkingConfig
    expect(config).toMatchObject({ includeThoughts: effort !== 'none' })
    expect(config?.thinkingBudget).toBeGreaterThanOrEqual(0)
    expect(encodeGemini(asked, { logprobs: false, thinking: 'level' }).generationConfig.thinkingConfig).toHaveProperty(
      'thinkingLevel',
    )
  })
})

describe('a reasoning budget', () => {
  const asked = work({ reasoning: { maxTokens: 3000, effort: 'high' }, maxOutputTokens: 8000 })

  it.each([
    ['thinking_token_budget', { thinking_token_budget: 3000, reasoning_effort: 'high' }],
    ['thinking_budget_tokens', { thinking_budget_tokens: 3000, reasoning_effort: 'high' }],
    ['thinking_budget', { enable_thinking: true, thinking_budget: 3000, reasoning_effort: 'high' }],
    ['reasoning', { reasoning: { max_tokens: 3000 } }],
    ['thinking', { thinking: { type: 'enabled', budget_tokens: 3000 } }],
  ] as const)('goes by the field %s of a server that has it', (budgetField, fields) => {
    const request = encodeChat(asked, { ...style, budgetField })
    expect(request).toMatchObject(fields)
    expect('reasoning_effort' in request).toBe(budgetField !== 'reasoning' && budgetField !== 'thinking')
  })

  it('is Anthropic’s and Gemini’s own number', () => {
    expect(encodeMessages(asked, 'm').thinking).toEqual({ type: 'enabled', budget_tokens: 3000 })
    expect(encodeGemini(asked, { logprobs: false }).generationConfig.thinkingConfig).toMatchObject({
      thinkingBudget: 3000,
    })
  })
})

describe('an adapter', () => {
  const asked = work({})
  const adapted = { ...asked, recipe: { adapter: 'law' } }

  it('goes by its number where the server numbers them, and none goes as none', () => {
    const numbered = { ...style, loraNumbers: { code: '0', law: '1' } }
    expect(encodeChat(adapted, numbered)).toMatchObject({
      model: style.model,
      lora: [
        { id: 0, scale: 0 },
        { id: 1, scale: 1 },
      ],
    })
    expect(encodeChat(asked, numbered).lora?.map(({ scale }) => scale)).toEqual([0, 0])
    expect(encodeChat(adapted, style)).not.toHaveProperty('lora')
  })
})

describe('cache points', () => {
  const asked = work({ promptCacheKey: 'k' }, [text('A long document.', { cachePoint: true }), text('Why?')])

  it('are breakpoints of OpenAI’s where its server takes them', () => {
    const point = { prompt_cache_breakpoint: { mode: 'explicit' } }
    const { messages, prompt_cache_key: key } = encodeChat(asked, { ...style, cachePoints: true })
    expect(messages).toEqual([
      { role: 'system', content: [{ type: 'text', text: 'Be brief.', ...point }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'A long document.', ...point },
          { type: 'text', text: 'Why?' },
        ],
      },
    ])
    expect(key).toBe('k')
    const responses = encodeResponses(asked, 'm', { logprobs: false, cachePoints: true })
    expect(responses).not.toHaveProperty('instructions')
    expect(responses.input).toEqual([
      { role: 'system', content: [{ type: 'input_text', text: 'Be brief.', ...point }] },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'A long document.', ...point },
          { type: 'input_text', text: 'Why?' },
        ],
      },
    ])
  })

  it('stay away from servers of that protocol that cache by themselves', () => {
    expect(JSON.stringify(encodeChat(asked, style))).not.toContain('breakpoint')
    expect(JSON.stringify(encodeResponses(asked, 'm', { logprobs: false }))).not.toContain('breakpoint')
  })

  it('are Anthropic’s cache_control', () => {
    const { system, messages }: Pick<MessageCreateParams, 'system'> & { readonly messages: readonly object[] } =
      encodeMessages(asked, 'm')
    const mark = { cache_control: { type: 'ephemeral' } }
    expect(system).toEqual([{ type: 'text', text: 'Be brief.', ...mark }])
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'A long document.', ...mark },
          { type: 'text', text: 'Why?' },
        ],
      },
    ])
  })
})

describe.each(serviceTiers)('the service tier %s', serviceTier => {
  it('is each provider’s own word', () => {
    const asked = work({ serviceTier })
    const chat: ChatCompletionCreateParams['service_tier'] = encodeChat(asked, style).service_tier as typeof serviceTier
    const anthropic: MessageCreateParams['service_tier'] = encodeMessages(asked, 'm').service_tier ?? 'auto'
    const gemini: `${NonNullable<GenerateContentConfig['serviceTier']>}` =
      encodeGemini(asked, { logprobs: false }).serviceTier ?? 'unspecified'
    expect(chat).toBe(serviceTier)
    expect(anthropic).toBe(serviceTier === 'auto' ? 'auto' : 'standard_only')
    expect(gemini).toBe({ auto: 'unspecified', default: 'standard', flex: 'flex', priority: 'priority' }[serviceTier])
  })
})

describe('what a recipe says', () => {
  it('stands where the request says nothing, and its tier stands always', () => {
    const recipe = { reasoningEffort: 'low', serviceTier: 'flex', maxOutputTokens: 50 } as const
    expect(optionsFor(recipe, {})).toEqual({ reasoning: { effort: 'low' }, serviceTier: 'flex', maxOutputTokens: 50 })
    const request = { reasoning: { maxTokens: 9 }, serviceTier: 'auto', maxOutputTokens: 60 } as const
    expect(optionsFor(recipe, request)).toEqual({ ...request, serviceTier: 'flex' })
  })
})

it('tokens are counted by what they are billed as', async () => {
  const registry = new Registry()
  const counts = { input: 1, cached: 20, cacheWritten: 300, output: 4000, reasoning: 50_000 }
  createUpstreamMeter(registry).tokens('m', { ...counts, estimated: false })
  const shown = await registry.getSingleMetricAsString('sluice_worker_tokens_total')
  const byDirection = Object.fromEntries(
    [...shown.matchAll(/direction="(\w+)",source="server"\} (\d+)/gu)].map(([, name, count]) => [name, Number(count)]),
  )
  expect(byDirection).toEqual({ input: 1, cache_read: 20, cache_write: 300, output: 4000, reasoning: 50_000 })
})

describe('what a provider counts', () => {
  const tools = [{ name: 'weather', parametersJson: '{"type":"object"}' }]
  const bodies: unknown[] = []
  let server: Server

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (piece: Buffer) => (body += piece.toString()))
      request.on('end', () => {
        bodies.push([request.url, JSON.parse(body)])
        response.end('{"input_tokens":7,"totalTokens":7}')
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => void server.close())

  const count = async (spec: object): Promise<unknown> => {
    const { port } = server.address() as AddressInfo
    const times = { connectTimeoutMs: 2000, firstByteTimeoutMs: 2000, betweenChunksTimeoutMs: 2000 }
    const counter = await createTokenCounter(
      { ...times, ...spec, model: 'served', baseUrl: `http://127.0.0.1:${port}/v1` } as BackendSpec,
      { packPath: () => '', executionProviders: [], threads: 1, logger: pino({ level: 'silent' }), clock: systemClock },
    )
    const asked = work({ tools, maxOutputTokens: 5, temperature: 0.5, stop: ['x'] })
    const counted = await counter?.count(asked, new AbortController().signal)
    await counter?.close()
    expect(counted).toBe(7)
    return bodies.at(-1)
  }

  it('is what Anthropic’s count_tokens takes', async () => {
    const body: MessageCountTokensParams = {
      model: 'served',
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Why?' }] }],
      tools: [{ name: 'weather', input_schema: { type: 'object' } }],
      tool_choice: { type: 'auto' },
    }
    expect(await count({ kind: 'anthropic' })).toEqual(['/v1/messages/count_tokens', body])
  })

  it('is what OpenAI’s input_tokens takes', async () => {
    const body: InputTokenCountParams = {
      model: 'served',
      instructions: 'Be brief.',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Why?' }] }],
      tools: [{ type: 'function', name: 'weather', parameters: { type: 'object' }, strict: false }],
      tool_choice: 'auto',
    }
    expect(await count({ kind: 'openai', api: 'responses' })).toEqual(['/v1/responses/input_tokens', body])
  })

  it('is what Gemini’s countTokens takes', async () => {
    const [path, body] = (await count({ kind: 'gemini', logprobs: false })) as [
      string,
      { generateContentRequest: object },
    ]
    expect(path).toBe('/v1/models/served:countTokens')
    expect(body.generateContentRequest).toMatchObject({
      model: 'models/served',
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [{ role: 'user', parts: [{ text: 'Why?' }] }],
    })
    expect(body.generateContentRequest).not.toHaveProperty('generationConfig')
  })
})
