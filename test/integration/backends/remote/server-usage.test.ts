import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { Usage } from '#services/contract/price'
import type { Backend, RunControl } from '#services/backends/backend'
import type { Work } from '#services/backends/work'
import { createUpstreamMeter } from '#services/backends/remote/upstream-metrics'
import { createAnthropicBackend } from '#services/backends/anthropic/anthropic'
import { createGeminiBackend } from '#services/backends/gemini/gemini'
import { createOpenaiBackend } from '#services/backends/openai/openai'
import { startScriptedServer, type ScriptedServer } from '../../../support/servers/scripted-server.ts'

/** One answer of a server over the wire, and what is to be made of it. */
interface Case {
  readonly says: string
  readonly events: readonly object[]
  readonly text?: string
  readonly usage: Usage
  /** Kinds of oddities that are counted, and no other. */
  readonly odd?: readonly string[]
  readonly maxOutputTokens?: number
}

const chunk = (delta: object, more: object = {}): object => ({ choices: [{ index: 0, delta, ...more }] })
const end = chunk({}, { finish_reason: 'stop' })
const said = (usage: unknown, text = 'Hello there'): readonly object[] => [
  chunk({ role: 'assistant', content: text }),
  end,
  { choices: [], usage },
]
const plain = { prompt_tokens: 20, completion_tokens: 6, total_tokens: 26 }
const counted = { inputTokens: 20, outputTokens: 6 }
const prose = 'The ferry leaves at nine and returns by noon. '.repeat(10)

