// `npm start` and `npm run demo`: builds what a pull has changed, then runs the command in this very process, so that
// signals reach it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const pathOf = relative => fileURLToPath(new URL(relative, import.meta.url))
const { status } = spawnSync(process.execPath, [pathOf('prepare.mjs')], { stdio: ['ignore', 2, 2] })
if (status === 0) {
  process.argv[1] = pathOf('../bin/sluice.js')
  await import('../bin/sluice.js')
} else process.exitCode = status ?? 1
