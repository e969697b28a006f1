import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '#services/config/read-config'
import { packageRoot } from '#services/config/load-config'
import type { Config } from '#services/config/schema'
import {
  chartFolder,
  helmMissing,
  lintChart,
  renderChart,
  type Field,
  type KubernetesObject,
} from '../../support/deploy/helm.ts'
import { grpcRouteFaults } from '../../support/gateways/grpc-route-schema.ts'
import { loadKubernetesSchemas, schemasMissing } from '../../support/deploy/kubernetes-schemas.ts'

const scaled = { keda: { enabled: true } }

/** Every switch of the chart is on in one row and off in another. */
const matrix: Readonly<Record<string, object>> = {
  'as it comes': {},
  'everything on': {
    ...scaled,
    image: { tag: '1.2.3', pullSecrets: [{ name: 'registry' }] },
    monitoring: { enabled: true, dashboards: true, labels: { release: 'stack' } },
    traces: { otlpUrl: 'http://collector.observability:4318', sampleRatio: 0.5 },
    grpcRoute: {
      enabled: true,
      parentRefs: [{ name: 'edge', namespace: 'gateways' }],
      hostnames: ['models.example.org'],
    },
    calibration: { enabled: true, existingClaim: 'calibration' },
    tls: { secretName: 'router-tls' },
    policies: { existingClaim: 'policies' },
    packs: { existingClaim: 'packs' },
    serviceAccount: { annotations: { owner: 'sre' } },
    secretEnv: [{ name: 'OPENAI_API_KEY', secretName: 'upstreams', secretKey: 'openai' }],
    redis: { bundled: { passwordSecret: { name: 'redis' }, storageClass: 'fast' } },
    keda: {
      enabled: true,
      prometheus: { serverAddress: 'http://prometheus:9090', authenticationRef: { name: 'prometheus' } },
    },
    router: { autoscaling: { kind: 'keda' }, podAnnotations: { a: 'b' }, nodeSelector: { role: 'cpu' } },
    networkPolicy: { routerEgress: [{ ports: [{ port: 443 }] }] },
  },
  'accelerators, a pool that starts cold': {
    ...scaled,
    pools: {
      large: {
        imageVariant: '-cuda',
        coldStartSeconds: 90,
        gpu: { count: 1 },
        runtimeClassName: 'nvidia',
        priorityClassName: 'batch',
        nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' },
        tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
            },
          },
        },
        autoscaling: { minReplicas: 0 },
      },
    },
  },
  'a Redis of one’s own, nothing scaled': {
    redis: { bundled: { enabled: false }, external: { urlSecret: { name: 'redis' } } },
    router: { autoscaling: { kind: 'none' }, replicas: 3 },
    networkPolicy: { enabled: false },
    serviceAccount: { create: false },
    packs: { pull: false },
    pools: { large: { enabled: false } },
  },
  'keys instead of anonymous calls, another name': {
    fullnameOverride: 'gate',
    image: { digest: `sha256:${'a'.repeat(64)}` },
    config: {
      auth: { anonymous: false, keys: [{ id: 'ci', sha256: 'b'.repeat(64), tenant: 'acme', scopes: ['infer'] }] },
      budgets: { requestMaxUsd: 0.5 },
    },
  },
  'a configuration of one’s own': { existingConfigMap: 'mine' },
}

const rows = Object.entries(matrix).map(([name, values]) => ({ name, values }))

function named(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find(object => object.kind === kind && object.metadata.name === name)
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return found
}

function configOf(objects: readonly KubernetesObject[]): Config | undefined {
  const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-config'))
  if (map === undefined) return undefined
  return readConfig(String(map['data']['sluice.yaml']), {
    file: 'sluice.yaml',
    environment: { REDIS_URL: 'redis://demo-sluice-redis:6379', SLUICE_ROOT: '/app' },
    overrides: {},
    surroundings: { packs: undefined, folderExists: () => true },
  })
}

