import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { configJsonSchema } from '#services/config/checks/known-keys'
import { packageRoot } from '#services/config/load-config'
import { readConfig } from '#services/config/read-config'

/** Every kind of map that a configuration may hold. */
const rich = `version: 1
listen: { grpc: h:1, ops: h:2, tls: { certificate: a, key: b, reloadMs: 500 } }
redis: { url: redis://h:1 }
auth:
  anonymous: true
  keys: [{ id: k, sha256: ${'a'.repeat(64)}, tenant: t, scopes: [infer] }]
  tokens: [{ name: i, issuer: i, audiences: [a], jwksUrl: https://id.example/k }]
limits: { fetch: { allow: [a.example] } }
budgets:
  requestMaxUsd: { usd: 1 }
  tenantRequestsPerMinute: { perMinute: 5 }
  tenants: { acme: { perDayUsd: { usd: 1 }, requestsPerMinute: { perMinute: 5 } } }
  pools: { large: { perDayUsd: 5 } }
  deployment: { perDayUsd: 5 }
  payers: { hedge: tenant }
prices: { chat: [{ perInputToken: 1, above: [{ inputTokens: 5, perInputToken: 2 }] }] }
scheduling: { weights: { acme: 2 }, escalationBackpressure: { startAtQueueRatio: 2 } }
learning: { shadowShare: 0 }
packs: { offline: true }
log: { level: info }
traces: { headers: { a: b } }
pools:
  small: { tier: small, batch: { maxSize: 1, maxWaitMs: 0 }, hedge: { after: 0.9 } }
  large: { tier: large }
models:
  ear: { pool: small, tasks: [transcribe], backend: { kind: whisper, pack: whisper-tiny } }
  eye: { pool: small, tasks: [ocr], backend: { kind: ocr, pack: p, longestSide: 100 } }
  vectors: { pool: small, tasks: [embed], backend: { kind: embedding, pack: p, space: s } }
  local: { pool: small, tasks: [generate], backend: { kind: llama, pack: p } }
  tensors:
    pool: small
    tasks: [classify]
    backend: { kind: oip, baseUrl: grpc://h:1, model: m, input: i, output: o, parameters: { a: b } }
  chat:
    pool: large
    tasks: [generate]
    backend: { kind: openai, baseUrl: http://h/v1, model: m, breaker: { failures: 1, openMs: 1 }, adapters: { a: b } }
  claude: { pool: large, tasks: [generate], backend: { kind: anthropic, baseUrl: http://h, model: m } }
  gemini: { pool: large, tasks: [generate], backend: { kind: gemini, baseUrl: http://h, model: m } }
  echo:
    pool: large
    tasks: [generate]
    backend: { kind: echo }
    price: { perRequest: 1, above: [{ inputTokens: 1 }] }
    card: { title: t }
ladders:
  generate:
    task: generate
    uncalibrated: { confidenceThreshold: 0.5 }
    rungs:
      - echo
      - { model: echo, recipe: shots, examples: [{ input: a, output: b }], verifier: { kind: regex, pattern: a } }
      - { model: echo, recipe: json, verifier: { kind: json-schema, schema: { type: object } } }
      - { model: echo, recipe: run, verifier: { kind: tests, language: javascript, cases: [{ call: a, gives: 1 }] } }
      - { model: echo, recipe: asked, verifier: { kind: model, model: chat } }
    fallbacks: [{ model: chat, recipe: last }]
`

function faultsOf(text: string): readonly string[] {
  try {
    readConfig(text, {
      file: 'f',
      environment: { SLUICE_ROOT: '/', SMALL_URL: 'http://h/v1', LARGE_URL: 'http://h/v1', TRITON_URL: 'grpc://h:1' },
      overrides: {},
      surroundings: { packs: undefined, folderExists: () => true },
    })
    return []
  } catch (error) {
    return (error as Error).message.split('\n').slice(1)
  }
}

type Plain = Readonly<Record<string, unknown>>

/** The paths of all maps in a value. */
function mapsOf(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => mapsOf(item, [...path, index]))
  if (typeof value !== 'object' || value === null) return []
  return [path, ...Object.entries(value).flatMap(([key, child]) => mapsOf(child, [...path, key]))]
}

function withKey(value: unknown, path: readonly (string | number)[], key: string): unknown {
  const [part, ...rest] = path
  if (part === undefined) return { ...(value as Plain), [key]: 1 }
  if (Array.isArray(value))
    return value.map((item, index) => (index === part ? withKey(item, rest, key) : item) as unknown)
  return { ...(value as Plain), [part]: withKey((value as Plain)[part], rest, key) }
}

function keysUnder(value: unknown, path: readonly (string | number)[]): readonly (readonly (string | number)[])[] {
  const map = path.reduce((one, part) => (one as Record<string | number, unknown>)[part], value)
  return Object.keys(map as object).map(key => [...path, key])
}

function withReplaced(value: unknown, path: readonly (string | number)[], replaced: unknown): unknown {
  const [part, ...rest] = path
  if (part === undefined) return replaced
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value))
    return value.map((item, index) => (index === part ? withReplaced(item, rest, replaced) : item) as unknown)
  return { ...value, [part]: withReplaced((value as Plain)[part], rest, replaced) }
}

/** Maps whose keys are the user's own words. */
const free = /^(?:scheduling\.weights|ladders\.generate\.rungs\.\d+\.verifier\.schema)$/u

