import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { chatConfig, chatModel } from '../chat-ladder.ts'
import { createTestGateway, until, type TestGateway } from '../gateway.ts'
import { acme, acmeKey } from '../http-gateway.ts'
import { startPrivateRedis } from '../private-redis.ts'
import { startWireServer } from './wire-server.ts'

/** A gateway before a server that plays scripts, with the SDKs of both wires as its clients. */
export interface WireGateway {
  readonly gateway: TestGateway
  readonly openai: OpenAI
  readonly anthropic: Anthropic
  /** Posts to the HTTP port with a credential. */
  post(path: string, body: object): Promise<Response>
  stop(): Promise<void>
}

/** Starts it; a request plays the script whose name its last message begins with. */
export async function startWireGateway(scripts: Parameters<typeof startWireServer>[0]): Promise<WireGateway> {
  const [server, redis] = await Promise.all([startWireServer(scripts), startPrivateRedis()])
  const config = chatConfig({
    pools: { all: { tier: 'large', concurrency: 8 } },
    models: { chat: chatModel('all', [server.baseUrl], { modalities: ['text'], vision: false, logprobs: false }) },
    ladders: { assistant: { task: 'generate', rungs: ['chat'] } },
  })
  const gateway = await createTestGateway({ ...config, auth: { keys: [acme] } }, redis.url)
  const stop = async (): Promise<void> => {
    await gateway.stop()
    await Promise.all([server.close(), redis.stop()])
  }
  try {
    await Promise.all([gateway.startRouter(), gateway.startWorker('all')])
    await until(
      'the worker',
      () => gateway.client.listModels({ authorization: `Bearer ${acmeKey}` }),
      ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
    )
  } catch (error) {
    await stop()
    throw error
  }
  return {
    gateway,
    openai: new OpenAI({ baseURL: `${gateway.httpUrl}/v1`, apiKey: acmeKey, maxRetries: 0 }),
    anthropic: new Anthropic({ baseURL: gateway.httpUrl, apiKey: acmeKey, maxRetries: 0 }),
    post: (path, body) =>
      fetch(`${gateway.httpUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': acmeKey },
        body: JSON.stringify(body),
      }),
    stop,
  }
}

const parameters = { type: 'object', properties: { city: { type: 'string' } } }

/** A chat that offers a tool, on OpenAI's wire of chats. */
export function chatBody(content: string) {
  return {
    model: 'auto',
    messages: [{ role: 'user' as const, content }],
    tools: [{ type: 'function' as const, function: { name: 'weather', parameters } }],
  }
}

/** The same on the wire of responses. */
export function responsesBody(input: string) {
  const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: false }]
  return { model: 'auto', input, tools }
}

/** The same on Anthropic's wire. */
export function messagesBody(content: string) {
  return {
    model: 'auto',
    max_tokens: 64,
    messages: [{ role: 'user' as const, content }],
    tools: [{ name: 'weather', input_schema: { ...parameters, type: 'object' as const } }],
  }
}