/** The pod templates of everything that makes pods. */
function podsOf(objects: readonly KubernetesObject[]): readonly { owner: string; spec: Field; labels: Field }[] {
  return objects.flatMap(object => {
    const template = object['spec']?.template ?? object['spec']?.jobTemplate?.spec.template
    if (template === undefined) return []
    return [{ owner: `${object.kind} ${object.metadata.name}`, spec: template.spec, labels: template.metadata.labels }]
  })
}

describe.skipIf(helmMissing !== undefined)(`the chart${helmMissing === undefined ? '' : ` (${helmMissing})`}`, () => {
  it.each(rows)('passes lint: $name', ({ values }) => {
    expect(lintChart(values)).toContain('0 chart(s) failed')
  })

  it.each(rows)(
    'makes a configuration that the router takes, with time to end the longest request: $name',
    ({ values }) => {
      const objects = renderChart(values)
      const config = configOf(objects)
      if (config === undefined) return
      expect(config.redis.url).toMatch(/^redis:/u)
      expect(config.limits.drainMs).toBeGreaterThanOrEqual(config.limits.longestDeadlineMs)
      for (const { owner, spec } of podsOf(objects).filter(pod => pod.owner.startsWith('Deployment'))) {
        const graceMs = spec.terminationGracePeriodSeconds * 1000
        expect(graceMs, owner).toBeGreaterThan(config.limits.drainMs + 29_000)
      }
      const pools = objects
        .filter(({ kind, metadata }) => kind === 'Deployment' && metadata.labels?.['sluice.dev/pool'] !== undefined)
        .map(({ metadata }) => metadata.labels?.['sluice.dev/pool'])
      for (const pool of pools) expect(Object.keys(config.pools)).toContain(pool)
    },
  )

  it.each(rows)('runs every pod as the restricted standard of Pod Security asks: $name', ({ values }) => {
    const pods = podsOf(renderChart(values))
    expect(pods.length).toBeGreaterThan(1)
    for (const { owner, spec } of pods) {
      expect(spec, owner).not.toMatchObject({ hostNetwork: true })
      expect([spec.hostNetwork, spec.hostPID, spec.hostIPC], owner).toEqual([undefined, undefined, undefined])
      expect(spec.securityContext, owner).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(spec.automountServiceAccountToken, owner).toBe(false)
      const volumes: object[] = spec.volumes ?? []
      expect(
        volumes.filter(volume => 'hostPath' in volume),
        owner,
      ).toEqual([])
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
        expect(container.securityContext, `${owner} ${container.name}`).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
        })
        expect(container.resources.requests.memory, `${owner} ${container.name}`).toBeDefined()
        expect(container.resources.limits.memory, `${owner} ${container.name}`).toBeDefined()
      }
    }
  })

  it('holds no secret: they come by reference', () => {
    for (const { values } of rows) {
      const objects = renderChart(values)
      expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([])
      const environment = podsOf(objects).flatMap(({ spec }) => spec.containers.flatMap((one: Field) => one.env ?? []))
      const secret = environment.filter(({ name }: Field) => /PASSWORD|KEY|SECRET|TOKEN/u.test(name))
      expect(secret.filter(({ value }: Field) => value !== undefined)).toEqual([])
    }
  })

  it('lets nobody into Redis but what is ours, nobody into a worker but who scrapes it', () => {
    const objects = renderChart()
    const policy = (name: string): Field => named(objects, 'NetworkPolicy', `demo-sluice-${name}`)['spec']
    expect(policy('redis').ingress[0].from[0].podSelector.matchExpressions[0].values).toEqual([
      'router',
      'worker',
      'calibration',
    ])
    expect(policy('redis').egress).toEqual([])
    expect(policy('worker').ingress.map((rule: Field) => rule.ports)).toEqual([[{ port: 'ops' }]])
    const scrapers = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }]
    for (const name of ['router', 'worker']) {
      const [rule] = policy(name).ingress.filter(({ ports }: Field) => ports.some(({ port }: Field) => port === 'ops'))
      expect(rule.from, name).toEqual(scrapers)
    }
    for (const { owner, labels } of podsOf(objects)) {
      const chosen = objects.filter(
        ({ kind, spec }) =>
          kind === 'NetworkPolicy' &&
          Object.entries(spec.podSelector.matchLabels).every(([label, value]) => labels[label] === value),
      )
      expect(chosen.length, owner).toBe(1)
    }
  })

  it('gives every pool its own accelerators and leaves the CPU pools alone', () => {
    const objects = renderChart(matrix['accelerators, a pool that starts cold'])
    const container = (pool: string): Field =>
      named(objects, 'Deployment', `demo-sluice-worker-${pool}`)['spec'].template.spec.containers[0]
    expect(container('large').resources.limits['nvidia.com/gpu']).toBe(1)
    expect(container('large').image).toMatch(/-cuda$/u)
    expect(container('small').resources.limits['nvidia.com/gpu']).toBeUndefined()
    expect(configOf(objects)?.pools['large']?.coldStartMs).toBe(90_000)
    expect(configOf(objects)?.pools['small']?.coldStartMs).toBeUndefined()
  })

  it.each([
    ['a misspelt value', { router: { replica: 2 } }, /replica/u],
    ['a misspelt field of a pool', { pools: { small: { gpus: 1 } } }, /gpus/u],
    ['a value of the wrong kind', { terminationSeconds: 'long' }, /terminationSeconds/u],
    ['an external Redis without its secret', { redis: { bundled: { enabled: false } } }, /urlSecret/u],
    [
      'no replicas without a cold start',
      { ...scaled, pools: { large: { autoscaling: { minReplicas: 0 } } } },
      /coldStart/u,
    ],
    [
      'no replicas without a scaler',
      { pools: { large: { coldStartSeconds: 60, autoscaling: { minReplicas: 0 } } } },
      /needs a scaler/u,
    ],
    ['a scaler that is off', { router: { autoscaling: { kind: 'keda' } } }, /keda\.enabled/u],
    ['calibration without a place', { calibration: { enabled: true } }, /existingClaim/u],
  ])('refuses %s', (_what, values, says) => {
    expect(() => renderChart(values)).toThrow(says)
  })

  it.each([
    ['15s', 60],
    ['60s', 240],
    ['2m', 480],
  ])('asks about at least four scrapes where Prometheus scrapes every %s', (interval, windowSeconds) => {
    const objects = renderChart({ ...scaled, monitoring: { enabled: true, interval } })
    const queries = objects
      .filter(({ kind }) => kind === 'ScaledObject')
      .map(({ spec }) => spec.triggers[0].metadata.query)
    expect(queries).toHaveLength(2)
    for (const query of queries) expect(query).toContain(`[${windowSeconds}s]`)
    const rules = JSON.stringify(objects.filter(({ kind }) => kind === 'PrometheusRule'))
    const windows = [...rules.matchAll(/\[(\d+)(s|m)\]/gu)].map(
      ([, count, unit]) => Number(count) * (unit === 'm' ? 60 : 1),
    )
    expect(Math.min(...windows)).toBeGreaterThanOrEqual(windowSeconds)
  })

  it('ships the configuration, rules and dashboards of the project as they are', () => {
    const shipped = readFileSync(join(chartFolder, 'files', 'sluice.yaml'), 'utf8')
    expect(shipped).toBe(readFileSync(join(packageRoot(), 'deploy', 'config', 'sluice.yaml'), 'utf8'))
  })
})

