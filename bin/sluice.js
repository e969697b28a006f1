#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const pathOf = relative => fileURLToPath(new URL(relative, import.meta.url))
const main = '../dist/services/cli/main.js'

// npm runs no install scripts here, so the first command in a clone builds.
if (!existsSync(pathOf(main)) && existsSync(pathOf('../node_modules/typescript'))) {
  const { status } = spawnSync(process.execPath, [pathOf('../scripts/prepare.mjs')], { stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}
if (existsSync(pathOf(main))) await import(new URL(main, import.meta.url).href)
else {
  process.stderr.write('sluice is not built: run `npm ci` and `npm run build` in its folder\n')
  process.exitCode = 1
}