describe('an unknown key', () => {
  const shipped = ['sluice', 'openai', 'hosted', 'vllm', 'sglang', 'triton'].map(
    name => [name, readFileSync(join(packageRoot(), 'deploy', 'config', `${name}.yaml`), 'utf8')] as const,
  )

  it.each([['every kind of map', rich] as const, ...shipped])('is a fault at any depth: %s', (_what, text) => {
    expect(faultsOf(text)).toEqual([])
    const config: unknown = parse(text, { merge: false })
    const paths = mapsOf(config).filter(path => !free.test(path.join('.')))
    expect(paths.length).toBeGreaterThan(10)
    for (const path of paths) {
      const at = [...path, 'unheard-of'].join('.')
      const faults = faultsOf(stringify(withKey(config, path, 'unheard-of')))
      expect(
        faults.some(fault => new RegExp(`^f:\\d+: ${at.replaceAll('.', '\\.')}: expected `, 'u').test(fault)),
        at,
      ).toBe(true)
      expect(faults, at).toHaveLength(1)
    }
  })

  it('is refused by every map of the JSON schema too', () => {
    const open: string[] = []
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return
      const { properties, additionalProperties } = node as Plain
      if (properties !== undefined && additionalProperties !== false) open.push(path)
      for (const [key, child] of Object.entries(node)) walk(child, `${path}/${key}`)
    }
    walk(configJsonSchema(), '')
    expect(open).toEqual([])
  })

  it.each([
    ['pools:\n  small: { teir: small }', 'pools.small.teir', 'tier'],
    ['log: { Level: debug }', 'log.Level', 'level'],
    ['limits: { in_flight: 5 }', 'limits.in_flight', 'inFlight'],
    [
      'models: { m: { pool: p, tasks: [generate], apiKey: x, backend: { kind: echo } } }',
      'models.m.apiKey',
      'models.<name>.backend.apiKey',
    ],
    [
      'ladders: { g: { task: generate, rungs: [{ model: m, temprature: 1 }] } }',
      'ladders.g.rungs.0.temprature',
      'temperature',
    ],
    [
      'models: { m: { pool: p, tasks: [generate], backend: { kind: openai, base_url: http://h, model: m } } }',
      'models.m.backend.base_url',
      'baseUrl',
    ],
  ])('says what was meant: %s', (text, at, meant) => {
    const fault = faultsOf(`version: 1\n${text}\n`).find(line => line.includes(` ${at}: `))
    expect(fault).toMatch(new RegExp(`; did you mean ${meant.replaceAll('.', '\\.')}\\?$`, 'u'))
  })
})

describe('one round', () => {
  it('ends with a report, whatever stands in the place of a value', () => {
    const config: unknown = parse(rich)
    const paths = mapsOf(config).flatMap(path => [path, ...keysUnder(config, path)])
    const anything = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('${NONE}', '__proto__', Infinity, []))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...paths), anything), { minLength: 1, maxLength: 6 }), changes => {
        const changed = changes.reduce((value, [path, replaced]) => withReplaced(value, path, replaced), config)
        for (const fault of faultsOf(stringify(changed))) {
          expect(fault).toMatch(/^f:\d+: .*expected /u)
          // The words of a schema library are not those of whoever wrote the file; the file's own keys may be any.
          expect(fault.replace(/^f:\d+: .*?expected /u, 'expected ')).not.toMatch(
            /received|invalid|unrecogni|\bNaN\b|record\b|undefined|"\|"|too (?:big|small)|>=|<=/iu,
          )
        }
      }),
      { numRuns: 150 },
    )
  })

  it('tells faults of the schema, of names and of limits together, and nothing that follows from them', () => {
    const text = `version: 1
auth: { anonymous: true }
limits: { parts: none, inflight: 5 }
pools:
  small: { tier: small, concurency: 2 }
  large: { tier: large }
models:
  good: { pool: smal, tasks: [generate], backend: { kind: echo } }
  bad: { pool: large, tasks: [generat], backend: { kind: opnai, baseURL: http://h/v1, model: m } }
  worse: { pool: large, backend: { kind: echo } }
  eye: { pool: large, tasks: [ocr], backend: { kind: ocr, pack: p, longestSide: 9 } }
ladders:
  one: { taks: generate, rungs: [good, badd, worse] }
  two: { task: generate, rungs: [{ model: good, temperature: 9 }, ghost], uncalibrated: { confidenceThreshold: 2 } }
  three: { task: generate, rungs: [eye] }
  four: { task: generate, rungs: [ghost], uncalibrated: { accept: 1 } }
budgets: { tenantPerDayUsd: 5, tenantPerMonthUsd: 4 }
`
    expect(
      faultsOf(text).map(fault =>
        fault.replace(/^f:(\d+): ([^:]*): .*?(?:; did you mean (.*)\?)?$/u, '$1 $2 $3').trim(),
      ),
    ).toEqual([
      '3 limits.parts',
      '3 limits.inflight inFlight',
      '5 pools.small.concurency concurrency',
      '8 models.good.pool small',
      '9 models.bad.tasks.0 generate',
      '9 models.bad.backend.kind openai',
      '9 models.bad.backend.baseURL baseUrl',
      '10 models.worse.tasks',
      '11 models.eye.backend.longestSide',
      '13 ladders.one.taks task',
      '13 ladders.one.policy',
      '13 ladders.one.rungs.1 bad',
      '14 ladders.two.rungs.0.temperature',
      '14 ladders.two.uncalibrated.confidenceThreshold',
      '14 ladders.two.rungs.1',
      '16 ladders.four.uncalibrated.confidenceThreshold',
      '16 ladders.four.uncalibrated.accept',
      '16 ladders.four.rungs.0',
      '17 budgets.tenantPerDayUsd',
    ])
  })
})