/**
 * @source KEDA 2.18, scalers/prometheus: the keys that its trigger's metadata may have; KEDA ignores others in
 * silence
 */
const prometheusMetadata = new Set([
  'serverAddress',
  'query',
  'queryParameters',
  'threshold',
  'activationThreshold',
  'namespace',
  'customHeaders',
  'ignoreNullValues',
  'unsafeSsl',
  'authModes',
  'timeout',
])

describe.skipIf(helmMissing !== undefined)('a KEDA trigger', () => {
  const objects = helmMissing === undefined ? renderChart({ ...scaled, router: { autoscaling: { kind: 'keda' } } }) : []
  const scaledObjects = objects.filter(({ kind }) => kind === 'ScaledObject')
  const triggers = scaledObjects.flatMap(object =>
    (object['spec'].triggers as Field[]).map(trigger => ({ object: object.metadata.name, trigger })),
  )

  it('is there for the router and for every pool, and scales something that is there and has no replicas of its own', () => {
    expect(scaledObjects.map(({ metadata }) => metadata.name).toSorted()).toEqual([
      'demo-sluice-router',
      'demo-sluice-worker-large',
      'demo-sluice-worker-small',
    ])
    for (const { spec } of scaledObjects) {
      const target = named(objects, 'Deployment', spec.scaleTargetRef.name)
      expect(target['spec'].replicas).toBeUndefined()
    }
  })

  it.each(triggers)('of $object has only keys that KEDA reads, all strings', ({ trigger }) => {
    expect(trigger.type).toBe('prometheus')
    expect(trigger.metricType).toBe('AverageValue')
    expect(Object.keys(trigger.metadata).filter(key => !prometheusMetadata.has(key))).toEqual([])
    for (const key of ['serverAddress', 'query', 'threshold']) expect(trigger.metadata[key], key).toBeTypeOf('string')
    expect(Number(trigger.metadata.threshold)).toBeGreaterThan(0)
    expect(Object.values(trigger.metadata).every(value => typeof value === 'string')).toBe(true)
  })

  it('of a pool asks for backlog, running and refused, and one worker is worth what it does in a minute', () => {
    const config = configOf(objects)
    for (const { object, trigger } of triggers.filter(one => one.object.includes('worker'))) {
      const pool = config?.pools[object.split('-').at(-1) ?? '']
      expect(trigger.metadata.query).toMatch(/backlog_seconds.*running_legs.*refused_seconds_total/u)
      const capacity = (pool?.concurrency ?? 0) * (pool?.batch.maxSize ?? 0)
      expect(Number(trigger.metadata.threshold)).toBe(Math.floor((capacity * 60 * 70) / 100))
    }
  })

  it('never takes a pool to zero because Prometheus is away', () => {
    const cold = renderChart(matrix['accelerators, a pool that starts cold'])
    for (const { spec } of cold.filter(({ kind }) => kind === 'ScaledObject')) {
      expect(spec.fallback.replicas).toBeGreaterThanOrEqual(1)
      expect(spec.triggers[0].metadata.ignoreNullValues).toBe('false')
    }
    expect(named(cold, 'ScaledObject', 'demo-sluice-worker-large')['spec'].minReplicaCount).toBe(0)
  })
})

