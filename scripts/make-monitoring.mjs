// Writes what is made from code and kept in git: Grafana's dashboards and the schema of the chart's values. With
// --check, only looks whether they are up to date.
import { mkdirSync, readdirSync, readFileSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { fillChart } from './chart-files.mjs'
import { withConfig } from './chart-config-schema.mjs'
import { budgets } from '../deploy/grafana/boards/budgets.mjs'
import { calibration } from '../deploy/grafana/boards/calibration.mjs'
import { cascade } from '../deploy/grafana/boards/cascade.mjs'
import { latency } from '../deploy/grafana/boards/latency.mjs'
import { queues } from '../deploy/grafana/boards/queues.mjs'
import { redis } from '../deploy/grafana/boards/redis.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const deploy = join(root, 'deploy')
const read = path => readFileSync(join(deploy, path), 'utf8')

const files = new Map()
for (const built of [cascade, latency, budgets, queues, calibration, redis]) {
  const name = `${built.uid.replace('sluice-', '')}.json`
  files.set(join('grafana', 'dashboards', name), `${JSON.stringify(built, undefined, 2)}\n`)
}

// The formatter has the last word on this file, so its content is compared, not its text.
const valuesSchema = join('helm', 'sluice', 'values.schema.json')
const schema = withConfig(JSON.parse(read(valuesSchema)), configSchema())
const isSchemaStale = !isDeepStrictEqual(JSON.parse(read(valuesSchema)), schema)

const stale = [...files].filter(([path, text]) => !existsSync(join(deploy, path)) || read(path) !== text)
const folders = [join('grafana', 'dashboards')]
const left = folders
  .filter(folder => existsSync(join(deploy, folder)))
  .flatMap(folder => readdirSync(join(deploy, folder)).map(name => join(folder, name)))
  .filter(path => !files.has(path))

if (process.argv.includes('--check')) {
  const wrong = [...stale.map(([name]) => name), ...left, ...(isSchemaStale ? [valuesSchema] : [])]
  for (const path of wrong) console.error(`deploy/${path} is not up to date`)
  if (wrong.length > 0) console.error('run: npm run generate')
  process.exitCode = wrong.length > 0 ? 1 : 0
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(deploy, path)), { recursive: true })
    writeFileSync(join(deploy, path), text)
  }
  for (const path of left) rmSync(join(deploy, path))
  if (isSchemaStale) {
    writeFileSync(join(deploy, valuesSchema), JSON.stringify(schema))
    spawnSync(join(root, 'node_modules', '.bin', 'oxfmt'), [join(deploy, valuesSchema)], { stdio: 'inherit' })
  }
  fillChart(root)
}

/** The JSON schema of the configuration, from the build. */
function configSchema() {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'sluice.js'), 'config', 'schema'], {
    maxBuffer: 16 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(String(stderr))
  return JSON.parse(String(stdout))
}
