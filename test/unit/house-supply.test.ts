import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'

const root = packageRoot()
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'))

interface Package {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly dev?: boolean
  readonly link?: boolean
}

interface Component {
  readonly name: string
  readonly version?: string
  readonly type: string
  readonly hashes?: readonly { readonly content: string }[]
  readonly licenses?: readonly unknown[]
  readonly components?: readonly Component[]
}

const { packages } = read('package-lock.json') as { packages: Record<string, Package> }
const ownPackage = read('package.json') as Record<'dependencies' | 'devDependencies', Record<string, string>>
const installed = Object.entries(packages).filter(([path]) => path !== '')

describe('what the project stands on', () => {
  it('is pinned to the version', () => {
    const { dependencies, devDependencies } = ownPackage
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/u.test(version),
    )
    expect(loose).toEqual([])
  })

  it('has a strong hash for every package of the lock file, which is from the registry alone', () => {
    expect(installed.length).toBeGreaterThan(100)
    expect(installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([])
    const elsewhere = installed.filter(
      ([, { resolved, link }]) =>
        link === true || !(resolved ?? 'https://registry.npmjs.org/').startsWith('https://registry.npmjs.org/'),
    )
    expect(elsewhere).toEqual([])
  })

  it('is listed by `npm run sbom`: every package that runs with its hash and licence, every model with its files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-sbom-'))
    const file = join(folder, 'sbom.json')
    try {
      execFileSync(process.execPath, ['scripts/sbom.mjs', file], { cwd: root, stdio: 'ignore' })
      const { components } = JSON.parse(readFileSync(file, 'utf8')) as { components: readonly Component[] }
      const libraries = components.filter(({ type }) => type === 'library')
      const listed = new Set(libraries.map(({ name, version }) => `${name}@${version}`))
      const running = installed
        .filter(([, { dev }]) => dev !== true)
        .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`)
      // A package for another system or machine is in the lock file, and in the list where this one can take it.
      const direct = Object.entries(ownPackage.dependencies)
      expect(direct.map(([name, version]) => `${name}@${version}`).filter(one => !listed.has(one))).toEqual([])
      expect([...listed].filter(one => !running.includes(one))).toEqual([])
      expect(libraries.filter(one => !one.hashes?.length || !one.licenses?.length).map(({ name }) => name)).toEqual([])
      const { packs } = read('deploy/models/models.lock.json') as {
        packs: Record<string, { files: { sha256: string }[] }>
      }
      const models = components.filter(({ type }) => type === 'machine-learning-model')
      expect(models.map(({ name }) => name)).toEqual(Object.keys(packs))
      const hashes = models.flatMap(({ components: files = [] }) => files.map(one => one.hashes?.[0]?.content))
      expect(hashes).toEqual(Object.values(packs).flatMap(({ files }) => files.map(({ sha256 }) => sha256)))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 60_000)

  it('runs no install script of anybody: the configuration of npm keeps them off', () => {
    // npm 11 asks first, earlier ones run all: what is approved would be listed here.
    expect(ownPackage).not.toHaveProperty('allowScripts')
    expect(readFileSync(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/mu)
  })

  it('names packages for clients in Go and Java in every proto', () => {
    const protos = readdirSync(join(root, 'proto'), { recursive: true, encoding: 'utf8' }).filter(
      path => path.endsWith('.proto') && !path.startsWith('google'),
    )
    expect(protos.length).toBeGreaterThan(3)
    for (const path of protos) {
      const text = readFileSync(join(root, 'proto', path), 'utf8')
      expect(text, path).toMatch(/^option go_package = "[\w./-]+;\w+";$/mu)
      expect(text, path).toMatch(/^option java_package = "[\w.]+";$/mu)
    }
  })
})

describe('npm test', () => {
  it('runs every project but those that stand apart', () => {
    const { scripts } = read('package.json') as { scripts: Record<string, string> }
    const named = (script: string): readonly string[] =>
      [...(scripts[script] ?? '').matchAll(/--project (\S+)/gu)].map(([, name = '']) => name)
    const apart = ['test:clients', 'test:faults', 'test:servers'].flatMap(named)
    const all = [...readFileSync(join(root, 'vitest.config.ts'), 'utf8').matchAll(/\bname: '(\w+)'/gu)].map(
      ([, name = '']) => name,
    )
    expect(apart).toHaveLength(3)
    // Two projects that are each left out with an exclamation mark are both run.
    expect([...named('test'), ...apart].toSorted()).toEqual(all.toSorted())
  })
})
