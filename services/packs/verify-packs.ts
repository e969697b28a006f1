import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Pack, PackFile } from './pack-lock.ts'
import { packPath } from './pack-path.ts'

/** What is wrong with one file of a pack. */
export interface PackFault {
  readonly path: string
  readonly fault: 'missing' | 'wrong size' | 'wrong content'
}

/** Compares a pack's files with the lock: their sizes, and their content when `deep`. Gives what is wrong; nothing means that it is whole. */
export async function verifyPack(
  cacheFolder: string,
  name: string,
  pack: Pack,
  deep: boolean,
): Promise<readonly PackFault[]> {
  const faults = await Promise.all(
    pack.files.map(file => verifyFile(join(packPath(cacheFolder, name), file.path), file, deep)),
  )
  return faults.filter(fault => fault !== undefined)
}

/** The SHA-256 of a file, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

async function verifyFile(path: string, file: PackFile, deep: boolean): Promise<PackFault | undefined> {
  let size: number
  try {
    size = (await stat(path)).size
  } catch {
    // It is not there, or cannot be looked at, which is the same to whoever wants to load it.
    return { path: file.path, fault: 'missing' }
  }
  if (size !== file.bytes) return { path: file.path, fault: 'wrong size' }
  if (deep && (await hashFile(path)) !== file.sha256) return { path: file.path, fault: 'wrong content' }
  return undefined
}
