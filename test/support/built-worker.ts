import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Builds `dist`, in which model threads run: Node 20 runs no TypeScript in a thread. Incremental, so a second call takes little. */
export function buildWorker(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noEmitOnError', 'false'], {
    cwd: root,
    stdio: 'pipe',
  })
}