describe.skipIf(helmMissing !== undefined)('a GRPCRoute', () => {
  const objects = helmMissing === undefined ? renderChart(matrix['everything on']) : []
  const route = objects.find(({ kind }) => kind === 'GRPCRoute') as Field

  it('has only fields that the Gateway API knows, by default too', () => {
    expect(grpcRouteFaults(route)).toEqual([])
    expect(
      grpcRouteFaults(renderChart({ grpcRoute: { enabled: true } }).find(one => one.kind === 'GRPCRoute')!),
    ).toEqual([])
  })

  it.each<[string, (spec: Field) => void]>([
    ['a misspelt field of a match', spec => (spec.rules[0].matches[0].method.servce = 'x')],
    ['a backend without its port', spec => delete spec.rules[0].backendRefs[0].port],
    ['a match for no service and no method', spec => (spec.rules[0].matches[0].method = {})],
    ['a parent without a name', spec => delete spec.parentRefs[0].name],
    ['a path, which only an HTTPRoute matches', spec => (spec.rules[0].matches[0].path = { value: '/' })],
    ['a host with a port', spec => (spec.hostnames = ['models.example.org:443'])],
  ])('would not be let through with %s', (_what, spoil) => {
    const broken = structuredClone(route)
    spoil(broken.spec)
    expect(grpcRouteFaults(broken).length).toBeGreaterThan(0)
  })

  it('leads every service that callers have, and not that of operators, to a port of a Service that is there', () => {
    const [rule] = route.spec.rules
    expect(rule.matches.map(({ method }: Field) => method.service)).toEqual([
      'sluice.v1.Gateway',
      'grpc.health.v1.Health',
      'inference.GRPCInferenceService',
    ])
    const [{ name, port }] = rule.backendRefs
    expect(named(objects, 'Service', name)['spec'].ports.map((one: Field) => one.port)).toContain(port)
  })
})

