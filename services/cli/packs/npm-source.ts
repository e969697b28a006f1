import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { extract } from 'tar'
import { z } from 'zod'
import { createMirrorSource, packageTimeoutMs } from './pack-pieces.ts'

const run = promisify(execFile)

/**
 * Fetches by npm's own client, so that the user's registry, proxy and certificates hold. `npm pack` only downloads
 * and checks the registry's integrity hash; no script of the package runs, and only the listed files are unpacked.
 */
export const npmSource = createMirrorSource('npm', async ({ name, version }, into, files, onBytes) => {
  // Its cache too is put there and thrown away with it: in a container the home is read-only or memory, and nothing
  // is fetched twice.
  const cache = join(into, '.npm')
  const flags = [
    'pack',
    `${name}@${version}`,
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    into,
    '--cache',
    cache,
  ]
  const { stdout } = await run('npm', flags, { cwd: into, timeout: packageTimeoutMs, maxBuffer: 64 * 1024 * 1024 })
  await extract({
    file: join(into, tarballOf(stdout)),
    cwd: into,
    filter: path => files.has(path.replace(/^package\//u, '')),
    onReadEntry: entry => onBytes(entry.size),
  })
  return join(into, 'package')
})

/** npm prints a list, or since its version 11 a record by package, of what it packed. */
function tarballOf(printed: string): string {
  const packed: unknown = JSON.parse(printed)
  const entries = Array.isArray(packed) ? packed : Object.values(packed ?? {})
  return z.object({ filename: z.string() }).parse(entries[0]).filename.replace('@', '').replaceAll('/', '-')
}
