import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createKnownFiles, type KnownFiles } from './known-files.ts'
import type { Pack, PackFile } from './pack-lock.ts'
import { packPath } from './pack-path.ts'

/** What is wrong with one file of a pack. */
export interface PackFault {
  readonly path: string
  readonly fault: 'missing' | 'wrong size' | 'wrong content' | 'not of the pack'
}

/**
 * How closely a pack is looked at: `size` compares sizes; `content` the SHA-256 of each file that has changed since
 * it was last compared; `content-again` that of every file.
 */
export type PackCheck = 'size' | 'content' | 'content-again'

/**
 * Compares a pack's folder with the lock. Gives what is wrong; nothing means that it is whole and holds nothing
 * else.
 */
export async function verifyPack(
  cacheFolder: string,
  name: string,
  pack: Pack,
  check: PackCheck,
): Promise<readonly PackFault[]> {
  const folder = packPath(cacheFolder, name)
  const known = check === 'content' ? await createKnownFiles(cacheFolder, name) : undefined
  const faults = await Promise.all(pack.files.map(file => verifyFile(join(folder, file.path), file, check, known)))
  await known?.save()
  return [...faults.filter(fault => fault !== undefined), ...(await strangers(folder, pack))]
}

/** The SHA-256 of a file, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

async function verifyFile(
  path: string,
  file: PackFile,
  check: PackCheck,
  known: KnownFiles | undefined,
): Promise<PackFault | undefined> {
  let size: number
  try {
    size = (await stat(path)).size
  } catch {
    // It is not there, or cannot be looked at, which is the same to whoever wants to load it.
    return { path: file.path, fault: 'missing' }
  }
  if (size !== file.bytes) return { path: file.path, fault: 'wrong size' }
  if (check === 'size') return undefined
  const found = known === undefined ? await hashFile(path) : await known.hashOf(path, hashFile)
  return found === file.sha256 ? undefined : { path: file.path, fault: 'wrong content' }
}

/**
 * Files beside those of the lock: whoever loads a pack looks for files by parts of their names. Hidden ones are no
 * part of any.
 */
async function strangers(folder: string, pack: Pack): Promise<readonly PackFault[]> {
  const expected = new Set(pack.files.map(file => file.path))
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter(entry => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter(path => !expected.has(path))
    .map(path => ({ path, fault: 'not of the pack' }))
}
