// Builds, and puts `sluice` where `npx sluice` looks, so that a clone needs no global install. The first command in a
// clone runs it.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'node_modules', '.bin')
mkdirSync(folder, { recursive: true })
const link = join(folder, 'sluice')
const target = join('..', '..', 'bin', 'sluice.js')
if (!existsSync(link) || readlinkSync(link) !== target) {
  rmSync(link, { force: true })
  symlinkSync(target, link)
}

if (existsSync(join(root, 'node_modules', 'typescript'))) {
  if (!existsSync(join(root, 'dist', 'services'))) process.stderr.write('building, once …\n')
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' })
  process.exitCode = status ?? 1
} else if (!existsSync(join(root, 'dist', 'services'))) {
  process.stderr.write('sluice: not built, since the compiler is not installed (npm ci --omit=dev)\n')
}
