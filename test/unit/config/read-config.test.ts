import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseOverrides } from '#services/config/load-config'
import { readConfig } from '#services/config/read-config'
import type { Config } from '#services/config/schema'

const base = `version: 1
auth: { anonymous: true }
pools:
  small: { tier: small }
models:
  echo:
    pool: small
    tasks: [generate]
    modalities: [text]
    backend: { kind: echo }
    price: { perRequest: 5 }
    card: { title: t, licence: l, source: s, trainingData: d, limits: n }
ladders:
  generate:
    task: generate
    modalities: [text]
    rungs: [echo]
`

interface Around {
  readonly environment?: Readonly<Record<string, string>>
  readonly overrides?: Readonly<Record<string, string>>
  readonly packs?: readonly string[]
  readonly folders?: readonly string[]
}

function read(text: string, { environment = {}, overrides = {}, packs, folders = [] }: Around = {}): Config {
  return readConfig(text, {
    file: 'sluice.yaml',
    environment,
    overrides,
    surroundings: {
      packs: packs === undefined ? undefined : new Set(packs),
      folderExists: folder => folders.includes(folder),
    },
  })
}

function faultsOf(text: string, around?: Around): readonly string[] {
  try {
    read(text, around)
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map(line => line.replace('sluice.yaml:', ''))
  }
  return []
}

/** Two models that draw, and a ladder of them. */
const drawing = (rungs: string): string => `version: 1
auth: { anonymous: true }
pools: { large: { tier: large } }
models:
${['painter', 'other']
  .map(
    name => `  ${name}:
    pool: large
    tasks: [generate_image]
    modalities: [text]
    backend: { kind: openai, baseUrl: "http://127.0.0.1:1/v1", model: m, asksBase64: false }
    card: { title: t, licence: l, source: s, trainingData: d, limits: n }`,
  )
  .join('\n')}
ladders:
  generate_image:
    task: generate_image
    modalities: [text]
    ${rungs}
`

const change = (from: string, to: string): string => {
  if (!base.includes(from)) throw new Error(`the base has no ${from}`)
  return base.replace(from, to)
}

