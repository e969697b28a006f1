import type { MessageParam } from '@anthropic-ai/sdk/resources/messages'
import type { Content } from '@google/genai'
import fc from 'fast-check'
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import { describe, expect, it } from 'vitest'
import { describeHeader } from '#services/router/assess/describe-header'
import { filters } from '#services/router/choose/filters'
import { sizesOf } from '#services/router/choose/worst-case-cost'
import { capabilities, type Capability } from '#services/contract/capabilities'
import type { Recipe } from '#services/contract/model'
import type { GenerateOptions, ToolPart, WordPart } from '#services/contract/content'
import { conversationOf, type Message } from '#services/contract/conversation'
import { noWork } from '#services/state/service-times/workload'
import { workloadOf } from '#services/router/choose/workload-of'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { featuresOf } from '#services/decision/policy/featurize'
import { readJob } from '#services/state/queue/read-job'
import { wordPayloadOf, wordsOfPayload } from '#services/state/queue/payloads/word-payload'
import { encodeChat } from '#services/backends/openai/chat-request'
import { encodeGemini } from '#services/backends/gemini/gemini-request'
import { encodeMessages } from '#services/backends/anthropic/messages-request'
import { promptOf } from '#services/backends/remote/prompt'
import { onTheWire } from '../../support/gateways/on-the-wire.ts'
import { argumentsOf } from '#services/backends/remote/turns'
import { billedUsage } from '#services/backends/remote/reported-usage'
import type { LoadedPart, Work } from '#services/backends/work'

const text = (words: string) => ({ kind: 'text', text: words }) as const
const call = (id: string, city: string) =>
  ({ kind: 'tool-call', id, name: 'weather', argumentsJson: `{"city":"${city}"}` }) as const
const result = (callId: string, content: string) => ({ kind: 'tool-result', callId, content }) as const
const png = { kind: 'image', bytes: Uint8Array.of(137, 80, 78, 71), mediaType: 'image/png' } as const

