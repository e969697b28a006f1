import { Ajv } from 'ajv'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { packageRoot } from '#services/config/load-config'

const chart = join(packageRoot(), 'deploy', 'helm', 'sluice')
const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as object
const shipped = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as Plain
const holds = new Ajv({ strict: false }).compile(schema)

type Plain = Readonly<Record<string, unknown>>
type Path = readonly (string | number)[]

const terms = [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }]
const peer = { ipBlock: { cidr: '10.0.0.0/8' }, podSelector: { matchLabels: { a: 'b' } } }
const pool = {
  ...((shipped['pools'] as Plain)['small'] as Plain),
  tolerations: [{ key: 'a', operator: 'Exists' }],
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { a: 'b' } } } },
      ],
    },
  },
}

/** The values that ship, with something in every list and every part of the configuration. */
const values: Plain = {
  ...shipped,
  image: { ...(shipped['image'] as Plain), pullSecrets: [{ name: 'registry' }] },
  secretEnv: [{ name: 'KEY', secretName: 'a', secretKey: 'b' }],
  pools: { small: pool },
  networkPolicy: {
    ...(shipped['networkPolicy'] as Plain),
    clients: [peer],
    monitoring: [peer],
    routerEgress: [{ to: [peer], ports: [{ port: 443 }] }],
  },
  grpcRoute: { ...(shipped['grpcRoute'] as Plain), parentRefs: [{ name: 'edge' }] },
  config: {
    limits: { inFlight: 5, fetch: { allow: ['a.example'] } },
    budgets: { requestMaxUsd: { usd: 1 }, tenants: { acme: { perDayUsd: 5 } } },
    pools: { small: { tier: 'small', batch: { maxSize: 1, maxWaitMs: 0 } } },
    models: {
      chat: {
        pool: 'small',
        tasks: ['generate'],
        backend: { kind: 'openai', baseUrl: '${URL}', model: 'm', breaker: { failures: 1, openMs: 1 } },
        price: { perInputToken: 1 },
      },
    },
    ladders: {
      generate: {
        task: 'generate',
        rungs: ['chat', { model: 'chat', recipe: 'r', verifier: { kind: 'regex', pattern: 'a' } }],
      },
    },
  },
}

/** Maps whose keys are the user's own. */
const free = /^(?:pools|config\.(?:pools|models|ladders|budgets\.tenants))$/u

function mapsOf(value: unknown, path: Path = []): readonly Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => mapsOf(item, [...path, index]))
  if (typeof value !== 'object' || value === null) return []
  return [path, ...Object.entries(value).flatMap(([key, child]) => mapsOf(child, [...path, key]))]
}

function withKey(value: unknown, [part, ...rest]: Path): unknown {
  // A map is no value of an annotation either.
  if (part === undefined) return { ...(value as Plain), unheardOf: {} }
  if (Array.isArray(value)) return value.map((item, index) => (index === part ? withKey(item, rest) : item) as unknown)
  return { ...(value as Plain), [part]: withKey((value as Plain)[part], rest) }
}

describe('the values of the chart', () => {
  it('are those that the schema knows', () => {
    expect(holds(values) ? [] : holds.errors).toEqual([])
  })

  it('have no unknown key at any depth', () => {
    const paths = mapsOf(values).filter(path => !free.test(path.join('.')))
    expect(paths.length).toBeGreaterThan(60)
    expect(paths.filter(path => holds(withKey(values, path))).map(path => path.join('.'))).toEqual([])
  })

  it('are closed wherever the schema lists keys, and say what stands in every list', () => {
    const open: string[] = []
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return
      const { type, properties, additionalProperties, items } = node as Plain
      if (properties !== undefined && additionalProperties !== false && type === 'object') open.push(path)
      // `global` is Helm's own, for charts that hold this one.
      if (type === 'object' && additionalProperties === undefined && path !== '/properties/global') open.push(path)
      if (type === 'array' && items === undefined) open.push(path)
      for (const [key, child] of Object.entries(node)) walk(child, `${path}/${key}`)
    }
    walk(schema, '')
    expect(open).toEqual([])
  })
})