describe('readConfig()', () => {
  it("opens the operators' ports to this machine alone unless told otherwise", () => {
    const { listen } = read(base)
    expect([listen.ops, listen.workerOps].map(address => address.split(':')[0])).toEqual(['127.0.0.1', '127.0.0.1'])
  })

  it.each([
    ['constructor', 'another name: this one is reserved'],
    ['Echo', 'lower-case letters, digits, dots, dashes; at most 64'],
  ])('says what is wrong with the name %s of a model', (name, expected) => {
    const [first] = faultsOf(change('  echo:', `  ${name}:`))
    expect(first).toBe(`6: models.${name}: expected ${expected}`)
  })

  it('takes a ladder that draws, with another to fall back on', () => {
    expect(faultsOf(drawing('rungs: [painter]\n    fallbacks: [other]'))).toEqual([])
  })

  it('fills defaults and freezes to the ground', () => {
    const config = read(base)
    expect(config.listen.grpc).toBe('127.0.0.1:50051')
    expect(config.pools['small']?.batch).toEqual({ maxSize: 1, maxWaitMs: 0 })
    expect(Object.isFrozen(config.models['echo']?.backend)).toBe(true)
    expect(() => Object.assign(config.listen, { grpc: 'x:1' })).toThrow(TypeError)
  })

  const broken: readonly (readonly [string, string, readonly string[], Around?])[] = [
    ['a value of a wrong kind', change('version: 1', 'version: "1"'), ['1: version: expected 1']],
    [
      'an unknown key',
      change('tier: small', 'tier: small, lane: 2'),
      [
        '4: pools.small.lane: expected one of the keys batch, coldStartMs, concurrency, dispatch, executionProviders, hedge, lockMs, longestLegMs, maxWaiting, modelGrowthMegabytes, threads, tier',
      ],
    ],
    ['a missing field', change('    pool: small\n', ''), ['6: models.echo.pool: expected text; it is missing']],
    [
      'a negative price',
      change('perRequest: 5', 'perRequest: -5'),
      ['11: models.echo.price.perRequest: expected a number of at least 0'],
    ],
    [
      'a price of nothing that its calls are counted by',
      change('perRequest: 5', 'perAudioSecond: 5'),
      [
        '11: models.echo.price: expected one of the rates that its calls are counted by: perRequest, perInputToken, perOutputToken, perComputeSecond',
      ],
    ],
    [
      'a price in a currency that is not counted in',
      change('perRequest: 5', 'currency: EUR, perRequest: 5'),
      ['11: models.echo.price.currency: expected USD: the one currency that is counted in'],
    ],
    [
      'budgets in a currency that is not counted in',
      `${base}budgets: { currency: EUR, tenantPerDayUsd: 5 }\n`,
      ['18: budgets.currency: expected USD: the one currency that is counted in'],
    ],
    [
      'a budget that is negative',
      `${base}budgets:\n  deployment: { perDayUsd: -5 }\n`,
      ['19: budgets.deployment.perDayUsd: expected a number above 0'],
    ],
    [
      'a budget beyond exact doubles',
      `${base}budgets: { tenantPerMonthUsd: 9007200 }\n`,
      ['18: budgets.tenantPerMonthUsd: expected at most 9000000 USD: larger amounts are not exact to the nano-USD'],
    ],
    [
      'a day that may cost more than its month',
      `${base}budgets:\n  tenants:\n    acme: { perDayUsd: 5, perMonthUsd: { usd: 4 } }\n`,
      ['20: budgets.tenants.acme.perDayUsd: expected at most perMonthUsd (4)'],
    ],
    [
      'a budget of a pool that is not there',
      `${base}budgets: { pools: { large: { perDayUsd: 5 } } }\n`,
      ['18: budgets.pools.large: expected one of the pools: small'],
    ],
    [
      'a zone that is not one',
      `${base}budgets: { timeZone: Mars/Olympus }\n`,
      ['18: budgets.timeZone: expected an IANA time zone such as UTC or Europe/Berlin'],
    ],
    [
      'a rate of nothing',
      `${base}budgets: { tenantRequestsPerMinute: 0 }\n`,
      ['18: budgets.tenantRequestsPerMinute: expected a number of at least 1'],
    ],
    [
      'prices of a model that is not there',
      `${base}prices: { gpt: [{ perRequest: 1 }] }\n`,
      ['18: prices.gpt: expected one of the models: echo'],
    ],
    [
      'prices twice',
      `${base}prices: { echo: [{ perRequest: 1 }] }\n`,
      ['18: prices.echo: expected nothing, since models.echo.price says it already'],
    ],
    [
      'prices whose windows overlap',
      `${change('    price: { perRequest: 5 }\n', '')}prices:\n  echo:\n    - { until: 2026-06-01, perRequest: 1 }\n    - { from: 2026-05-01, perRequest: 2 }\n`,
      ['20: prices.echo.1: expected a window that does not overlap that of entry 0'],
    ],
    [
      'a window that ends before it begins',
      `${change('    price: { perRequest: 5 }\n', '')}prices:\n  echo: [{ from: 2026-06-01, until: 2026-05-01, perRequest: 1 }]\n`,
      ['18: prices.echo.0.until: expected a time after `from`'],
    ],
    [
      'a date that is none',
      `${change('    price: { perRequest: 5 }\n', '')}prices:\n  echo: [{ from: 2026-13-01, perRequest: 1 }]\n`,
      [
        '18: prices.echo.0.from: expected a date such as 2026-01-31 (its midnight in UTC), or an instant such as 2026-01-31T08:00:00Z',
      ],
    ],
    [
      'two tiers of one size',
      change('perRequest: 5', 'above: [{ inputTokens: 5, perInputToken: 1 }, { inputTokens: 5 }]'),
      ['11: models.echo.price.above.1.inputTokens: expected a size that no other tier has'],
    ],
    [
      'a word outside of its set',
      change('tasks: [generate]', 'tasks: [generate, sing]'),
      ['8: models.echo.tasks.1: expected one of transcribe, ocr, classify, embed, generate, generate_image'],
    ],
    [
      'a drawing by a model of no server that draws',
      change('tasks: [generate]', 'tasks: [generate, generate_image]'),
      ['8: models.echo.tasks: expected generate_image of a model with backend openai alone'],
    ],
    [
      'a ladder of pictures that escalates',
      drawing('rungs: [painter, other]\n    uncalibrated: { confidenceThreshold: 0.5 }'),
      [
        '21: ladders.generate_image.rungs: expected one model for generate_image: nothing judges a picture (fallbacks may be)',
      ],
    ],
    [
      'pictures that are voted on',
      drawing('rungs: [{ model: painter, recipe: vote, samples: 3 }]'),
      [
        '21: ladders.generate_image.rungs.0: expected neither samples nor verifier nor answerPattern for generate_image: nothing compares pictures',
      ],
    ],
    [
      'a backend of no kind',
      change('kind: echo', 'kind: gpt'),
      [
        '10: models.echo.backend.kind: expected one of whisper, ocr, embedding, contrastive, openai, anthropic, gemini, oip, llama, echo',
      ],
    ],
    [
      'an address without port',
      `${base}listen: { grpc: localhost, ops: "h:1" }\n`,
      ['18: listen.grpc: expected host:port'],
    ],
    [
      'a pool that is not there',
      change('    pool: small', '    pool: large'),
      [
        '4: pools.small: expected at least one model in this pool',
        '7: models.echo.pool: expected one of the pools: small',
      ],
    ],
    [
      'a rung that is no model',
      change('rungs: [echo]', 'rungs: [ecko]'),
      ['17: ladders.generate.rungs.0: expected one of the models: echo; did you mean echo?'],
    ],
    [
      'a rung of another task',
      change('    task: generate', '    task: ocr'),
      ['17: ladders.generate.rungs.0: expected a model with task ocr; echo has generate'],
    ],
    [
      'a rung that cannot take the modality',
      change('    modalities: [text]\n    rungs', '    modalities: [text, image]\n    rungs'),
      ['17: ladders.generate.rungs.0: expected a model that takes image; echo takes text'],
    ],
    [
      'a rung twice',
      change('rungs: [echo]', 'rungs: [echo, echo]\n    uncalibrated: { confidenceThreshold: 0.5 }'),
      ['17: ladders.generate.rungs: expected every rung once (the same model again wants a recipe name of its own)'],
    ],
    [
      'several rungs without a policy',
      change('rungs: [echo]', 'rungs: [echo, { model: echo, recipe: terse }]'),
      ['14: ladders.generate.policy: expected a policy folder, or `uncalibrated`, for a ladder of several rungs'],
    ],
    [
      'a policy that is not there',
      change('rungs: [echo]', 'rungs: [echo]\n    policy: gone'),
      ['18: ladders.generate.policy: expected a folder; gone is not there'],
    ],
    [
      'a policy and none',
      change('rungs: [echo]', 'rungs: [echo]\n    policy: here\n    uncalibrated: { confidenceThreshold: 1 }'),
      [
        '19: ladders.generate.uncalibrated: expected nothing, since the ladder has a policy (`policy: null` takes away one of a file that is extended)',
      ],
      { folders: ['here'] },
    ],
    [
      'backpressure that would be full before it starts',
      change('pools:', 'scheduling: { escalationBackpressure: { startAtQueueRatio: 4 } }\npools:'),
      ['3: scheduling.escalationBackpressure.fullAtQueueRatio: expected more than startAtQueueRatio (4)'],
    ],
    [
      'an embedding that escalates',
      change('task: generate', 'task: embed')
        .replace('[generate]', '[embed]')
        .replace('rungs: [echo]', 'rungs: [echo, { model: echo, recipe: a }]'),
      ['17: ladders.generate.rungs: expected one model for embed: vectors of different spaces do not mix'],
    ],
    [
      'a pack that the lock does not know',
      change('{ kind: echo }', '{ kind: whisper, pack: wisper }'),
      ['10: models.echo.backend.pack: expected a pack of deploy/models/models.lock.json: whisper-tiny'],
      { packs: ['whisper-tiny'] },
    ],
    [
      'heads that are not there',
      change('{ kind: echo }', '{ kind: embedding, pack: minilm, space: s, heads: gone }'),
      ['10: models.echo.backend.heads: expected a folder; gone is not there'],
    ],
    [
      'a default longer than the longest',
      `${base}limits: { defaultDeadlineMs: 900, longestDeadlineMs: 800, asyncDeadlineMs: 700 }\n`,
      ['18: limits.defaultDeadlineMs: expected at most longestDeadlineMs (800)'],
    ],
    [
      'nobody who may call',
      change('anonymous: true', 'anonymous: false'),
      [
        '2: auth.keys: expected at least one key (`sluice keys create --local` makes one), a token issuer or `anonymous: true`: else nobody can call',
      ],
    ],
    [
      'keys of tokens that are read in plain text from elsewhere',
      change(
        'anonymous: true',
        'anonymous: true, tokens: [{ name: i, issuer: i, audiences: [a], jwksUrl: "http://id.example/k" }]',
      ),
      [
        '2: auth.tokens.0.jwksUrl: expected https, unless it is on this machine: whoever is between could put keys of their own in',
      ],
    ],
    [
      'a reference without a value',
      `${base}redis: { url: "\${REDIS_ADDRESS}" }\n`,
      ['18: redis.url: expected the environment variable REDIS_ADDRESS to be set'],
    ],
    ['a key twice', `${base}version: 1\n`, ['18: expected valid YAML: map keys must be unique']],
    ['a tab', 'version: 1\n\tpools: {}\n', ['2: expected valid YAML: tabs are not allowed as indentation']],
    ['a text that is no map', 'just some words\n', ['1: expected a map with the key version, got a single value']],
    ['a list', '- version\n', ['1: expected a map, got a list']],
    ['an alias of nothing', `${base}redis: *other\n`, ['18: redis: expected an anchor &other above it']],
  ]

  for (const [what, text, expected, around] of broken) {
    it(`names ${what} with its line`, () => {
      expect(faultsOf(text, around)).toEqual(expected)
    })
  }

  it('reports every fault at once, in the order of the lines', () => {
    const text = change('tier: small', 'tier: Small').replace('perRequest: 5', 'perRequest: -1')
    expect(faultsOf(`${text}redis: { url: "\${NOWHERE}" }\n`).map(fault => fault.split(':')[0])).toEqual([
      '4',
      '11',
      '18',
    ])
  })

  it('takes a value from the environment, else the default', () => {
    const text = `${base}redis: { url: "\${REDIS_URL:-redis://a:1}" }\n`
    expect(read(text).redis.url).toBe('redis://a:1')
    expect(read(text, { environment: { REDIS_URL: 'rediss://b:2' } }).redis.url).toBe('rediss://b:2')
  })

  it('does not print the value of a secret that is faulty', () => {
    const text = `${base}redis: { prefix: "\${SECRET}" }\n`
    expect(faultsOf(text, { environment: { SECRET: 'hunter2 !' } }).join('\n')).not.toContain('hunter2')
  })

  it('puts overrides over the file', () => {
    const overrides = parseOverrides('listen.grpc=127.0.0.1:0  redis.url=unix:///tmp/a=b.sock')
    const config = read(`${base}listen: { grpc: "h:1", ops: "h:2" }\n`, { overrides })
    expect([config.listen.grpc, config.listen.ops, config.redis.url]).toEqual([
      '127.0.0.1:0',
      'h:2',
      'unix:///tmp/a=b.sock',
    ])
  })

  it('reads the configuration that is shipped', () => {
    const text = readFileSync(new URL('../../../deploy/config/sluice.yaml', import.meta.url), 'utf8')
    const config = readConfig(text, {
      file: 'sluice.yaml',
      environment: { SLUICE_ROOT: '/sluice' },
      overrides: {},
      surroundings: { packs: undefined, folderExists: folder => folder.startsWith('/sluice/deploy/') },
    })
    expect(Object.keys(config.ladders)).toEqual(['generate', 'transcribe', 'ocr', 'classify', 'embed'])
  })

  it.each(['vllm', 'sglang', 'triton', 'hosted', 'openai'])('reads the example %s.yaml', name => {
    const text = readFileSync(new URL(`../../../deploy/config/${name}.yaml`, import.meta.url), 'utf8')
    const config = readConfig(text, {
      file: `${name}.yaml`,
      environment: { SMALL_URL: 'http://small/v1', LARGE_URL: 'http://large/v1', TRITON_URL: 'grpc://triton:8001' },
      overrides: {},
      surroundings: { packs: new Set(), folderExists: () => false },
    })
    expect(Object.keys(config.ladders).length).toBeGreaterThan(0)
  })
})
