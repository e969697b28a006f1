import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { unzipSync } from 'fflate'
import { createMirrorSource, packageTimeoutMs } from './pack-pieces.ts'

const run = promisify(execFile)

/** Names under which Python is started. */
const interpreters = ['python3', 'python'] as const

/**
 * Fetches by Python's own client, so that the user's index, proxy and certificates hold. Wheels alone are taken,
 * which pip downloads without running anything of them, and only the listed files are unpacked.
 */
export const pypiSource = createMirrorSource('pypi', async ({ name, version }, into, files, onBytes) => {
  await download(`${name}==${version}`, into)
  const wheel = (await readdir(into)).find(file => file.endsWith('.whl'))
  if (wheel === undefined) throw new Error(`pip gave no wheel of ${name} ${version}`)
  const unpacked = unzipSync(await readFile(join(into, wheel)), { filter: ({ name: path }) => files.has(path) })
  await rm(join(into, wheel))
  const folder = join(into, 'wheel')
  for (const [path, content] of Object.entries(unpacked)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
    onBytes(content.byteLength)
  }
  return folder
})

async function download(requirement: string, into: string): Promise<void> {
  const flags = [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--no-cache-dir',
    '--quiet',
    '--dest',
    into,
  ]
  for (const interpreter of interpreters) {
    try {
      await run(interpreter, [...flags, requirement], { cwd: into, timeout: packageTimeoutMs })
      return
    } catch (error) {
      // One that is not there is no reason; one that failed is.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  throw new Error('needs Python with pip, which is not installed')
}
