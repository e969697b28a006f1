import { expect } from 'vitest'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import type { Message } from '#services/wire/generated/sluice/v1/Message'
import type { Part } from '#services/wire/generated/sluice/v1/Part'
import type { TestConfig, TestGateway } from '../gateway.ts'
import { chatConfig } from '../chat-ladder.ts'

/** A rung of the conversations: `chat` speaks OpenAI's Chat Completions, `messages` Anthropic's Messages. */
export type Dialect = 'chat' | 'messages'

/** What a server was asked, in order. */
export interface Asked {
  readonly dialect: Dialect
  readonly body: AskedBody
}

interface AskedBody {
  readonly messages: readonly { readonly role: string; readonly content: unknown; readonly tool_calls?: unknown }[]
}

const card = { title: 'A chat', licence: 'none', source: 'a test', trainingData: 'none', limits: 'of a test' }
const times = {
  connectTimeoutMs: 5000,
  firstByteTimeoutMs: 240_000,
  betweenChunksTimeoutMs: 240_000,
  attempts: 1,
  totalTimeoutMs: 280_000,
}

/** `trusting` takes the first answer; `doubting` escalates each request that it may. */
export type PlayedLadder = 'trusting' | 'doubting'

/** Two rungs, over OpenAI's wire and over Anthropic's. */
export function conversationConfig(model: string, addresses: Readonly<Record<Dialect, string>>): TestConfig {
  const rung = (pool: Dialect, perInputToken: number, perOutputToken: number): object => ({
    pool,
    tasks: ['generate'],
    modalities: ['text'],
    backend: {
      ...(pool === 'chat' ? { kind: 'openai', logprobs: false } : { kind: 'anthropic' }),
      model,
      baseUrl: `http://${addresses[pool]}/v1`,
      ...times,
    },
    price: { perInputToken, perCachedToken: perInputToken / 10, perOutputToken },
    card,
  })
  const ladder = (confidenceThreshold: number): object => ({
    task: 'generate',
    modalities: ['text'],
    rungs: ['chat', 'messages'],
    uncalibrated: { confidenceThreshold },
  })
  return {
    ...chatConfig({
      pools: { chat: { tier: 'small', concurrency: 2 }, messages: { tier: 'large', concurrency: 2 } },
      models: {
        chat: rung('chat', 100, 400),
        messages: rung('messages', 3000, 12_000),
      },
      ladders: { trusting: ladder(0.4), doubting: ladder(0.9) },
    }),
    limits: { defaultDeadlineMs: 280_000 },
  }
}

const tools = [
  {
    name: 'weather',
    description: 'The weather of a city',
    parametersJson:
      '{"type":"object","properties":{"city":{"type":"string","enum":["Oslo","Rome"]}},"required":["city"]}',
  },
]

/** The rungs that each step of a play asked, and what the messages of the conversation were at its end. */
export interface Played {
  readonly steps: readonly {
    readonly of: 'turn' | 'call' | 'result'
    readonly asked: readonly Dialect[]
    readonly by: string
  }[]
  readonly messages: readonly Message[]
}

/** Questions of ten turns; those that are marked are asked with a tool that has to be called. */
const questions: readonly (readonly [string, boolean])[] = [
  ['My name is Ada. Say hello.', false],
  ['Name a colour.', false],
  ['How is the weather in Oslo?', true],
  ['Name an animal.', false],
  ['What is two and two?', false],
  ['How is the weather in Rome?', true],
  ['Name a fruit.', false],
  ['Say yes or no.', false],
  ['How is the weather in Oslo now?', true],
  ['What is my name?', false],
]

