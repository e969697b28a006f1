import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { create } from 'tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pack } from '#services/packs/pack-lock'
import { packPath } from '#services/packs/pack-path'
import { pullPacks, type PullOptions, type PullProgress } from '#services/cli/packs/pull-packs'
import { verifyPack } from '#services/packs/verify-packs'
import { startDeafServer } from '../support/deaf-server.ts'
import { startPackServer, type PackServer } from '../support/pack-server.ts'

const registryVariable = 'npm_config_registry'
const registryBefore = process.env[registryVariable]
const weights = randomBytes(200_000)
const config = Buffer.from('{"dimensions":3}')
const files = { 'config.json': config, 'onnx/model.onnx': weights }

let server: PackServer
let cacheFolder: string
let progress: PullProgress[]

beforeEach(async () => {
  server = await startPackServer()
  // The real npm client, asking our registry.
  process.env[registryVariable] = server.url
  cacheFolder = await mkdtemp(join(tmpdir(), 'sluice-packs-'))
  progress = []
})

afterEach(async () => {
  await server.close()
  if (registryBefore === undefined) delete process.env[registryVariable]
  else process.env[registryVariable] = registryBefore
  await rm(cacheFolder, { recursive: true, force: true })
})

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

function packOf(more: Partial<Pack> = {}): Pack {
  return {
    title: 'a pack of a test',
    default: true,
    licence: 'Apache-2.0',
    upstream: 'https://example.org',
    sources: { hub: null, npm: { package: 'weights-of-a-test', version: '1.2.3' } },
    files: Object.entries(files).map(([path, content]) => ({
      path,
      from: `models/${path}`,
      bytes: content.byteLength,
      sha256: sha256(content),
    })),
    ...more,
  }
}

function onHub(contents: Readonly<Record<string, Uint8Array>> = files): void {
  server.put('/hub/tiny/', Buffer.from('a folder'))
  for (const [path, content] of Object.entries(contents)) server.put(`/hub/tiny/${path}`, content)
}

async function onNpm(name: string, contents: Readonly<Record<string, Uint8Array>>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-package-'))
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, 'package', path)), { recursive: true })
    await writeFile(join(folder, 'package', path), content)
  }
  const tarball = join(folder, 'package.tgz')
  await create({ gzip: true, file: tarball, cwd: folder }, ['package'])
  server.publish(name, '1.2.3', await readFile(tarball))
  await rm(folder, { recursive: true })
}

async function pull(pack: Pack, more: Partial<PullOptions> = {}): Promise<void> {
  await pullPacks(new Map([['tiny', pack]]), { cacheFolder, mirror: `${server.url}/hub`, ...more }, one => {
    progress.push(one)
  })
}

/** What is amiss after a pull: faults of files, and what was not cleared away. */
async function amiss(pack: Pack): Promise<readonly unknown[]> {
  const faults = await verifyPack(cacheFolder, 'tiny', pack, true)
  const partial = existsSync(join(cacheFolder, 'partial', 'tiny')) ? ['partial'] : []
  return [...faults, ...(await readdir(join(cacheFolder, 'staging'))), ...partial]
}

function asked(what: string): readonly string[] {
  return server.requests.filter(request => request.includes(what))
}

