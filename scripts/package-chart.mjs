// `npm run package-chart [-- --out FOLDER]`: writes the chart as one file that `helm install` takes; names the file on
// standard output.
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { create } from 'tar'
import { parse } from 'yaml'
import { fillChart } from './chart-files.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist', 'chart') } } })
const charts = join(root, 'deploy', 'helm')
const { name, version } = parse(readFileSync(join(charts, 'sluice', 'Chart.yaml'), 'utf8'))

fillChart(root)
const folder = resolve(values.out)
mkdirSync(folder, { recursive: true })
const file = join(folder, `${name}-${version}.tgz`)
const isHidden = path => path.split('/').some(part => part.startsWith('.') && part.length > 1)
await create({ file, cwd: charts, gzip: true, portable: true, filter: path => !isHidden(path) }, [name])
process.stdout.write(`${file}\n`)
