// Accuracy and cost on spoken numbers of 4 to 6 digits: always the smallest model, always the largest, and the cascade.
// node test/bench/quality/spoken-numbers.mjs --recordings FOLDER [--count 60] [--seed 2] [--json FILE]
// The recordings are those of the Free Spoken Digit Dataset. The numbers are made of other takes than the demo's, with
// another seed than the policy's rows, and of a speaker whom no row of it has.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connectGateway } from '../../../dist/services/cli/client/client.js'
import { isRight } from '../../../dist/services/cli/output/compare-answers.js'
import { freePort } from '../../../dist/services/cli/system/private-redis.js'

const { values } = parseArgs({
  options: {
    recordings: { type: 'string' },
    count: { type: 'string', default: '60' },
    seed: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
})
if (values.recordings === undefined) throw new Error('--recordings FOLDER is missing: the Free Spoken Digit Dataset')
const root = join(import.meta.dirname, '..', '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'sluice-spoken-'))
execFileSync(process.execPath, [
  join(root, 'scripts', 'policies', 'make-calibration-inputs.mjs'),
  ...['--recordings', values.recordings, '--out', folder, '--seed', values.seed],
  ...['--set', 'evaluation', '--spoken', '300', '--pictures', '0'],
])
const numbers = JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8'))
  .filter(one => one.comparator === 'exact-digits' && one.expected.length >= 4)
  .slice(0, Number(values.count))

const address = `127.0.0.1:${await freePort()}`
const set = `listen.grpc=${address} listen.ops=127.0.0.1:${await freePort()}`
const system = spawn(process.execPath, [join(root, 'bin', 'sluice.js'), 'up', '--json'], {
  env: { ...process.env, SLUICE_SET: set },
  stdio: ['ignore', 'pipe', 'inherit'],
})
await new Promise((resolve, reject) => {
  system.stdout.on('data', piece => piece.toString().includes('"ready":true') && resolve())
  system.once('exit', code => reject(new Error(`the system ended with ${code}`)))
})

const gateway = connectGateway(address, root, undefined)
const rows = []
try {
  const variants = [['always tiny', 'whisper-tiny'], ['always small', 'whisper-small'], ['cascade']]
  const trials = new Map(variants.map(([way]) => [way, []]))
  // One at a time, and the variants in turn: the price of a rung is its computing time, which whatever else runs would
  // lengthen.
  for (const number of numbers) for (const [way, model] of variants) trials.get(way).push(await ask(number, model))
  for (const [way, list] of trials) rows.push(rowOf(way, list))
} finally {
  system.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
const percent = share => (share * 100).toFixed(1)
const micro = nanoUsd => (nanoUsd / 1000).toFixed(1)
process.stdout.write(
  '| way | numbers | all digits right (95 %) | micro-USD a number (95 %) |\n| --- | ---: | --- | --- |\n',
)
for (const { way, count, accuracy, cost } of rows) {
  const right = `${percent(accuracy.value)} % (${percent(accuracy.low)}–${percent(accuracy.high)})`
  process.stdout.write(
    `| ${way} | ${count} | ${right} | ${micro(cost.value)} (${micro(cost.low)}–${micro(cost.high)}) |\n`,
  )
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows, undefined, 2))
process.exit(0)

async function ask(number, model) {
  const answer = await gateway.call('Infer', {
    task: 'TASK_TRANSCRIBE',
    content: [{ audio: { bytes: readFileSync(join(folder, number.file)) } }],
    constraints: { deadline: { seconds: 60 }, ...(model === undefined ? {} : { model }) },
  })
  return { right: isRight('exact-digits', answer.output?.text ?? '', number.expected), costNanoUsd: answer.costNanoUsd }
}

function rowOf(way, trials) {
  const right = trials.filter(trial => trial.right).length
  const costs = trials.map(trial => trial.costNanoUsd)
  return { way, count: trials.length, accuracy: wilson(right, trials.length), cost: bootstrap(costs) }
}

/** A share with its 95 % bounds. Wilson 1927. */
function wilson(right, count) {
  const z = 1.959964
  const middle = right + (z * z) / 2
  const spread = z * Math.sqrt((right * (count - right)) / count + (z * z) / 4)
  return { value: right / count, low: (middle - spread) / (count + z * z), high: (middle + spread) / (count + z * z) }
}

/** A mean with its 95 % bounds by 2,000 resamples with a fixed seed. Efron 1979. */
function bootstrap(list) {
  let state = 1
  const pick = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return list[Math.floor((state / 2 ** 32) * list.length)]
  }
  const means = Array.from({ length: 2000 }, () => list.reduce(sum => sum + pick(), 0) / list.length).toSorted(
    (a, b) => a - b,
  )
  return { value: list.reduce((sum, each) => sum + each, 0) / list.length, low: means[50], high: means[1949] }
}
