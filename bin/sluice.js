#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const built = new URL('../dist/services/cli/main.js', import.meta.url)
if (existsSync(fileURLToPath(built))) await import(built.href)
else {
  process.stderr.write('sluice is not built yet: run `npm run build` in its folder\n')
  process.exitCode = 1
}