describe.skipIf(helmMissing !== undefined)('calibration', () => {
  const objects = helmMissing === undefined ? renderChart(matrix['everything on']) : []
  const pod = podsOf(objects).find(({ owner }) => owner.startsWith('CronJob'))
  const [container] = pod?.spec.containers ?? []

  it('sees every folder that the configuration may name, as routers do, and the packs that they share', () => {
    const places = container.volumeMounts.map(({ mountPath }: Field) => mountPath)
    expect(places).toEqual(
      expect.arrayContaining(['/etc/sluice', '/tmp', '/etc/sluice-tls', '/policies', '/var/cache/sluice', '/data']),
    )
    const volumes = pod?.spec.volumes.map(({ name }: Field) => name)
    for (const { name } of container.volumeMounts) expect(volumes).toContain(name)
  })

  it('reaches names and Redis, whatever the namespace forbids by default, and nobody reaches it', () => {
    const { spec } = named(objects, 'NetworkPolicy', 'demo-sluice-calibration') as Field
    for (const [label, value] of Object.entries(spec.podSelector.matchLabels)) expect(pod?.labels[label]).toBe(value)
    expect(spec.ingress).toEqual([])
    const ports = spec.egress.flatMap((rule: Field) => rule.ports.map(({ port }: Field) => port))
    expect(ports).toEqual(expect.arrayContaining([53, 6379]))
    expect(container.env.map(({ name }: Field) => name)).toContain('REDIS_URL')
  })
})

describe.skipIf(helmMissing !== undefined || schemasMissing !== undefined)(
  `the API of Kubernetes${schemasMissing === undefined ? '' : ` (${schemasMissing})`}`,
  () => {
    const schemas = schemasMissing === undefined ? loadKubernetesSchemas() : undefined

    it.each(rows)('knows every field of what the chart makes: $name', ({ values }) => {
      const faults = renderChart(values).flatMap(object => {
        const found = schemas?.faultsOf(object)
        // The Gateway API is not part of Kubernetes' own, and has a test of its own above.
        if (found === undefined && object.kind === 'GRPCRoute') return []
        if (found === undefined) return [`${object.kind}: there is no such kind`]
        return found.map(fault => `${object.kind} ${object.metadata.name}${fault}`)
      })
      expect(faults).toEqual([])
    })

    it('would see a misspelt field at any depth', () => {
      const [deployment] = renderChart().filter(({ kind }) => kind === 'Deployment')
      const broken = structuredClone(deployment) as Field
      broken.spec.template.spec.containers[0].livenessProbe.httpGet.pth = '/livez'
      expect(schemas?.faultsOf(broken)).toHaveLength(1)
      const [object] = renderChart(scaled).filter(({ kind }) => kind === 'ScaledObject')
      const misspelt = structuredClone(object) as Field
      misspelt.spec.coolDownPeriod = 1
      expect(schemas?.faultsOf(misspelt)).toHaveLength(1)
    })
  },
)
