import { LLMock } from '@copilotkit/aimock'
import { chatConfig, chatModel } from './chat-ladder.ts'
import { createTestGateway, until, type TestGateway } from './gateway.ts'
import { startPrivateRedis } from './private-redis.ts'

/** A gateway whose models of every task are served by a mock of other people's making. */
export interface HttpGateway {
  readonly gateway: TestGateway
  readonly mock: LLMock
  readonly baseUrl: string
  /** What its processes have written. */
  lines(): readonly string[]
  stop(): Promise<void>
}

/** A key of the tenant `acme` that may ask. */
export const acmeKey = 'right-key'
/** A key of a tenant that may begin two requests a minute, and use 100,000 tokens. */
export const limitedKey = 'limited-key'
const limited = {
  id: 'limited',
  sha256: 'f33b2500796d61f96eeef0f5331ddc40c17e434aff139f4d9e00bfe75170d87a',
  tenant: 'limited',
  scopes: ['infer'],
}
const limits = { limited: { requestsPerMinute: 2, tokensPerMinute: 100_000 } }
/** A key of another tenant. */
export const otherKey = 'other-key'
const other = {
  id: 'other',
  sha256: '580843d03d2216ff1a275d0991bad66e4d1af871171d929e9de604b7959f9bca',
  tenant: 'other',
  scopes: ['infer'],
}
/** The same as the configuration keeps it: by its hash. */
export const acme = {
  id: 'acme',
  sha256: '76c365c9956f33a4848cdb6ed10306c1ea4e9406865b1705a3ce5d726f46ae37',
  tenant: 'acme',
  scopes: ['infer'],
}

/** Starts it. Calls without a key are refused; `listen` and the rest can be added to. */
export async function startHttpGateway(more: Readonly<Record<string, unknown>> = {}): Promise<HttpGateway> {
  const mock = new LLMock({ port: 0, logLevel: 'silent' })
  const [redis] = await Promise.all([startPrivateRedis(), mock.start()])
  const server = [`${mock.url}/v1`]
  const served = (task: string, modality: string): object => ({
    ...chatModel('all', server, { modalities: [modality] }),
    tasks: [task],
    backend: { kind: 'openai', endpoints: server, model: `${task}-served` },
    price: { perRequest: 1000 },
  })
  const config = chatConfig({
    pools: { all: { tier: 'large', concurrency: 16 } },
    models: {
      chat: chatModel('all', server, { logprobs: false }),
      thinker: {
        ...chatModel('all', server),
        modalities: ['text'],
        backend: { kind: 'anthropic', endpoints: server, model: 'thinker-served' },
      },
      vectors: served('embed', 'text'),
      speech: served('transcribe', 'audio'),
      pictures: served('generate_image', 'text'),
    },
    ladders: {
      assistant: { task: 'generate', rungs: ['chat'] },
      embed: { task: 'embed', modalities: ['text'], rungs: ['vectors'] },
      transcribe: { task: 'transcribe', modalities: ['audio'], rungs: ['speech'] },
      draw: { task: 'generate_image', modalities: ['text'], rungs: ['pictures'] },
    },
  })
  const budgets = { ...(config['budgets'] as object), tenants: limits }
  const gateway = await createTestGateway(
    { ...config, budgets, auth: { keys: [acme, other, limited] }, ...more },
    redis.url,
  )
  const processes = await Promise.all([gateway.startRouter(), gateway.startWorker('all')])
  await until(
    'the worker',
    () => gateway.client.listModels({ authorization: `Bearer ${acmeKey}` }),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
  return {
    gateway,
    mock,
    baseUrl: gateway.httpUrl,
    lines: () => processes.flatMap(({ lines }) => lines),
    async stop() {
      await gateway.stop()
      await Promise.all([mock.stop(), redis.stop()])
    },
  }
}