function work(messages: readonly Message<LoadedPart>[], more: Partial<Work> = {}): Work {
  return {
    legId: legIdOf(createRequestId(0), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task: 'generate',
    options: { tools: [{ name: 'weather', parametersJson: '{}' }] },
    ...conversationOf(messages),
    deadlineAt: Number.MAX_SAFE_INTEGER,
    streaming: true,
    ...more,
  }
}

const say = (role: Message['role'], ...parts: readonly LoadedPart[]): Message<LoadedPart> => ({ role, parts })

/** Two calls at once, answered in another order; then one more, which fails; then the user again. */
const conversation: readonly Message<LoadedPart>[] = [
  say('user', text('Where is it warmer?'), png),
  say('assistant', call('a', 'Oslo'), call('b', 'Rome')),
  say('tool', result('b', '21 degrees')),
  say('tool', result('a', '4 degrees')),
  say('assistant', call('fn:c', 'Bath')),
  say('tool', { ...result('fn:c', 'no such town'), isError: true }),
  say('user', text('Never mind Bath.')),
]

describe('turns of tools as each protocol has them', () => {
  it('are messages of assistant and tool in a chat', () => {
    const style = { model: 'm', logprobs: false, capField: 'max_tokens' } as const
    // The assignments are the test, here and below: the compiler holds each to the types that its provider publishes.
    const { messages } = encodeChat(work(conversation), style)
    const published: ChatCompletionMessageParam[] = messages.filter(message => message.role !== 'user')
    expect(published).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
          { id: 'b', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: '4 degrees' },
      { role: 'tool', tool_call_id: 'b', content: '21 degrees' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'fn:c', type: 'function', function: { name: 'weather', arguments: '{"city":"Bath"}' } }],
      },
      { role: 'tool', tool_call_id: 'fn:c', content: 'no such town' },
    ])
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool', 'assistant', 'tool', 'user'])
  })

  it('are blocks of tool_use, and of tool_result before what the user says next, at Anthropic', () => {
    const messages: MessageParam[] = onTheWire(encodeMessages(work(conversation), 'm')).messages
    expect(messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Oslo' } },
          { type: 'tool_use', id: 'b', name: 'weather', input: { city: 'Rome' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: '4 degrees' },
          { type: 'tool_result', tool_use_id: 'b', content: '21 degrees' },
        ],
      },
      // The id of another protocol is one that this one refuses.
      { role: 'assistant', content: [{ type: 'tool_use', id: 'call_0', name: 'weather', input: { city: 'Bath' } }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_0', content: 'no such town', is_error: true },
          { type: 'text', text: 'Never mind Bath.' },
        ],
      },
    ])
  })

  it('are function calls and responses by name, in the order of the calls, at Gemini', () => {
    const contents: Content[] = onTheWire(encodeGemini(work(conversation), { logprobs: false })).contents
    const thoughtSignature = 'skip_thought_signature_validator'
    expect(contents.slice(1)).toEqual([
      {
        role: 'model',
        parts: [
          { functionCall: { name: 'weather', args: { city: 'Oslo' } }, thoughtSignature },
          { functionCall: { name: 'weather', args: { city: 'Rome' } }, thoughtSignature },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'weather', response: { output: '4 degrees' } } },
          { functionResponse: { name: 'weather', response: { output: '21 degrees' } } },
        ],
      },
      { role: 'model', parts: [{ functionCall: { name: 'weather', args: { city: 'Bath' } }, thoughtSignature }] },
      { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { error: 'no such town' } } }] },
      { role: 'user', parts: [{ text: 'Never mind Bath.' }] },
    ])
  })

  it('have ids of their own at Anthropic, where a later turn has those of an earlier one', () => {
    const [asked, , ...rest] = conversation
    const twice = [asked!, say('assistant', call('a', 'Oslo')), say('tool', result('a', '4 degrees'))]
    const { messages } = onTheWire(encodeMessages(work([...twice, ...twice.slice(1), ...rest.slice(2)]), 'm'))
    const blocks = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    const called = blocks.flatMap(block => (block.type === 'tool_use' ? [block.id] : []))
    const answered = blocks.flatMap(block => (block.type === 'tool_result' ? [block.tool_use_id] : []))
    expect(new Set(called).size).toBe(3)
    expect(answered).toEqual(called)
  })

  it('keep the place of a turn in which the model said nothing, where roles must alternate', () => {
    const silent = [say('user', text('A?')), say('assistant', text('')), say('user', text('B?'))]
    const chat = encodeChat(work(silent), { model: 'm', logprobs: false, capField: 'max_tokens' })
    expect(chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    // These refuse a turn without parts.
    expect(encodeGemini(work(silent), { logprobs: false }).contents.every(({ parts }) => parts.length > 0)).toBe(true)
    expect(onTheWire(encodeMessages(work(silent), 'm')).messages).toMatchObject([
      { role: 'user', content: [{ text: 'A?' }, { text: 'B?' }] },
    ])
  })

  it.each([
    ['', {}],
    ['{"a":1}', { a: 1 }],
    ['[1]', { arguments: '[1]' }],
    ['{"a":', { arguments: '{"a":' }],
  ])('show arguments %j as an object', (argumentsJson, shown) => {
    expect(argumentsOf({ kind: 'tool-call', id: 'a', name: 'n', argumentsJson })).toEqual(shown)
  })

  it('leave a template to the question that is asked', () => {
    const { turns } = promptOf(work(conversation, { recipe: { promptTemplate: 'Q: {input}' } }))
    expect(turns.at(-1)).toEqual(say('user', text('Q: Never mind Bath.')))
    const open = promptOf(work(conversation.slice(0, 4), { recipe: { promptTemplate: 'Q: {input}' } }))
    expect(open.turns[0]).toEqual(say('user', png, text('Q: Where is it warmer?')))
  })

  it('hold the thinking of the model that is asked, and of no other', () => {
    const thought = (model: string) =>
      ({ kind: 'reasoning', text: `${model} thinks`, signature: model, model }) as const
    const parts = [thought('m'), thought('other'), call('a', 'Oslo')]
    const { turns } = promptOf(
      work([...conversation.slice(0, 1), say('assistant', ...parts), say('tool', result('a', 'x'))]),
    )
    expect(turns[1]).toEqual(say('assistant', thought('m'), call('a', 'Oslo')))
  })
})