/** Talks for ten turns, three of them loops of a tool where there are tools. `asked` is what reaches the servers. */
export async function playConversation(
  gateway: TestGateway,
  asked: readonly Asked[],
  ladder: PlayedLadder,
  hasTools: boolean,
): Promise<Played> {
  const messages: Message[] = [{ role: 'ROLE_SYSTEM', parts: [{ text: 'Answer in one short sentence.' }] }]
  const steps: Played['steps'][number][] = []
  const step = async (
    of: 'turn' | 'call' | 'result',
    options: InferRequest['options'],
  ): Promise<InferResponse__Output> => {
    const before = asked.length
    const answer = await gateway.client.infer(
      {
        task: 'TASK_GENERATE',
        messages: [...messages],
        constraints: { ladder },
        options: { maxOutputTokens: of === 'call' ? 48 : 8, ...options },
      },
      { deadlineMs: 280_000 },
    )
    const since = asked.slice(before)
    // Whoever is asked is told all that was said before.
    for (const one of since) expect(turnsIn(one)).toEqual(turnsOf(messages))
    steps.push({ of, asked: since.map(({ dialect }) => dialect), by: answer.model })
    messages.push(messageOf(answer))
    return answer
  }
  for (const [question, needsTool] of questions) {
    messages.push({ role: 'ROLE_USER', parts: [{ text: question }] })
    if (!needsTool || !hasTools) {
      await step('turn', {})
      continue
    }
    const answer = await step('call', { tools, toolChoice: 'required' })
    const calls = answer.output?.toolCalls ?? []
    expect(calls.map(({ name }) => name)).toContain('weather')
    messages.push({
      role: 'ROLE_TOOL',
      parts: calls.map(({ id }) => ({ toolResult: { callId: id, content: '3 degrees, snow' } })),
    })
    await step('result', { tools, toolChoice: 'none' })
  }
  return { steps, messages }
}

/** The answer as the next request gives it back. */
function messageOf({ output }: InferResponse__Output): Message {
  const { text = '', reasoning = [], toolCalls = [] } = output ?? {}
  const parts: Part[] = [
    ...reasoning.map(one => ({ reasoning: one })),
    ...(text.trim() === '' ? [] : [{ text }]),
    ...toolCalls.map(one => ({ toolCall: one })),
  ]
  // A model may say nothing.
  return { role: 'ROLE_ASSISTANT', parts: parts.length === 0 ? [{ text: '(nothing)' }] : parts }
}

/** A turn as both dialects have it: who said it, its words, and how many calls or results of tools it has. */
interface Turn {
  readonly role: string
  readonly text: string
  readonly calls: number
  readonly results: number
}

function turnsOf(messages: readonly Message[]): readonly Turn[] {
  return messages.map(({ role, parts }) => {
    const all = parts ?? []
    return {
      role: String(role).replace('ROLE_', '').toLowerCase(),
      text: all.map(part => part.text ?? '').join(''),
      calls: all.filter(part => part.toolCall !== undefined && part.toolCall !== null).length,
      results: all.filter(part => part.toolResult !== undefined && part.toolResult !== null).length,
    }
  })
}

interface Block {
  readonly type: string
  readonly text?: string
}

function turnsIn({ dialect, body }: Asked): readonly Turn[] {
  const { system } = body as unknown as { system?: string | readonly Block[] }
  const first = dialect === 'messages' ? [{ role: 'system', text: textOf(system), calls: 0, results: 0 }] : []
  const rest = body.messages.map(({ role, content, tool_calls: calls }) => {
    const blocks = Array.isArray(content) ? (content as readonly Block[]) : []
    const results = blocks.filter(({ type }) => type === 'tool_result').length + Number(role === 'tool')
    return {
      role: results > 0 ? 'tool' : role,
      text: results > 0 ? '' : textOf(content),
      calls: blocks.filter(({ type }) => type === 'tool_use').length + (Array.isArray(calls) ? calls.length : 0),
      results,
    }
  })
  return [...first, ...rest]
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return Array.isArray(content) ? (content as readonly Block[]).map(({ text = '' }) => text).join('') : ''
}

/** No rung is left within a loop of tools, whatever a ladder would have done. */
export function expectLoopsKept({ steps }: Played): void {
  steps.forEach(({ of, asked, by }, at) => {
    if (of === 'result') expect([at, asked, by]).toEqual([at, steps[at - 1]?.asked.slice(-1), steps[at - 1]?.by])
  })
}
