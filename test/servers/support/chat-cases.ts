import { expect } from 'vitest'
import type { RecordedWork } from '../../support/wire/fixture.ts'

/** One call that every chat server is asked for. */
export interface ChatCase {
  readonly name: string
  /** Fields of the backend that differ. */
  readonly backend?: object
  readonly work: RecordedWork
  /** What a server must be able to do for it. */
  readonly needs?: ChatFeature
  readonly outcome: object
}

/** What not every chat server does. */
export type ChatFeature = 'logprobs' | 'tools' | 'schema' | 'json' | 'adapters' | 'overflow' | 'penalties'

const parts = (text: string): RecordedWork['parts'] => [{ kind: 'text', text }]
const ask = (text: string, options: RecordedWork['options'] = {}): RecordedWork => ({
  task: 'generate',
  parts: parts(text),
  options: { maxOutputTokens: 24, temperature: 0, ...options },
})

const weather = {
  name: 'weather',
  description: 'The weather of a city',
  parametersJson:
    '{"type":"object","properties":{"city":{"type":"string","enum":["Oslo","Rome"]}},"required":["city"]}',
} as const
const schemaJson =
  '{"type":"object","properties":{"city":{"enum":["Oslo","Rome"]},"warm":{"type":"boolean"}},"required":["city","warm"],"additionalProperties":false}'
const expectCity: unknown = expect.stringMatching(/^\s*\{\s*"city"\s*:\s*"(?:Oslo|Rome)"\s*\}\s*$/u)
const expectPlace: unknown = expect.stringMatching(/"city"\s*:\s*"(?:Oslo|Rome)"/u)
const said = { kind: 'done', result: { output: { kind: 'text' } } }

/** Calls of chats, by OpenAI's Chat Completions. */
export const chatCases: readonly ChatCase[] = [
  { name: 'a text', work: ask('Say hello.'), outcome: said },
  { name: 'a text that is streamed', work: { ...ask('Say hello.'), streaming: true }, outcome: said },
  {
    name: 'log-probabilities',
    needs: 'logprobs',
    backend: { logprobs: true },
    work: ask('Name a colour.'),
    outcome: { result: { signals: { has_logprobs: 1 } } },
  },
  {
    name: 'a history with a system message',
    work: {
      ...ask(''),
      parts: [...parts('Be brief.'), ...parts('I am Ada.'), ...parts('Hello Ada.'), ...parts('Who am I?')],
      messages: (['system', 'user', 'assistant', 'user'] as const).map(role => ({ role, parts: 1 })),
    },
    outcome: said,
  },
  {
    name: 'an answer that the cap cuts',
    work: ask('Count from one to a hundred in words.', { maxOutputTokens: 4 }),
    outcome: { result: { output: { finishReason: 'length' } } },
  },
  { name: 'a stop string', work: ask('Count: 1 2 3 4 5 6', { stop: ['e', ' '] }), outcome: { kind: 'done' } },
  {
    name: 'all that sampling takes',
    needs: 'penalties',
    work: ask('Say hello.', {
      temperature: 0.8,
      topP: 0.9,
      topK: 20,
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.1,
    }),
    outcome: said,
  },
  {
    name: 'a tool that must be called',
    needs: 'tools',
    work: ask('How is the weather in Oslo?', { tools: [weather], toolChoice: 'required', maxOutputTokens: 64 }),
    outcome: { result: { output: { toolCalls: [{ name: 'weather', argumentsJson: expectCity }] } } },
  },
  {
    name: 'a tool by its name',
    needs: 'tools',
    work: ask('How is the weather in Oslo?', { tools: [weather], toolChoice: 'weather', maxOutputTokens: 64 }),
    outcome: { result: { output: { toolCalls: [{ name: 'weather', argumentsJson: expectCity }] } } },
  },
  {
    name: 'tools that may be called',
    needs: 'tools',
    work: ask('Say hello.', { tools: [weather], toolChoice: 'auto' }),
    outcome: { kind: 'done' },
  },
  {
    name: 'the result of a tool',
    needs: 'tools',
    work: {
      ...ask('', { tools: [weather] }),
      parts: [
        ...parts('How is the weather in Oslo?'),
        { kind: 'tool-call', id: 'call_1', name: 'weather', argumentsJson: '{"city":"Oslo"}' },
        { kind: 'tool-result', callId: 'call_1', content: 'snow, -3 degrees' },
      ],
      messages: (['user', 'assistant', 'tool'] as const).map(role => ({ role, parts: 1 })),
    },
    outcome: { kind: 'done' },
  },
  {
    name: 'JSON of a schema',
    needs: 'schema',
    work: ask('Oslo in winter, as JSON.', {
      responseFormat: { kind: 'json-schema', name: 'place', schemaJson },
      maxOutputTokens: 64,
    }),
    outcome: { result: { output: { text: expectPlace } } },
  },
  {
    name: 'JSON of any kind',
    needs: 'json',
    work: ask('A JSON object with the key city.', { responseFormat: { kind: 'json-object' }, maxOutputTokens: 64 }),
    outcome: { kind: 'done' },
  },
  { name: 'an adapter', needs: 'adapters', work: { ...ask('Say hello.'), recipe: { adapter: 'law' } }, outcome: said },
  {
    name: 'a prompt beyond the context',
    needs: 'overflow',
    work: ask('word '.repeat(6000)),
    outcome: { kind: 'failed', reason: 'context-overflow' },
  },
  {
    name: 'an unknown model',
    backend: { model: 'nobody' },
    work: ask('Say hello.'),
    outcome: { kind: 'failed', reason: 'upstream-misconfigured' },
  },
  {
    name: 'a picture for a model without eyes',
    work: {
      ...ask(''),
      parts: [...parts('What is this?'), { kind: 'image', file: 'images/faint.png', mediaType: 'image/png' }],
    },
    outcome: { kind: 'failed' },
  },
]