describe('pullPacks() from a hub', () => {
  it('puts a pack in its place and tells how far it is', async () => {
    onHub()
    await pull(packOf())
    expect(await amiss(packOf())).toEqual([])
    const totalBytes = config.byteLength + weights.byteLength
    expect(progress.at(-1)).toEqual({ pack: 'tiny', source: 'hub', bytes: totalBytes, totalBytes })
    const counts = progress.map(one => one.bytes)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  })

  it('asks nobody for a pack that is whole', async () => {
    onHub()
    await pull(packOf())
    const before = server.requests.length
    await pull(packOf())
    expect(server.requests.length).toBe(before)
    expect(progress.at(-1)?.source).toBe('here')
  })

  it('goes on with what was half fetched', async () => {
    onHub({ 'onnx/model.onnx': weights, 'config.json': config })
    const reversed = packOf({ files: packOf().files.toReversed() })
    server.cutNext(120_000)
    await expect(pull(reversed)).rejects.toThrow('neither source')
    await pull(reversed)
    expect(await amiss(reversed)).toEqual([])
    expect(asked('model.onnx bytes=').length).toBe(1)
    expect(asked('bytes=120000-').length).toBe(1)
  })

  it('keeps the files that were whole when a later one broke off', async () => {
    onHub()
    server.put('/hub/tiny/onnx/model.onnx', weights.subarray(0, 1000))
    await expect(pull(packOf())).rejects.toThrow('ended at 1000 of 200000 bytes')
    onHub()
    await pull(packOf())
    expect(await amiss(packOf())).toEqual([])
    expect(asked('GET /hub/tiny/config.json').length).toBe(1)
  })

  it('begins anew with a server that knows no ranges', async () => {
    onHub()
    server.knowsRanges = false
    await mkdir(join(cacheFolder, 'partial', 'tiny', 'onnx'), { recursive: true })
    await writeFile(join(cacheFolder, 'partial', 'tiny', 'onnx', 'model.onnx'), 'old words')
    await pull(packOf())
    expect(await amiss(packOf())).toEqual([])
  })

  it('does not read a file on that is longer than it should be', async () => {
    onHub({ ...files, 'config.json': Buffer.alloc(500_000) })
    await expect(pull(packOf())).rejects.toThrow(/longer than 16 bytes/u)
  })

  it('puts nothing in its place that is not what the lock says', async () => {
    onHub({ ...files, 'onnx/model.onnx': randomBytes(weights.byteLength) })
    await expect(pull(packOf())).rejects.toMatchObject({ code: 'Config', message: expect.stringMatching(/sha256/u) })
    expect(existsSync(packPath(cacheFolder, 'tiny'))).toBe(false)
    expect(await readdir(join(cacheFolder, 'staging'))).toEqual([])
  })

  it('mends a pack of which a file is missing', async () => {
    onHub()
    await pull(packOf())
    await rm(join(packPath(cacheFolder, 'tiny'), 'config.json'))
    await pull(packOf())
    expect(await amiss(packOf())).toEqual([])
  })
})

describe('pullPacks() from npm', () => {
  it('takes the listed files alone and runs no script', async () => {
    const trap = join(cacheFolder, 'a-script-ran')
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare', 'prepack'].map(when => [when, `touch ${trap}`]),
    )
    await onNpm('weights-of-a-test', {
      'package.json': Buffer.from(JSON.stringify({ name: 'weights-of-a-test', version: '1.2.3', scripts })),
      'models/config.json': config,
      'models/onnx/model.onnx': weights,
      'postinstall.js': Buffer.from('throw 1'),
    })
    await pull(packOf())
    expect(await amiss(packOf())).toEqual([])
    expect(existsSync(trap)).toBe(false)
    expect(await readdir(packPath(cacheFolder, 'tiny'))).toEqual(['config.json', 'onnx'])
    expect(progress.at(-1)).toMatchObject({ source: 'npm', bytes: config.byteLength + weights.byteLength })
  })

  it('joins a file that is too large for one package, pieces in order', async () => {
    const half = weights.byteLength / 2
    await onNpm('part-a', { 'package.json': Buffer.from('{}'), 'p.bin': weights.subarray(0, half) })
    await onNpm('@of/part-b', { 'package.json': Buffer.from('{}'), 'p.bin': weights.subarray(half) })
    const from = ['part-a', '@of/part-b'].map(name => ({ package: name, version: '1.2.3', from: 'p.bin' }))
    const joined = packOf({
      files: [{ path: 'model.gguf', from, bytes: weights.byteLength, sha256: sha256(weights) }],
    })
    await pull(joined)
    expect(await amiss(joined)).toEqual([])
  })

  it('says of both sources why they failed', async () => {
    await expect(pull(packOf())).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringMatching(/hub: .*404[\s\S]*npm: .*weights-of-a-test@1\.2\.3[\s\S]*E404/u),
    })
  })
})

