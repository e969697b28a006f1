import type { MessageCreateParamsStreaming } from '@anthropic-ai/sdk/resources/messages'
import { LLMock } from '@copilotkit/aimock'
import type { GenerateContentParameters } from '@google/genai'
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RunControl } from '#services/backends/backend'
import { encodeChat } from '#services/backends/openai/chat-request'
import { encodeGemini } from '#services/backends/gemini/gemini-request'
import { encodeMessages } from '#services/backends/anthropic/messages-request'
import type { Outcome, Work } from '#services/backends/work'
import { createBackend, type BackendSpec } from '#services/backends/create-backend'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { onTheWire } from '../../../support/gateways/on-the-wire.ts'

/** A server of other people's making that speaks the providers' protocols. */
let mock: LLMock

beforeAll(async () => {
  mock = new LLMock({ port: 0, logLevel: 'silent', chunkSize: 8 })
  await mock.start()
})
beforeEach(() => void mock.reset())
afterAll(() => mock.stop())

const dependencies = {
  packPath: () => '',
  executionProviders: ['cpu'],
  threads: 1,
  logger: pino({ level: 'silent' }),
  clock: { now: () => Date.now() },
}
const tool = {
  name: 'weather',
  description: 'The weather of a place',
  parametersJson: '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}',
}

function work(text: string, more: Partial<Work> = {}): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text }],
    deadlineAt: Date.now() + 10_000,
    streaming: true,
    ...more,
  }
}

type Protocol = 'openai' | 'anthropic' | 'gemini'

function specOf(kind: Protocol): BackendSpec {
  const times = { connectTimeoutMs: 300, firstByteTimeoutMs: 2000, betweenChunksTimeoutMs: 1000, apiKey: 'k' }
  if (kind === 'openai') {
    return { kind, ...times, baseUrl: `${mock.url}/v1`, model: 'gpt-4o', vision: true, logprobs: false }
  }
  if (kind === 'anthropic') return { kind, ...times, baseUrl: `${mock.url}/v1`, model: 'claude-sonnet-4-5' }
  return { kind, ...times, baseUrl: `${mock.url}/v1beta`, model: 'gemini-2.5-flash', logprobs: false }
}

async function ask(kind: Protocol, one: Work): Promise<{ outcome: Outcome | undefined; told: string }> {
  let told = ''
  const never = new AbortController().signal
  const onDelta = async (_leg: unknown, text: string): Promise<void> => void (told += text)
  const control: RunControl = { cancelled: () => false, signal: () => never, onDelta }
  const backend = await createBackend(specOf(kind), dependencies)
  const [outcome] = await backend.run([one], control)
  await backend.close()
  return { outcome, told }
}

const answer = 'Water boils at a hundred degrees at the level of the sea.'
const usages: Record<Protocol, Record<string, number>> = {
  openai: { prompt_tokens: 31, completion_tokens: 12 },
  anthropic: { input_tokens: 31, output_tokens: 12 },
  gemini: { promptTokenCount: 31, candidatesTokenCount: 12 },
}

describe.each(['openai', 'anthropic', 'gemini'] as const)('the %s protocol', protocol => {
  it('brings a streamed answer with the tokens that the server counted', async () => {
    mock.onMessage(/boil/u, { content: answer, usage: usages[protocol] })
    const { outcome, told } = await ask(protocol, work('When does water boil?'))
    expect(outcome).toMatchObject({
      kind: 'done',
      result: { output: { kind: 'text', text: answer }, usage: { inputTokens: 31, outputTokens: 12 } },
    })
    expect(told).toBe(answer)
  })

  it('brings the call of a tool', async () => {
    mock.onMessage(/weather/u, { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] })
    const { outcome } = await ask(protocol, work('The weather in Oslo?', { options: { tools: [tool] } }))
    expect(outcome).toMatchObject({
      kind: 'done',
      result: { output: { toolCalls: [{ name: 'weather', argumentsJson: '{"city":"Oslo"}' }] } },
    })
  })

  it('brings the answer to the result of a tool', async () => {
    mock.onMessage(/weather/u, { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] })
    const asked = work('The weather in Oslo?', { options: { tools: [tool] } })
    const { outcome } = await ask(protocol, asked)
    const output = outcome?.kind === 'done' && outcome.result.output.kind === 'text' ? outcome.result.output : undefined
    const [call] = output?.toolCalls ?? []
    if (call === undefined) throw new Error('there is no call')
    expect(call.id).not.toBe('')
    mock.reset()
    mock.on({ hasToolResult: true }, { content: 'It rains in Oslo.' })
    const parts = [
      ...asked.parts,
      { kind: 'tool-call', ...call } as const,
      { kind: 'tool-result', callId: call.id, content: 'rain, 4 degrees' } as const,
    ]
    const roles = ['user', 'assistant', 'tool'] as const
    const messages = roles.map(role => ({ role, parts: 1 }))
    const answered = await ask(protocol, { ...asked, parts, messages })
    expect(answered.told).toBe('It rains in Oslo.')
    expect(JSON.stringify(mock.getLastRequest()?.body)).toContain('rain, 4 degrees')
  })

  it('carries an instruction beside a picture', async () => {
    mock.onMessage(/see/u, { content: 'a dot' })
    const png = { kind: 'image', bytes: Uint8Array.of(137, 80, 78, 71), mediaType: 'image/png' } as const
    const parts = [png, { kind: 'text', text: 'What do you see?' } as const]
    await ask(protocol, work('', { parts, options: { instruction: 'Be short.' } }))
    const seen = JSON.stringify(mock.getLastRequest()?.body)
    expect(seen).toContain('Be short.')
  })

  it('asks again after a 500, and takes no error for an answer', async () => {
    mock.onMessage(/boil/u, { content: answer })
    mock.nextRequestError(500, { message: 'oops' })
    expect((await ask(protocol, work('boil'))).outcome).toMatchObject({ kind: 'done' })
    expect(mock.getRequests()).toHaveLength(2)
    mock.nextRequestError(400, { message: 'no', type: 'invalid_request_error' })
    expect((await ask(protocol, work('boil'))).outcome).toMatchObject({ kind: 'failed', reason: 'upstream-refused' })
    expect(mock.getRequests()).toHaveLength(3)
  })

  it('tells a content that is too long, and one that was refused', async () => {
    mock.nextRequestError(400, { message: 'prompt is too long: 300000 tokens > 200000 maximum' })
    expect((await ask(protocol, work('boil'))).outcome).toMatchObject({ reason: 'context-overflow' })
    mock.nextRequestError(400, { message: 'Output blocked by content filtering policy' })
    expect((await ask(protocol, work('boil'))).outcome).toMatchObject({ reason: 'content-filter' })
  })

  it('takes an answer that breaks off for a failure', async () => {
    mock.onMessage(/boil/u, { content: answer.repeat(4) }, { truncateAfterChunks: 4 })
    const { outcome, told } = await ask(protocol, work('boil'))
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'upstream-error' })
    expect(answer.startsWith(told.slice(0, answer.length))).toBe(true)
  })
})