const openai: readonly Case[] = [
  { says: 'whole', events: said(plain), usage: counted },
  {
    says: 'first a part of it, then the whole',
    events: [
      { ...chunk({ content: 'Hello there' }), usage: { prompt_tokens_details: { cached_tokens: 0 } } },
      end,
      { choices: [], usage: plain },
    ],
    usage: counted,
  },
  {
    says: 'nothing in an object, then the whole',
    events: [chunk({ content: 'Hello there' }), { ...end, usage: {} }, { choices: [], usage: plain }],
    usage: counted,
  },
  {
    says: 'the sums so far with every piece, and zeros in the end',
    events: [
      { ...chunk({ content: 'Hello' }), usage: { prompt_tokens: 20, completion_tokens: 1, total_tokens: 21 } },
      { ...chunk({ content: ' there' }), usage: plain },
      { ...end, usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } },
    ],
    usage: counted,
  },
  {
    says: 'zeros at first',
    events: [
      { ...chunk({ content: 'Hello there' }), usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } },
      { ...end, usage: plain },
    ],
    usage: counted,
  },
  {
    says: 'it within the choice, as Moonshot does',
    events: [
      chunk({ content: 'Hello there' }),
      chunk({}, { finish_reason: 'stop', usage: { prompt_tokens: 19, completion_tokens: 21, total_tokens: 40 } }),
    ],
    usage: { inputTokens: 19, outputTokens: 21 },
  },
  {
    says: 'cached tokens at the top of it, as Moonshot does',
    events: said({ prompt_tokens: 19, completion_tokens: 21, total_tokens: 40, cached_tokens: 3 }),
    usage: { inputTokens: 16, cachedTokens: 3, outputTokens: 21 },
  },
  {
    says: 'it under x_groq',
    events: [chunk({ content: 'Hello there' }), { ...end, x_groq: { id: 'r', usage: { ...plain, queue_time: 0.1 } } }],
    usage: counted,
  },
  {
    says: 'cache hits and misses, as DeepSeek does',
    events: said({
      prompt_tokens: 1000,
      completion_tokens: 6,
      total_tokens: 1006,
      prompt_cache_hit_tokens: 900,
      prompt_cache_miss_tokens: 100,
    }),
    usage: { inputTokens: 100, cachedTokens: 900, outputTokens: 6 },
  },
  {
    says: 'hits and misses alone',
    events: said({ completion_tokens: 6, prompt_cache_hit_tokens: 15, prompt_cache_miss_tokens: 5 }),
    usage: { inputTokens: 5, cachedTokens: 15, outputTokens: 6 },
  },
  {
    says: 'reasoning outside the completion, as xAI does',
    events: said({
      prompt_tokens: 20,
      completion_tokens: 6,
      total_tokens: 342,
      completion_tokens_details: { reasoning_tokens: 316 },
    }),
    usage: { inputTokens: 20, outputTokens: 6, reasoningTokens: 316 },
  },
  {
    says: 'less reasoning than completion, and outside it by the total',
    events: said({
      prompt_tokens: 20,
      completion_tokens: 40,
      total_tokens: 90,
      completion_tokens_details: { reasoning_tokens: 30 },
    }),
    usage: { inputTokens: 20, outputTokens: 40, reasoningTokens: 30 },
  },
  {
    says: 'reasoning within the completion, as OpenAI does',
    events: said({
      prompt_tokens: 20,
      completion_tokens: 317,
      total_tokens: 337,
      completion_tokens_details: { reasoning_tokens: 311 },
    }),
    usage: { inputTokens: 20, outputTokens: 6, reasoningTokens: 311 },
  },
  {
    says: 'more reasoning than completion and no total',
    events: said({ prompt_tokens: 20, completion_tokens: 6, completion_tokens_details: { reasoning_tokens: 311 } }),
    usage: { inputTokens: 20, outputTokens: 6, reasoningTokens: 311 },
  },
  {
    says: 'the names of Anthropic for the cache, within the prompt by the total',
    events: said({
      prompt_tokens: 20,
      completion_tokens: 6,
      total_tokens: 26,
      cache_read_input_tokens: 12,
      cache_creation_input_tokens: 4,
    }),
    usage: { inputTokens: 4, cachedTokens: 12, cacheWriteTokens: 4, outputTokens: 6 },
  },
  {
    says: 'more cached tokens than prompt tokens',
    events: said({
      prompt_tokens: 5,
      completion_tokens: 6,
      total_tokens: 41,
      prompt_tokens_details: { cached_tokens: 30 },
    }),
    usage: { inputTokens: 5, cachedTokens: 30, outputTokens: 6 },
  },
  {
    says: 'two sets of names, one of zeros',
    events: said({ ...plain, input_tokens: 0, output_tokens: 0, prompt_tokens_details: null }),
    usage: counted,
  },
  {
    says: 'the names of Anthropic and Responses',
    events: said({ input_tokens: 20, output_tokens: 6, total_tokens: 26, input_tokens_details: { cached_tokens: 0 } }),
    usage: counted,
  },
  {
    says: 'it in texts and fractions',
    events: said({ prompt_tokens: '20', completion_tokens: 5.4, total_tokens: null }),
    usage: counted,
    odd: ['usage-malformed'],
  },
  {
    says: 'it with details that are no objects',
    events: said({ ...plain, prompt_tokens_details: [], completion_tokens_details: 'none' }),
    usage: counted,
  },
  {
    says: 'a total that is no sum',
    events: said({ ...plain, total_tokens: 7000 }),
    usage: counted,
    odd: ['usage-total'],
  },
  {
    says: 'no completion tokens, but a total',
    events: said({ prompt_tokens: 20, total_tokens: 26 }),
    usage: counted,
  },
  {
    says: 'nothing of the completion',
    events: said({ prompt_tokens: 20 }),
    usage: { inputTokens: 20, outputTokens: 3, estimated: true },
    odd: ['usage-partial'],
  },
  {
    says: 'a negative count of the prompt',
    events: said({ prompt_tokens: -1, completion_tokens: 6 }),
    usage: { inputTokens: 1, outputTokens: 6, estimated: true },
    odd: ['usage-malformed', 'usage-partial'],
  },
  {
    says: 'that it is no object',
    events: said('soon'),
    usage: { inputTokens: 1, outputTokens: 3, estimated: true },
    odd: ['usage-missing'],
  },
  {
    says: 'only zeros',
    events: said({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
    usage: { inputTokens: 1, outputTokens: 3, estimated: true },
    odd: ['usage-too-few'],
  },
  {
    says: 'one token for a long answer, as a server that counts steps does',
    events: said({ prompt_tokens: 20, completion_tokens: 1, total_tokens: 21 }, prose),
    text: prose,
    usage: { inputTokens: 20, outputTokens: 115, estimated: true },
    odd: ['usage-too-few'],
  },
  {
    says: 'few tokens for a long rule',
    events: said({ prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 }, '-'.repeat(400)),
    text: '-'.repeat(400),
    usage: { inputTokens: 20, outputTokens: 4 },
  },
  {
    says: 'far more than the cap',
    events: said({ prompt_tokens: 20, completion_tokens: 1_000_000, total_tokens: 1_000_020 }),
    maxOutputTokens: 16,
    usage: { inputTokens: 20, outputTokens: 1_000_000 },
    odd: ['output-over-cap'],
  },
  {
    says: 'a number that no call has',
    events: said({ prompt_tokens: 20, completion_tokens: 1e300 }),
    usage: { inputTokens: 20, outputTokens: 1e7 },
    odd: ['output-over-cap', 'usage-malformed'],
  },
  {
    says: 'an input beyond all bytes, as one who adds a prompt of its own',
    events: said({ prompt_tokens: 9000, completion_tokens: 6, total_tokens: 9006 }),
    usage: { inputTokens: 9000, outputTokens: 6 },
    odd: ['input-over-bound'],
  },
  {
    says: 'its words in parts, with thoughts',
    events: [
      chunk({ content: '' }),
      chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }),
      chunk({ content: [{ type: 'text', text: 'Hello' }, { type: 'reference', reference_ids: [1] }, { text: ' th' }] }),
      chunk({ content: { type: 'text', text: 'ere' } }),
      { choices: [{ index: 0, delta: { content: [] }, finish_reason: 'stop' }], usage: plain },
    ],
    usage: counted,
  },
  {
    says: 'words and a part of a kind that nobody knows',
    events: [chunk({ content: ['Hello', { type: 'hologram', data: 'x' }, ' there'] }), { ...end, usage: plain }],
    usage: counted,
    odd: ['content-unknown'],
  },
  {
    says: 'log-probabilities that are none',
    events: [chunk({ content: 'Hello there' }, { logprobs: { content: 'many' } }), { ...end, usage: plain }],
    usage: counted,
    odd: ['field-malformed'],
  },
  {
    says: 'a log-probability that is no number',
    events: [
      chunk({ content: 'Hello there' }, { logprobs: { content: [{ token: 'Hello', logprob: '-inf' }] } }),
      { ...end, usage: plain },
    ],
    usage: counted,
    odd: ['field-malformed'],
  },
  {
    says: 'no choices at all beside its use',
    events: [chunk({ content: 'Hello there' }), end, { choices: null, usage: plain }],
    usage: counted,
  },
]

