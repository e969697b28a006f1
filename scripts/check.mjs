// The whole bar in one command: every check runs, each that fails shows why, and the exit code is theirs.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = name => join(root, 'node_modules', '.bin', name)

const checks = [
  ['generated types', process.execPath, ['scripts/generate.mjs']],
  ['format', bin('oxfmt'), ['--check', '.']],
  ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ['types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']],
  ['unused code', bin('knip'), ['--no-progress']],
  ['protos', bin('buf'), ['lint']],
  ['build', process.execPath, ['scripts/build.mjs']],
  ['dashboards and schema of the chart', process.execPath, ['scripts/make-monitoring.mjs', '--check']],
  ['reference pages', process.execPath, ['scripts/make-reference.mjs', '--check']],
  ['configuration', process.execPath, ['bin/sluice.js', 'config', 'check']],
]

const failed = []
for (const [name, command, parameters] of checks) {
  const startedAt = Date.now()
  const { code, output } = await run(command, parameters)
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'}  ${String(name)} (${seconds} s)\n`)
  if (code === 0) continue
  failed.push(name)
  process.stdout.write(`${output}\n`)
}
process.stdout.write(failed.length === 0 ? 'all checks passed\n' : `failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1

function run(command, parameters) {
  return new Promise(resolve => {
    const child = spawn(command, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', piece => (output += piece))
    child.stderr.on('data', piece => (output += piece))
    child.on('error', error => resolve({ code: 1, output: String(error) }))
    child.on('close', code => resolve({ code: code ?? 1, output }))
  })
}
