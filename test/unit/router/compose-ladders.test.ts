import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { readConfig } from '#services/config/read-config'
import { composeLadders } from '#services/router/wiring/ladders'

const served = { baseUrl: 'http://h/v1', model: 'm' }
const rung = (recipe: string, more: object) => ({ model: 'gpt', recipe, ...more })

function read(rungs: readonly unknown[], models: object = {}) {
  const text = stringify({
    version: 1,
    auth: { anonymous: true },
    pools: { p: { tier: 'large' } },
    models: {
      gpt: {
        pool: 'p',
        tasks: ['generate'],
        backend: { kind: 'openai', ...served },
        price: { perInputToken: 100, perCachedToken: 10 },
      },
      ...models,
    },
    ladders: { generate: { task: 'generate', uncalibrated: { confidenceThreshold: 0.5 }, rungs } },
  })
  return readConfig(text, {
    file: 'f',
    environment: {},
    overrides: {},
    surroundings: { packs: undefined, folderExists: () => true },
  })
}

describe('a tier of a provider as a rung', () => {
  it('has its own price, whatever its model costs', () => {
    const flex = rung('flex', { serviceTier: 'flex', price: { perInputToken: 50, perCachedToken: 5 } })
    const { rungs } = composeLadders(read([flex, rung('usual', { serviceTier: 'default' })])).ladders[0]!
    expect(rungs.map(({ name, model, recipe }) => [name, model.price, recipe])).toEqual([
      ['gpt@flex', { perInputToken: 50, perCachedToken: 5 }, { serviceTier: 'flex' }],
      ['gpt@usual', { perInputToken: 100, perCachedToken: 10 }, { serviceTier: 'default' }],
    ])
  })

  it.each([
    ['anthropic', 'serviceTier', 'flex'],
    ['llama', 'reasoningEffort', 'low'],
  ])('is a fault on a backend that cannot ask for it: %s, %s', (kind, key, value) => {
    const backend = kind === 'llama' ? { kind, pack: 'p' } : { kind, ...served }
    const models = { other: { pool: 'p', tasks: ['generate'], backend } }
    expect(() => read(['gpt', { model: 'other', recipe: 'r', [key]: value }], models)).toThrow(
      `ladders.generate.rungs.1.${key}: expected nothing; backend ${kind} does not carry it`,
    )
  })
})

describe('a local language model', () => {
  it.each([
    [{ pack: 'p' }, true],
    [{ file: '/m.gguf' }, true],
    [{}, false],
    [{ pack: 'p', file: '/m.gguf' }, false],
  ])('is a pack or a file: %j', (weights, isSound) => {
    const models = { local: { pool: 'p', tasks: ['generate'], backend: { kind: 'llama', ...weights } } }
    const reading = (): unknown => read(['gpt', 'local'], models)
    const fault = 'models.local.backend.pack: expected a pack, or a GGUF file as `file`'
    expect(faultOf(reading).includes(fault)).toBe(!isSound)
  })

  it('has the adapters that its configuration names', () => {
    const backend = { kind: 'llama', pack: 'p', adapters: { legal: '/legal.gguf' } }
    const { rungs } = composeLadders(read(['local'], { local: { pool: 'p', tasks: ['generate'], backend } }))
      .ladders[0]!
    expect(rungs[0]!.model.adapters).toEqual(['legal'])
  })
})

describe('an adapter of a rung', () => {
  const llama = { kind: 'llama', pack: 'p', adapters: { legal: '/legal.gguf' } }
  const openai = { kind: 'openai', ...served }
  it.each<readonly [object, string, string | undefined]>([
    [llama, 'legal', undefined],
    [llama, 'leagl', 'an adapter of m: legal'],
    [{ kind: 'llama', pack: 'p' }, 'legal', 'an adapter of m: (none)'],
    [openai, 'legal', undefined],
    [{ ...openai, adapters: { law: 'legal-v2' } }, 'law', undefined],
    [{ ...openai, adapters: { law: 'legal-v2' } }, 'legal', 'an adapter of m: law'],
    [{ ...openai, adapterField: 'lora', adapters: { law: '0' } }, 'law', undefined],
    [{ ...openai, adapterField: 'lora' }, 'law', 'an adapter of m: (none)'],
    [{ ...openai, adapterField: 'lora', adapters: { law: 'legal' } }, 'law', 'a number, as with adapterField: lora'],
    [{ kind: 'echo' }, 'law', 'nothing; backend echo has no adapters'],
  ])('is one that its model has: %j %s', (backend, adapter, expected) => {
    const models = { m: { pool: 'p', tasks: ['generate'], backend } }
    const fault = faultOf(() => read([{ model: 'm', adapter }, 'gpt'], models))
    expect([fault === '', fault]).toEqual([expected === undefined, expect.stringContaining(expected ?? '')])
  })
})

function faultOf(reading: () => unknown): string {
  try {
    reading()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

describe('a reasoning budget', () => {
  it.each([
    [{}, false],
    [{ budgetField: 'thinking_token_budget' }, true],
    [{ api: 'responses' }, false],
  ])('is taken by a server of OpenAI’s protocol only by a field of its own: %j', (more, isTaken) => {
    const models = { thinker: { pool: 'p', tasks: ['generate'], backend: { kind: 'openai', ...served, ...more } } }
    const { rungs } = composeLadders(read(['thinker', 'gpt'], models)).ladders[0]!
    expect(rungs[0]!.model.takes?.includes('reasoning-budget')).toBe(isTaken)
  })
})
