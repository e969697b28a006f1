import { GatewayError } from '#services/contract/errors'
import { choosePacks, readPackLock } from './pack-lock.ts'
import { packPath } from './pack-path.ts'
import { verifyPack } from './verify-packs.ts'

/** Where packs are, and the lock that pins them. */
export interface PackPlaces {
  /** The package's own folder. */
  readonly root: string
  /** The cache of packs. */
  readonly packs: string
}

/**
 * The folders of packs by name, once every file of them was found to be the one of the lock. A file is read when it
 * is new or has changed.
 * @throws GatewayError Config that names the first file that is not
 */
export async function openPacks(
  names: Iterable<string>,
  { root, packs: cacheFolder }: PackPlaces,
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(names)]
  if (wanted.length === 0) return new Map()
  const opened = [...choosePacks(readPackLock(root), wanted)].map(async ([name, pack]) => {
    const [first] = await verifyPack(cacheFolder, name, pack, 'content')
    if (first === undefined) return [name, packPath(cacheFolder, name)] as const
    throw new GatewayError(
      'Config',
      `pack ${name}: ${first.path} is ${faults[first.fault]} (${packPath(cacheFolder, name)}); fetch it again: node bin/sluice.js models pull ${name}`,
    )
  })
  return new Map(await Promise.all(opened))
}

/** The folder of one pack; see {@link openPacks}. @throws GatewayError Config */
export async function openPack(name: string, places: PackPlaces): Promise<string> {
  const folder = (await openPacks([name], places)).get(name)
  if (folder === undefined) throw new Error(`pack ${name} was not opened`)
  return folder
}

const faults = {
  missing: 'missing',
  'wrong size': 'not as long as the file that the lock names',
  'wrong content': 'not the file that the lock names: its SHA-256 is another',
  'not of the pack': 'no file of the pack',
} as const
