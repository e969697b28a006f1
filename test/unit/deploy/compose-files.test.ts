import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { packageRoot, parseOverrides } from '#services/config/load-config'
import { readConfig } from '#services/config/read-config'

const root = packageRoot()

interface ComposeService {
  readonly image?: string
  readonly user?: string
  readonly ports?: readonly string[]
  readonly read_only?: boolean
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly healthcheck?: object
  readonly stop_grace_period?: string
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly memory?: string; readonly cpus?: string } } }
  readonly depends_on?: Readonly<Record<string, object>>
}

const read = (path: string): { services: Record<string, ComposeService> } =>
  parse(readFileSync(join(root, path), 'utf8'), { merge: true })
const { services } = read('docker-compose.yml')
const overlays = readdirSync(join(root, 'deploy', 'docker')).filter(name => name.startsWith('compose.'))

/** The configuration that a service would read. */
function configOf({ environment = {} }: ComposeService, file = 'deploy/config/sluice.yaml') {
  return readConfig(readFileSync(join(root, file), 'utf8'), {
    file,
    environment: {
      ...environment,
      SLUICE_ROOT: '/app',
      SMALL_URL: 'http://small:8000/v1',
      LARGE_URL: 'http://large:8000/v1',
      OTLP_URL: '',
    },
    overrides: parseOverrides(environment['SLUICE_SET'] ?? ''),
    surroundings: { packs: undefined, folderExists: () => true },
  })
}

describe('docker-compose.yml', () => {
  it('brings up everything, each with a limit of memory', () => {
    expect(Object.keys(services).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'addresses',
      'alertmanager',
      'grafana',
      'packs',
      'prometheus',
      'redis',
      'redis-exporter',
      'router',
      'worker-large',
      'worker-small',
    ])
    const unlimited = Object.entries(services).filter(
      ([, { deploy }]) => deploy?.resources?.limits?.memory === undefined,
    )
    expect(unlimited).toEqual([])
  })

  it('watches the health of everything that stays and can be asked', () => {
    const unwatched = Object.entries(services).filter(([, { healthcheck }]) => healthcheck === undefined)
    // Two end by themselves, the third has no shell to ask with.
    expect(unwatched.map(([name]) => name)).toEqual(['packs', 'addresses', 'redis-exporter'])
  })

  it('asks for no more processors than a small machine has: the engine refuses what the machine cannot give', () => {
    const cpus = Object.values(services).map(
      ({ deploy }) => /\d+$/u.exec((deploy?.resources?.limits?.cpus ?? '1').replace('}', ''))?.[0],
    )
    expect(cpus.filter(count => Number(count) > 2)).toEqual([])
  })

  it("publishes ports to this machine alone, and none of the operators' or of Redis", () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map(port => `${name} ${port}`))
    expect(published).toEqual([
      'router 127.0.0.1:50051:50051',
      'router 127.0.0.1:8080:8080',
      'prometheus 127.0.0.1:9090:9090',
      'alertmanager 127.0.0.1:9093:9093',
      'grafana 127.0.0.1:3000:3000',
    ])
  })

  it('mounts only what is there', () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes)
    const folders = mounted.flatMap(volume => /^(?:\$\{\w+:-)?(\.\/[^:}]+)/u.exec(volume)?.[1] ?? [])
    expect(folders.length).toBeGreaterThan(5)
    expect(folders.filter(folder => !existsSync(join(root, folder)))).toEqual([])
  })

  it.each(['router', 'worker-small', 'worker-large'])(
    'runs the %s without root, read-only, with a configuration that it takes',
    name => {
      const service = services[name] ?? {}
      expect(service).toMatchObject({ user: '10001:10001', read_only: true, cap_drop: ['ALL'] })
      const config = configOf(service)
      expect(config.listen.grpc).toBe('0.0.0.0:50051')
      expect(config.listen.http).toBe('0.0.0.0:8080')
      expect(config.limits.drainMs).toBeGreaterThanOrEqual(config.limits.longestDeadlineMs)
      expect(Number.parseInt(service.stop_grace_period ?? '0', 10) * 1000).toBeGreaterThan(config.limits.drainMs)
    },
  )

  it('has overlays for a GPU and for servers outside, over services that are there', () => {
    expect(overlays.toSorted((a, b) => a.localeCompare(b))).toEqual(['compose.gpu.yml', 'compose.vllm.yml'])
    for (const overlay of overlays) {
      const over = read(`deploy/docker/${overlay}`).services
      expect(Object.keys(over).filter(name => !(name in services))).toEqual([])
    }
    const gpu = read('deploy/docker/compose.gpu.yml').services['worker-large'] ?? {}
    expect(configOf(gpu).pools['large']?.executionProviders).toEqual(['cuda', 'cpu'])
    expect(configOf(services['router'] ?? {}, 'deploy/config/openai.yaml').models).toBeDefined()
  })
})

describe('the Dockerfile', () => {
  const text = readFileSync(join(root, 'deploy', 'docker', 'Dockerfile'), 'utf8')

  it('copies only what is there and let through to the build', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8')
    const sources = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gmu)].flatMap(([, files = '']) => files.split(' '))
    expect(sources.length).toBeGreaterThan(10)
    expect(sources.filter(path => !existsSync(join(root, path)))).toEqual([])
    const through = ignored.split('\n').flatMap(line => (line.startsWith('!') ? [line.slice(1)] : []))
    const stopped = sources.filter(
      path => !through.some(kept => path === kept || (kept.includes('*') && path.startsWith(kept.split('*')[0] ?? ''))),
    )
    expect(stopped).toEqual([])
  })

  it('ends every stage that runs without root', () => {
    for (const stage of ['cuda', 'cpu']) {
      const [body = ''] = text.split(`AS ${stage}\n`)[1]?.split('\nFROM ') ?? []
      expect(body, stage).toContain('USER 10001:10001')
    }
  })
})
