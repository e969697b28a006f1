// Runs one scenario in a process of its own, so that neither its memory nor its faults reach the next, and writes its
// rows to a file. node test/bench/runner/run-scenario.mjs NAME FILE OPTIONS-AS-JSON
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { catalogue } from './catalogue.mjs'
import { toScenario } from './rows.mjs'

const [name, file, given] = process.argv.slice(2)
const options = JSON.parse(given)
// Processes that a scenario starts are ended by its own handlers of `exit`, which a second signal must not break off.
process.on('SIGTERM', () => process.exit(143)).on('SIGINT', () => process.exit(130))
const report = text => process.stderr.write(`${name}: ${text}\n`)
const { path: scenario, kind, quick = [] } = catalogue.get(name)
writeFileSync(file, JSON.stringify(kind === 'module' ? await fromModule() : await fromScript()))
process.exit(0)

async function fromModule() {
  const { run } = await import(new URL(`../${scenario}.mjs`, import.meta.url))
  return (await run({ ...options, report })).map(row =>
    row.value === undefined ? toScenario(name, row) : { name, concurrency: 1, ...row },
  )
}

/**
 * Measurements with a command line of their own write rows of the contract, or rows of which each number is a figure.
 */
async function fromScript() {
  const path = fileURLToPath(new URL(`../${scenario}.mjs`, import.meta.url))
  const more = options.outcomes === undefined ? [] : ['--outcomes', options.outcomes]
  const parameters = [path, ...(options.quick ? quick : []), ...more, '--json', `${file}.own`]
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'ignore', 'inherit'] })
  process.once('exit', () => child.kill('SIGTERM'))
  const code = await new Promise(resolve => child.once('exit', resolve))
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  const written = JSON.parse(readFileSync(`${file}.own`, 'utf8'))
  return (written.scenarios ?? written).flatMap(rowsOf)
}

function rowsOf(row) {
  if (row.value !== undefined)
    return [{ ...row, name: row.name ?? name, concurrency: row.concurrency ?? 1, metric: row.metric ?? row.label }]
  const { concurrency, ...figures } = row
  const words = Object.values(figures).filter(value => typeof value === 'string')
  if (typeof concurrency === 'string') words.push(concurrency)
  return Object.entries(figures)
    .filter(([, value]) => typeof value === 'number')
    .map(([metric, value]) =>
      toScenario(`${name}: ${words.join(', ')}`, {
        metric,
        concurrency: typeof concurrency === 'number' ? concurrency : 1,
        ours: value,
      }),
    )
}