describe('the openai protocol', () => {
  it('brings vectors', async () => {
    mock.onEmbedding(/sea/u, { embedding: [0.25, -0.5, 1] })
    const { outcome } = await ask('openai', work('the level of the sea', { task: 'embed' }))
    expect(outcome).toMatchObject({
      result: { output: { kind: 'embedding', values: [0.25, -0.5, 1], space: 'gpt-4o' } },
    })
  })

  it('brings transcripts, with the trust that their segments tell', async () => {
    const segments = [{ id: 0, start: 0, end: 1, text: ' four two', avg_logprob: -0.1, no_speech_prob: 0.02 }]
    mock.onTranscription({ transcription: { text: ' four two', segments } })
    const audio = { kind: 'audio', bytes: new Uint8Array(32_000), mediaType: 'audio/wav' } as const
    const { outcome } = await ask('openai', work('', { task: 'transcribe', parts: [audio] }))
    expect(outcome).toMatchObject({
      kind: 'done',
      result: { output: { text: 'four two' }, usage: { audioMs: 1000 } },
    })
  })
})

describe('what is sent', () => {
  const png = { kind: 'image', bytes: Uint8Array.of(137, 80, 78, 71), mediaType: 'image/png' } as const
  const shown = work('', { parts: [png, { kind: 'text', text: 'What is it?' }] })

  it('carries pictures as each provider wants them', () => {
    const message: MessageCreateParamsStreaming = onTheWire(encodeMessages(shown, 'm'))
    expect(message.messages[0]?.content).toEqual([
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw==' } },
      { type: 'text', text: 'What is it?' },
    ])
    expect(onTheWire(encodeGemini(shown, { logprobs: true }))).toMatchObject({
      contents: [
        { role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'iVBORw==' } }, { text: 'What is it?' }] },
      ],
      generationConfig: { responseLogprobs: true },
    })
  })

  const full = work('hello', {
    recipe: { system: 's', examples: [{ input: 'a', output: 'b' }], topP: 0.9, stop: ['END'], temperature: 0.3 },
    options: { tools: [tool], toolChoice: 'weather', instruction: 'i', maxOutputTokens: 9 },
  })

  // The assignments are the test: the compiler holds each request to the types that its provider publishes.
  it('is what the providers’ own types say', () => {
    const style = { model: 'm', logprobs: true, capField: 'max_tokens' } as const
    const chat: Omit<
      ChatCompletionCreateParamsStreaming,
      'messages' | 'tools' | 'tool_choice' | 'response_format' | 'reasoning_effort' | 'service_tier' | 'stop'
    > & {
      readonly stop?: string[]
    } = {
      ...onTheWire(encodeChat(full, style)),
      stop: ['END'],
    }
    const message: MessageCreateParamsStreaming = onTheWire(encodeMessages(full, 'm'))
    const content: Pick<GenerateContentParameters, 'contents'> = onTheWire(encodeGemini(full, { logprobs: false }))
    expect(chat).toMatchObject({ model: 'm', max_tokens: 9, top_p: 0.9, temperature: 0.3 })
    expect(message).toEqual({
      model: 'm',
      max_tokens: 9,
      stream: true,
      system: 's\n\ni',
      temperature: 0.3,
      top_p: 0.9,
      stop_sequences: ['END'],
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
        { role: 'user', content: [{ type: 'text', text: 'hello' }] },
      ],
      tools: [
        {
          name: 'weather',
          description: 'The weather of a place',
          input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
      ],
      tool_choice: { type: 'tool', name: 'weather' },
    })
    expect(content).toMatchObject({
      systemInstruction: { parts: [{ text: 's\n\ni' }] },
      generationConfig: { maxOutputTokens: 9, stopSequences: ['END'] },
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } },
    })
  })
})