describe('pullPacks()', () => {
  it('waits once for a hub that does not answer, not once a pack', async () => {
    let asks = 0
    const silent = createServer(() => {
      asks += 1
    })
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    await onNpm('weights-of-a-test', { 'models/config.json': config, 'models/onnx/model.onnx': weights })
    const packs = new Map(['a', 'b', 'c'].map(name => [name, packOf()]))
    const mirror = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/hub`
    await pullPacks(packs, { cacheFolder, mirror }, () => {})
    silent.closeAllConnections()
    silent.close()
    for (const name of packs.keys()) expect(await verifyPack(cacheFolder, name, packOf(), true)).toEqual([])
    expect(asks).toBe(1)
  })

  it('gives up a hub that takes no connection after two seconds', async () => {
    const deaf = await startDeafServer()
    const startedAt = Date.now()
    await expect(pull(packOf(), { mirror: deaf.baseUrl })).rejects.toThrow('does not answer')
    await deaf.close()
    expect(Date.now() - startedAt).toBeLessThan(6000)
  })

  it('asks nobody when it is offline', async () => {
    onHub()
    await expect(pull(packOf(), { offline: true })).rejects.toMatchObject({ code: 'Config' })
    expect(server.requests).toEqual([])
  })

  it('says where it may not write, as on the read-only root of a container, and asks nobody', async () => {
    onHub()
    const nowhere = join(cacheFolder, 'a-file')
    await writeFile(nowhere, '')
    await expect(pull(packOf(), { cacheFolder: nowhere })).rejects.toMatchObject({
      code: 'Config',
      message: `pack tiny is not whole here and ${nowhere} cannot be written to`,
    })
    expect(server.requests).toEqual([])
  })

  it('fetches once for several who pull at a time', async () => {
    onHub()
    await Promise.all([pull(packOf()), pull(packOf()), pull(packOf())])
    expect(await amiss(packOf())).toEqual([])
    expect(asked('GET /hub/tiny/onnx/model.onnx').length).toBe(1)
    expect(progress.filter(one => one.source === 'here').length).toBe(2)
  })

  it('takes over from a pull that was killed, and clears what it left', async () => {
    onHub()
    const staging = join(cacheFolder, 'staging')
    await mkdir(join(staging, 'tiny-0123456789ab', 'onnx'), { recursive: true })
    await mkdir(join(staging, 'tiny-0123456789ab-npm'))
    await writeFile(join(staging, 'tiny.lease'), '')
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(join(staging, 'tiny.lease'), longAgo, longAgo)
    await pull(packOf())
    expect(await amiss(packOf())).toEqual([])
  })
})

describe('verifyPack()', () => {
  it('tells missing, short and changed files apart', async () => {
    onHub()
    await pull(packOf())
    const folder = packPath(cacheFolder, 'tiny')
    const changed = Buffer.from(weights)
    changed[7] = (changed[7] ?? 0) ^ 1
    await writeFile(join(folder, 'onnx/model.onnx'), changed)
    expect(await verifyPack(cacheFolder, 'tiny', packOf(), false)).toEqual([])
    expect(await verifyPack(cacheFolder, 'tiny', packOf(), true)).toEqual([
      { path: 'onnx/model.onnx', fault: 'wrong content' },
    ])
    await writeFile(join(folder, 'config.json'), '{')
    await rm(join(folder, 'onnx/model.onnx'))
    expect(await verifyPack(cacheFolder, 'tiny', packOf(), false)).toEqual([
      { path: 'config.json', fault: 'wrong size' },
      { path: 'onnx/model.onnx', fault: 'missing' },
    ])
  })
})
