// How the rungs of `ocr` do on pictures that are easily read in part or wrongly: of each kind how many are right, and
// which are wrong by more than a word and yet trusted above 0.6.
//   node test/bench/quality/odd-pictures.mjs [--model ppocr-fast] [--each 25] [--seed 1] [--kinds 'signs,strip'] \
//     [--fonts
// 'A,B'] [--json FILE]   node test/bench/quality/odd-pictures.mjs --inputs FOLDER [--model ppocr-fast] [--json FILE]
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { loadConfig } from '../../../dist/services/config/load-config.js'
import { systemClock } from '../../../dist/services/contract/clock.js'
import { packPath } from '../../../dist/services/packs/pack-path.js'
import { createOcrBackend } from '../../../dist/services/backends/ocr/ocr.js'
import { errorsOf, trustOf } from './pictures/score-reading.mjs'

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'ppocr-fast' },
    inputs: { type: 'string' },
    each: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    kinds: { type: 'string' },
    fonts: { type: 'string' },
    json: { type: 'string' },
  },
})
const { config, places } = loadConfig()
const backend = await createOcrBackend(config.models[values.model].backend, {
  packPath: name => packPath(places.packs, name),
  logger: pino({ level: 'warn' }),
  clock: systemClock,
  executionProviders: ['cpu'],
  threads: 1,
})
const control = { cancelled: () => false, onDelta: () => Promise.resolve() }
const folder = values.inputs ?? makePictures()
const rows = []
let kind
for (const input of JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8'))) {
  if (kind !== undefined && kind !== input.kind) tellKind()
  kind = input.kind
  rows.push({ id: input.id, kind, ...(await read(readFileSync(join(folder, input.file)), input.expected)) })
}
tellKind()
tell('all', rows)
await backend.close()
if (values.inputs === undefined) rmSync(folder, { recursive: true })
const trusted = rows.filter(row => row.trust > 0.6 && row.errors.wrong)
for (const { id, trust, errors, expected, answer } of trusted) {
  process.stdout.write(`${id}: ${trust.toFixed(3)} ${errors.note}\n`)
  if (expected.length < 120) process.stdout.write(`  ${JSON.stringify(expected)}\n  ${JSON.stringify(answer)}\n`)
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows, undefined, 1))
process.exitCode = trusted.length > 0 ? 1 : 0

function makePictures() {
  const made = mkdtempSync(join(tmpdir(), 'sluice-pictures-'))
  const { each, seed, kinds, fonts } = values
  const given = Object.entries({ each, seed, kinds, fonts }).filter(([, value]) => value !== undefined)
  const script = join(import.meta.dirname, 'pictures', 'make-odd-pictures.mjs')
  execFileSync(process.execPath, [script, '--out', made, ...given.flatMap(([name, value]) => [`--${name}`, value])])
  return made
}

function tellKind() {
  tell(
    kind,
    rows.filter(row => row.kind === kind),
  )
}

async function read(bytes, expected) {
  const work = {
    legId: `${randomBytes(16).toString('hex')}.0`,
    attempt: 1,
    model: values.model,
    recipe: {},
    task: 'ocr',
    options: {},
    parts: [{ kind: 'image', bytes: new Uint8Array(bytes) }],
    deadlineAt: Date.now() + 600_000,
    streaming: false,
  }
  const usedBefore = process.cpuUsage()
  const [outcome] = await backend.run([work], control)
  const { user, system } = process.cpuUsage(usedBefore)
  if (outcome.kind !== 'done') throw new Error(`${outcome.reason}: ${outcome.message}`)
  const { output, signals, caveats = [] } = outcome.result
  const errors = errorsOf(expected, output.text)
  const notes = caveats.map(caveat => caveat.note)
  return {
    errors,
    trust: trustOf(outcome.result),
    notes,
    cpuMs: (user + system) / 1000,
    expected,
    answer: output.text,
    signals,
  }
}

function tell(label, some) {
  const share = (count, of) => `${count} of ${of}`
  const right = some.filter(row => !row.errors.wrong)
  const cpu = some.map(row => row.cpuMs).toSorted((a, b) => a - b)[some.length >> 1]
  const sure = some.filter(row => row.trust > 0.6)
  process.stdout.write(
    `${label.padEnd(24)} right ${share(right.length, some.length)}, exact ${some.filter(row => row.errors.words === 0).length}, above 0.6 ${share(sure.length, some.length)}, ` +
      `of these wrong ${sure.filter(row => row.errors.wrong).length}, CPU p50 ${Math.round(cpu)} ms\n`,
  )
}