const refused = [
  chunk({ content: [{ type: 'refusal', refusal: 'I cannot help with that.' }] }),
  { ...end, usage: plain },
]

const message = (usage: unknown): object => ({ type: 'message_start', message: { role: 'assistant', usage } })
const block = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello there' } }
const stop = (usage: unknown): object => ({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage })
const over = { type: 'message_stop' }

const anthropic: readonly Case[] = [
  {
    says: 'whole',
    events: [message({ input_tokens: 20, output_tokens: 1 }), block, stop({ output_tokens: 6 }), over],
    usage: counted,
  },
  {
    says: 'the cache apart',
    events: [
      message({ input_tokens: 4, cache_read_input_tokens: 16, cache_creation_input_tokens: 8, output_tokens: 1 }),
      block,
      stop({ output_tokens: 6 }),
      over,
    ],
    usage: { inputTokens: 4, cachedTokens: 16, cacheWriteTokens: 8, outputTokens: 6 },
  },
  {
    says: 'first a guess and then the cache',
    events: [
      message({ input_tokens: 20, cache_read_input_tokens: 0, output_tokens: 0 }),
      block,
      stop({ input_tokens: 0, cache_read_input_tokens: 20, output_tokens: 6 }),
      over,
    ],
    usage: { inputTokens: 0, cachedTokens: 20, outputTokens: 6 },
  },
  {
    says: 'zeros first and all of it in the end',
    events: [message({ input_tokens: 0, output_tokens: 0 }), block, stop({ input_tokens: 20, output_tokens: 6 }), over],
    usage: counted,
  },
  {
    says: 'fractions, texts and null',
    events: [message({ input_tokens: '20', cache_read_input_tokens: null }), block, stop({ output_tokens: 6.0 }), over],
    usage: counted,
    odd: ['usage-malformed'],
  },
  {
    says: 'the names of OpenAI',
    events: [message(null), block, stop({ prompt_tokens: 20, completion_tokens: 6, total_tokens: 26 }), over],
    usage: counted,
  },
  {
    says: 'nothing',
    events: [message(undefined), block, stop(undefined), over],
    usage: { inputTokens: 1, outputTokens: 3, estimated: true },
    odd: ['usage-missing'],
  },
]

const part = (text: string, usageMetadata: unknown, more: object = {}): object => ({
  candidates: [{ content: { parts: [{ text }] }, ...more }],
  usageMetadata,
})
const done = { finishReason: 'STOP' }

