import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Builds `dist`, in which model threads run: Node 20 runs no TypeScript in a thread. Incremental, so a second call
 * takes little. Types are judged elsewhere: what matters here is what the compiler writes, which it does in spite of
 * them.
 */
export function buildWorker(): void {
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'pipe',
  })
}
