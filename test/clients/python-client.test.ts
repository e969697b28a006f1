import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { packageRoot } from '#services/config/load-config'
import { createSluiceClient } from '../../clients/typescript/src/main.ts'
import { createAuthority } from '../support/deploy/certificates.ts'
import { python, pythonPackages, runProgram } from '../support/deploy/client-packages.ts'
import { createTestGateway, until, type TestConfig, type TestGateway } from '../support/gateway.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

const root = packageRoot()
const clientFolder = join(root, 'clients', 'python')
const newest = ['grpcio==1.85.3', 'protobuf==7.36.2', 'googleapis-common-protos==1.76.0']
const oldest = ['grpcio==1.76.0', 'protobuf==6.31.1', 'googleapis-common-protos==1.72.0']

let folder: string
let redis: PrivateRedis
const gateways: TestGateway[] = []

/** Starts a gateway of echoes, in plain text or with certificates that both sides show. */
async function startEcho(more: TestConfig, prefix: string): Promise<TestGateway> {
  const config = parse(readFileSync(join(root, 'test', 'e2e', 'config', 'echo.yaml'), 'utf8')) as TestConfig
  const gateway = await createTestGateway({ ...config, ...more, redis: { prefix } }, redis.url)
  gateways.push(gateway)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
  return gateway
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-python-client-'))
  redis = await startPrivateRedis()
})
afterAll(async () => {
  await Promise.all(gateways.map(gateway => gateway.stop()))
  await redis?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Builds the source distribution, and the wheel out of it. */
async function build(): Promise<readonly string[]> {
  const bin = pythonPackages('build', [
    'hatchling==1.33.0',
    'grpcio-tools==1.76.0',
    'mypy-protobuf==3.7.0',
    'build==1.6.1',
    'twine==7.0.0',
  ])
  const environment = { PATH: `${bin}:${process.env['PATH'] ?? ''}` }
  const words = ['-m', 'build', '--no-isolation', '--outdir', join(folder, 'dist'), clientFolder]
  const built = await runProgram(join(bin, 'python'), words, { cwd: folder, environment })
  if (built.code !== 0) throw new Error(built.output)
  const files = readdirSync(join(folder, 'dist')).map(name => join(folder, 'dist', name))
  const checked = await runProgram(join(bin, 'twine'), ['check', '--strict', ...files], { cwd: folder })
  expect(checked).toMatchObject({ code: 0 })
  return files
}

describe.skipIf(python === undefined)('the client in Python (skipped without Python 3.10)', () => {
  let wheel = ''

  it('is built as it would be published', async () => {
    const files = await build()
    expect(files.map(file => file.split('/').at(-1))).toEqual([
      'sluice_client-0.1.0-py3-none-any.whl',
      'sluice_client-0.1.0.tar.gz',
    ])
    wheel = files[0] ?? ''
    const listed = await runProgram(python ?? '', ['-m', 'zipfile', '-l', wheel], { cwd: folder })
    for (const name of ['py.typed', 'v1/gateway_pb2.py', 'v1/gateway_pb2.pyi', 'licenses/LICENSE', 'licenses/NOTICE'])
      expect(listed.output).toContain(name)
  })

  it('is typed without a gap', async () => {
    const types = ['mypy==2.4.1', 'types-grpcio==1.85.0.20261028', 'types-protobuf==7.35.1.20260906', 'pytest==9.2.0']
    const bin = pythonPackages('types', [...newest, ...types])
    expect(await runProgram(join(bin, 'mypy'), [], { cwd: clientFolder })).toEqual({
      code: 0,
      output: expect.stringMatching(/^Success: no issues found in \d+ source files\n$/u),
    })
  })

  it.each([
    ['newest', newest],
    ['oldest', oldest],
  ])(
    'passes its tests on the %s versions that it allows, in plain text and over mutual TLS',
    async (name, versions) => {
      const bin = pythonPackages(name, [...versions, 'pytest==9.2.0'])
      const site = join(folder, name)
      const words = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-index', '--target', site, wheel]
      expect(await runProgram(join(bin, 'python'), words, { cwd: folder })).toMatchObject({ code: 0 })
      const test = (environment: Record<string, string>, ...files: readonly string[]) =>
        runProgram(join(bin, 'pytest'), ['-q', '-p', 'no:cacheprovider', ...files], {
          cwd: join(clientFolder, 'tests'),
          environment: { ...environment, PYTHONPATH: site, PYTHONDONTWRITEBYTECODE: '1', SLUICE_API_KEY: 'right-key' },
        })

      const plain = await startEcho({}, `plain-${name}`)
      await until(
        'the workers',
        () => plain.client.listModels(),
        ({ models }) => models.every(({ state }) => (state?.workers ?? 0) > 0),
      )
      const inPlainText = await test({ SLUICE_ADDRESS: plain.address })
      expect(inPlainText.output).toMatch(/^\d+ passed, 1 skipped/mu)
      expect(inPlainText.output).not.toMatch(/\d+ (?:failed|errors?)\b/u)

      const certificates = writeCertificates()
      const file = (part: string): string => join(certificates, part)
      const tls = { certificate: file('server.pem'), key: file('server-key.pem'), clientAuthorities: file('ca.pem') }
      const secure = await startEcho({ listen: { tls } }, `secure-${name}`)
      const [ca, certificate, key] = ['ca.pem', 'cert.pem', 'key.pem'].map(part => readFileSync(file(part)))
      if (ca === undefined || certificate === undefined || key === undefined)
        throw new Error('a certificate is missing')
      const probe = createSluiceClient({ address: secure.address, tls: { ca, certificate, key } })
      await until(
        'the workers',
        () => probe.listModels(),
        models => models.every(({ state }) => (state?.workers ?? 0) > 0),
      )
      probe.close()
      const environment = { SLUICE_ADDRESS: secure.address, SLUICE_CERTIFICATES: certificates }
      const overTls = await test(environment, 'test_running_gateway.py')
      expect(overTls.output).toMatch(/^4 passed, 1 skipped/mu)
    },
  )
})

function writeCertificates(): string {
  const target = mkdtempSync(join(folder, 'certificates-'))
  const authority = createAuthority('of the test')
  const server = authority.issue('gateway')
  const client = authority.issue('a client')
  const files = {
    'ca.pem': authority.certificate,
    'server.pem': server.certificate,
    'server-key.pem': server.key,
    'cert.pem': client.certificate,
    'key.pem': client.key,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(target, name), text)
  return target
}