describe('turns of tools on their way', () => {
  const words = fc.string({ unit: 'grapheme', maxLength: 20 })
  const part: fc.Arbitrary<WordPart> = fc.oneof(
    words.map(text),
    fc.record({ kind: fc.constant('tool-call' as const), id: words, name: words, argumentsJson: words }),
    fc.record({ kind: fc.constant('tool-result' as const), callId: words, content: words }),
    words.map(content => ({ ...result('a', content), isError: true as const })),
  )

  it('come out of the payload store as they were put in', () => {
    fc.assert(
      fc.property(part, one => {
        const { kind, bytes } = wordPayloadOf(one)
        expect(wordsOfPayload(kind, bytes)).toEqual(one)
      }),
    )
  })

  it('are read in an envelope, as the parts of before are', () => {
    const job = {
      version: 1,
      legId: legIdOf(createRequestId(0), 0),
      tenant: 't',
      model: 'm',
      rung: 'm',
      work: noWork,
      recipe: {},
      task: 'generate',
      options: {},
      deadlineAt: 1,
      priority: 2,
      replyTo: 'box',
      streaming: false,
      price: {},
      reserveNanoUsd: 0,
      enqueuedAt: 0,
    }
    const earlier = [text('a'), { kind: 'text-payload', payloadId: 'p', payloadBytes: 9 }]
    const tools = [
      call('a', 'Oslo'),
      { ...result('a', 'x'), isError: true },
      { kind: 'tool-payload', payloadId: 'p', payloadBytes: 9 },
    ]
    expect(readJob({ ...job, parts: [...earlier, ...tools] })).toMatchObject({
      kind: 'job',
      job: { parts: [...earlier, ...tools] },
    })
    const refused = readJob({ ...job, parts: [{ kind: 'tool-result', content: 'a secret' }] })
    expect(refused).toEqual({ kind: 'refused', why: expect.not.stringContaining('secret') })
  })

  it('count like text in bytes, in money held and in what is billed where nobody counts', () => {
    const parts: readonly WordPart[] = [text('four'), call('a', 'Oslo'), result('a', 'x'.repeat(4000))]
    const inputBytes = 4 + 'weather {"city":"Oslo"}'.length + 4000
    expect(workloadOf(parts, {}).inputTokens).toBe(Math.ceil(inputBytes / 4))
    expect(sizesOf(parts)).toMatchObject({ parts: 3, images: 0 })
    expect(sizesOf(parts).textBytes).toBeGreaterThan(inputBytes)
    const { inputTokens } = billedUsage(undefined, { parts, text: '', maxOutputTokens: 1, computeMs: 1 }).usage
    expect(inputTokens).toBe(Math.ceil(inputBytes / 4))
  })

  it('are text to the estimator, and change nothing where there are none', () => {
    const question = text('Where is it warmer?')
    const tools: readonly ToolPart[] = [call('a', 'Oslo'), result('a', 'It is warm in the whole of the country today.')]
    const plain = featuresOf([describeHeader(question)])
    expect(plain).toEqual(featuresOf([question]))
    const longer = featuresOf([question, ...tools].map(describeHeader))
    expect(Object.keys(longer)).toEqual(Object.keys(plain))
    expect(longer['text.log_words']).toBeGreaterThan(plain['text.log_words'] ?? Infinity)
  })

  it('leave out rungs whose backend has no turns', () => {
    const filter = filters.find(({ name }) => name === 'capability')
    const objection = (needs: readonly Capability[], takes?: readonly Capability[]): string | undefined =>
      filter?.objects({ rung: { model: { takes }, recipe: {} } } as never, { needs, options: {} } as never, {} as never)
    expect(objection(['tools'], [])).toBe('it takes no tools and no results of tools')
    expect(objection(['tools', 'seed'], ['tools'])).toBe('it takes no options.seed')
    expect(objection(['tools'], ['tools'])).toBeUndefined()
    expect(objection([], [])).toBeUndefined()
    expect(objection(['tools'])).toBeUndefined()
  })

  it('leave out rungs that are asked by another tier, or whose recipe leaves no room', () => {
    const filter = filters.find(({ name }) => name === 'capability')
    const objection = (recipe: Recipe, options: GenerateOptions, takes: readonly Capability[] = capabilities) =>
      filter?.objects({ rung: { model: { takes }, recipe } } as never, { needs: [], options } as never, {} as never)
    const flex: Recipe = { serviceTier: 'flex' }
    expect(objection(flex, { serviceTier: 'default' })).toBe('it is asked by service tier flex')
    expect(objection(flex, { serviceTier: 'flex' })).toBeUndefined()
    expect(objection(flex, { serviceTier: 'auto' })).toBeUndefined()
    expect(objection(flex, {})).toBeUndefined()
    const short: Recipe = { reasoningEffort: 'low', maxOutputTokens: 900 }
    expect(objection(short, {}, ['reasoning-effort'])).toContain('it thinks with at least 1,024 tokens')
    expect(objection(short, { maxOutputTokens: 4000 }, ['reasoning-effort'])).toBeUndefined()
    expect(objection(short, {})).toBeUndefined()
    const budget: GenerateOptions = { reasoning: { maxTokens: 900 } }
    expect(objection({ maxOutputTokens: 900 }, budget)).toBe('its 900 output tokens leave no room beside the reasoning')
    expect(objection({ maxOutputTokens: 901 }, budget)).toBeUndefined()
  })
})