const gemini: readonly Case[] = [
  {
    says: 'whole',
    events: [part('Hello there', { promptTokenCount: 20, candidatesTokenCount: 6, totalTokenCount: 26 }, done)],
    usage: counted,
  },
  {
    says: 'its output in the first part and not in the last',
    events: [
      part('Hello there', { promptTokenCount: 20, candidatesTokenCount: 6, totalTokenCount: 26 }),
      part('', { promptTokenCount: 20, totalTokenCount: 26 }, done),
    ],
    usage: counted,
  },
  {
    says: 'thoughts apart',
    events: [
      part(
        'Hello there',
        { promptTokenCount: 20, candidatesTokenCount: 6, thoughtsTokenCount: 30, totalTokenCount: 56 },
        done,
      ),
    ],
    usage: { ...counted, reasoningTokens: 30 },
  },
  {
    says: 'thoughts within the candidates',
    events: [
      part(
        'Hello there',
        { promptTokenCount: 20, candidatesTokenCount: 36, thoughtsTokenCount: 30, totalTokenCount: 56 },
        done,
      ),
    ],
    usage: { ...counted, reasoningTokens: 30 },
  },
  {
    says: 'what its tools brought',
    events: [
      part('Hello there', { promptTokenCount: 20, candidatesTokenCount: 6, toolUsePromptTokenCount: 100 }, done),
    ],
    usage: { inputTokens: 120, outputTokens: 6 },
  },
  {
    says: 'cached tokens within the prompt',
    events: [part('Hello there', { promptTokenCount: 20, candidatesTokenCount: 6, cachedContentTokenCount: 16 }, done)],
    usage: { inputTokens: 4, cachedTokens: 16, outputTokens: 6 },
  },
  {
    says: 'texts for numbers',
    events: [part('Hello there', { promptTokenCount: '20', candidatesTokenCount: '6' }, done)],
    usage: counted,
    odd: ['usage-malformed'],
  },
]

const wires = { openai, anthropic, gemini } as const
const create = { openai: createOpenaiBackend, anthropic: createAnthropicBackend, gemini: createGeminiBackend } as const
const paths = {
  openai: '/chat/completions',
  anthropic: '/messages',
  gemini: '/models/m:streamGenerateContent',
} as const

let server: ScriptedServer
beforeAll(async () => {
  const scripts = Object.entries(wires).flatMap(([kind, cases]) =>
    cases.map(({ events }, place) => {
      return [`/${kind}/${place}${paths[kind as keyof typeof paths]}`, bodyOf(events)]
    }),
  )
  scripts.push([`/openai/refused${paths.openai}`, bodyOf(refused)])
  server = await startScriptedServer(Object.fromEntries(scripts) as Record<string, string>)
})
afterAll(() => server.close())

/** Of these three, only OpenAI's streams end with a mark that is no event. */
function bodyOf(events: readonly object[]): string {
  const isOpenai = events.some(event => 'choices' in event)
  return `${events.map(event => `data: ${JSON.stringify(event)}\n\n`).join('')}${isOpenai ? 'data: [DONE]\n\n' : ''}`
}

const never = new AbortController().signal
const quiet: RunControl = { cancelled: () => false, signal: () => never, onDelta: async () => {} }

function workOf(maxOutputTokens: number): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task: 'generate',
    options: { maxOutputTokens },
    parts: [{ kind: 'text', text: 'Hi' }],
    deadlineAt: Date.now() + 20_000,
    streaming: false,
  }
}

describe.each(Object.keys(wires) as (keyof typeof wires)[])('what an answer of %s used', kind => {
  it.each(wires[kind].map((one, place) => ({ ...one, place })))(
    'is read where the server says $says',
    async ({ place, text = 'Hello there', usage, odd = [], maxOutputTokens = 1024 }) => {
      const registry = new Registry()
      const backend = await open(kind, String(place), registry)
      const [outcome] = await backend.run([workOf(maxOutputTokens)], quiet)
      await backend.close()
      if (outcome?.kind !== 'done') throw new Error(JSON.stringify(outcome))
      const { computeMs: _time, ...used } = outcome.result.usage
      expect(outcome.result.output).toMatchObject({ kind: 'text', text })
      expect(used).toEqual(usage)
      const counter = await registry.getSingleMetric('sluice_worker_upstream_oddities_total')?.get()
      const found = counter?.values.filter(({ value }) => value > 0).map(({ labels }) => labels['kind'])
      expect(found?.toSorted()).toEqual(odd.toSorted())
      expect(counter?.values.length).toBeGreaterThan(5)
    },
  )
})

it('does not take words of a refusal for an answer', async () => {
  const backend = await open('openai', 'refused', new Registry())
  const [outcome] = await backend.run([workOf(1024)], quiet)
  await backend.close()
  expect(outcome).toMatchObject({ kind: 'failed', reason: 'model-refused', usage: counted })
})

function open(kind: keyof typeof wires, script: string, registry: Registry): Promise<Backend> {
  const times = { connectTimeoutMs: 5000, firstByteTimeoutMs: 10_000, betweenChunksTimeoutMs: 10_000 }
  const spec = { baseUrl: `${server.origin}/${kind}/${script}`, model: 'm', vision: true, logprobs: false, ...times }
  const dependencies = {
    packPath: () => '',
    executionProviders: ['cpu'],
    threads: 1,
    logger: pino({ level: 'silent' }),
    clock: { now: () => Date.now() },
    meter: createUpstreamMeter(registry),
  }
  return create[kind]({ kind, ...spec } as never, dependencies)
}
