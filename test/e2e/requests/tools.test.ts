import { status } from '@grpc/grpc-js'
import { LLMock } from '@copilotkit/aimock'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { Part } from '#services/wire/generated/sluice/v1/Part'
import type { ToolCall__Output } from '#services/wire/generated/sluice/v1/ToolCall'
import { chatConfig, chatModel } from '../../support/chat-ladder.ts'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { failureOf, fieldsOf, textRequest } from '../../support/grpc-client.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let redis: PrivateRedis
/** A server of other people's making. */
let mock: LLMock
let gateway: TestGateway
let processes: readonly GatewayProcess[]

const tools = [
  {
    name: 'weather',
    description: 'The weather of a place',
    parametersJson: '{"type":"object","properties":{"city":{"type":"string"}}}',
  },
]

beforeAll(async () => {
  mock = new LLMock({ port: 0, logLevel: 'silent' })
  await mock.start()
  redis = await startPrivateRedis()
  const config = chatConfig({
    pools: { large: { tier: 'large', concurrency: 8 }, tensors: { tier: 'small' } },
    models: {
      chat: chatModel('large', [`${mock.url}/v1`], { modalities: ['text'], logprobs: false }),
      tensors: {
        ...chatModel('tensors', []),
        modalities: ['text'],
        backend: { kind: 'oip', baseUrl: 'grpc://127.0.0.1:1', model: 'm', input: 'text', output: 'text_output' },
      },
    },
    ladders: {
      generate: {
        task: 'generate',
        modalities: ['text'],
        rungs: ['tensors', 'chat'],
        uncalibrated: { confidenceThreshold: 0.5 },
      },
    },
  })
  gateway = await createTestGateway(config, redis.url)
  processes = await Promise.all([gateway.startRouter(), gateway.startWorker('large')])
  await until(
    'the worker',
    () => gateway.client.listModels(),
    ({ models }) => models.some(model => (model.state?.workers ?? 0) > 0),
  )
})
beforeEach(() => {
  mock.reset()
  mock.onMessage(/weather/u, { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] })
})
afterAll(async () => {
  await gateway?.stop()
  await Promise.all([mock?.stop(), redis?.stop()])
})

const question = { text: 'What is the weather in Oslo?' }

async function askForCall(): Promise<ToolCall__Output> {
  const { output } = await gateway.client.infer(textRequest('', { content: [question], options: { tools } }))
  const [call] = output?.toolCalls ?? []
  if (call === undefined) throw new Error('the model asked for no tool')
  return call
}

/** The question, the call that the model asked for, and what came of it. */
function loop(called: Part, ...results: readonly Part[]): InferRequest {
  return {
    task: 'TASK_GENERATE',
    messages: [
      { role: 'ROLE_USER', parts: [question] },
      { role: 'ROLE_ASSISTANT', parts: [called] },
      { role: 'ROLE_TOOL', parts: [...results] },
    ],
    options: { tools },
  }
}

describe('a loop of tools', () => {
  it.each([
    ['in the job', 'rain, 4 degrees'],
    ['by claim check', `rain, 4 degrees ${'and wind '.repeat(4000)}`],
  ])('ends with an answer: the result goes %s', async (_way, content) => {
    const toolCall = await askForCall()
    expect(toolCall).toMatchObject({ name: 'weather', argumentsJson: '{"city":"Oslo"}' })
    mock.reset()
    mock.onToolResult(toolCall.id, { content: 'It rains in Oslo.' })
    const answer = await gateway.client.infer(loop({ toolCall }, { toolResult: { callId: toolCall.id, content } }))
    expect(answer.output).toMatchObject({ text: 'It rains in Oslo.', toolCalls: [] })
    expect(answer.rungs.map(rung => [rung.model, rung.verdict])).toEqual([['chat', 'VERDICT_ACCEPTED']])
    expect(mock.getLastRequest()?.body).toMatchObject({
      messages: [
        { role: 'user', content: question.text },
        { role: 'assistant', tool_calls: [{ id: toolCall.id, function: { name: 'weather' } }] },
        { role: 'tool', tool_call_id: toolCall.id, content },
      ],
    })
    expect(processes.flatMap(({ lines }) => lines).join('\n')).not.toMatch(/rain|Oslo/u)
  })

  it('names the field of a result that answers no call', async () => {
    const toolResult = { callId: 'other', content: 'rain' }
    const toolCall = { id: 'a', name: 'weather', argumentsJson: '{}' }
    const results = [{ toolResult: { callId: 'a', content: 'rain' } }, { toolResult }]
    const failure = await failureOf(gateway.client.infer(loop({ toolCall }, ...results)))
    expect(failure.code).toBe(status.INVALID_ARGUMENT)
    expect(fieldsOf(failure)).toEqual(['messages[2].parts[1].tool_result.call_id'])
  })

  it('passes over a rung whose protocol has no turns', async () => {
    const toolCall = { id: 'a', name: 'weather', argumentsJson: '{}' }
    const { decision } = await gateway.client.explain(
      loop({ toolCall }, { toolResult: { callId: 'a', content: 'rain' } }),
    )
    expect(decision?.candidates.map(one => [one.model, one.removedBy, one.removedWhy])).toEqual([
      ['tensors', 'capability', 'it takes one message of the user, and no messages of the assistant'],
      ['chat', '', ''],
    ])
  })
})
