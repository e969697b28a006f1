// The bench: `npm run bench`, `npm run bench -- decide hop --quick --json FILE`, `npm run bench -- --list`. Needs `npm
// run build`.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine } from './measure/machine.mjs'
import { catalogue } from './runner/catalogue.mjs'
import { tableOf } from './runner/rows.mjs'

const usage = `npm run bench -- [scenario …] [--quick] [--all] [--json FILE] [--list]
        [--minutes N of the soak] [--outcomes FOLDER of deciding] [--concurrency N,…]
`

const { values, positionals } = read()
if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}

if (values.list) {
  for (const [name, { says, usual }] of catalogue)
    process.stdout.write(`${name.padEnd(12)} ${usual ? ' ' : '+'} ${says}\n`)
  process.stdout.write('+ only when named, or with --all\n')
  process.exit(0)
}
const unknown = positionals.filter(name => !catalogue.has(name))
if (unknown.length > 0) {
  process.stderr.write(`there is no scenario ${unknown.join(', ')}; there are: ${[...catalogue.keys()].join(', ')}\n`)
  process.exit(2)
}

const machine = describeMachine()
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-run-'))
const scenarios = []
const failed = []
try {
  for (const name of wanted()) await runOne(name)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(
  `${Object.entries(machine)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ')}\n\n${tableOf(scenarios)}\n`,
)
if (failed.length > 0) process.stdout.write(`\nnot measured: ${failed.join(', ')}\n`)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, scenarios }, undefined, 2)}\n`)
process.exitCode = failed.length === 0 ? 0 : 1

/** Scenarios that load at several concurrencies take others from here. */
function concurrencies() {
  return values.concurrency === undefined ? {} : { concurrencies: values.concurrency.split(',').map(Number) }
}

function wanted() {
  if (positionals.length > 0) return positionals
  return [...catalogue]
    .filter(([, { usual, needs }]) => usual || (values.all && (needs === undefined || values[needs] !== undefined)))
    .map(([name]) => name)
}

async function runOne(name) {
  const file = join(folder, `${name}.json`)
  const options = {
    quick: values.quick,
    minutes: Number(values.minutes),
    outcomes: values.outcomes,
    ...concurrencies(),
  }
  const path = fileURLToPath(new URL('runner/run-scenario.mjs', import.meta.url))
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['--expose-gc', path, name, file, JSON.stringify(options)], {
    stdio: 'inherit',
  })
  // Whoever stops the bench stops what it measures.
  const stop = () => {
    child.once('exit', () => process.exit(130))
    child.kill('SIGTERM')
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  const code = await new Promise(resolve => child.once('exit', resolve))
  process.off('SIGINT', stop).off('SIGTERM', stop)
  process.stderr.write(`${name} took ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`)
  if (code === 0 && existsSync(file)) scenarios.push(...JSON.parse(readFileSync(file, 'utf8')))
  else failed.push(name)
}

/** The command line; one that cannot be read is told in a line. */
function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        minutes: { type: 'string', default: '10' },
        outcomes: { type: 'string' },
        concurrency: { type: 'string' },
      },
    })
  } catch (error) {
    process.stderr.write(`${error.message}\n${usage}`)
    return process.exit(2)
  }
}
