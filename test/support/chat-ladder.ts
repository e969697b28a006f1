import type { TestConfig } from './gateway.ts'

const card = { title: 'A chat', licence: 'none', source: 'a test', trainingData: 'none', limits: 'it only echoes' }

/** One model of a test's configuration, on servers that speak OpenAI's protocol. */
export function chatModel(pool: string, endpoints: readonly string[], more: ChatModelOptions = {}): object {
  const { price = { perInputToken: 300, perOutputToken: 1500 }, modalities = ['text', 'image'], ...backend } = more
  return {
    pool,
    tasks: ['generate'],
    modalities,
    backend: { kind: 'openai', endpoints, model: `${pool}-served`, vision: true, ...backend },
    price,
    card,
  }
}

/** What a test may set of a model and its backend. */
export interface ChatModelOptions {
  readonly price?: object
  readonly modalities?: readonly string[]
  readonly [backendField: string]: unknown
}

/** A configuration for anybody to call, of the parts given. */
export function chatConfig(parts: {
  readonly pools: object
  readonly models: object
  readonly ladders: object
}): TestConfig {
  return {
    version: 1,
    log: { level: 'warn' },
    auth: { anonymous: true, anonymousScopes: ['infer'] },
    budgets: { requestMaxUsd: 1, tenantPerDayUsd: 100 },
    ...parts,
  }
}
