// Runs every model of a ladder over inputs with known answers and writes outcome rows for `sluice calibrate`:
//   node scripts/gather-outcomes.mjs --inputs inputs.json --models a,b,c --out rows.jsonl [--task T] [--limit N]
//   node scripts/gather-outcomes.mjs --rows mmlu-pro.jsonl.gz --label-set academic-subject --models minilm,gte-small --out rows.jsonl
// The second form takes the rows that the heads were not trained on. A row that is in the output already is not run again.
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { pino } from 'pino'
import { isRight } from '../dist/services/cli/output/compare-answers.js'
import { describePart } from '../dist/services/router/assess/describe-part.js'
import { checkMedia } from '../dist/services/router/admit/check-media.js'
import { loadConfig } from '../dist/services/config/load-config.js'
import { answerText } from '../dist/services/contract/answer.js'
import { systemClock } from '../dist/services/contract/clock.js'
import { costOf } from '../dist/services/contract/price.js'
import { packPath } from '../dist/services/packs/pack-path.js'
import { createEngine } from '../dist/services/worker/engine/engine.js'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string' },
    rows: { type: 'string' },
    'label-set': { type: 'string' },
    models: { type: 'string' },
    out: { type: 'string' },
    task: { type: 'string' },
    limit: { type: 'string', default: '1000000' },
    threads: { type: 'string', default: '1' },
  },
})
const { config, places } = loadConfig()
const names = values.models.split(',')
const heldOutBytes = Math.round(0.15 * 256)

const engine = await createEngine(
  {
    models: names.map(name => ({
      name,
      backend: specOf(config.models[name].backend),
      executionProviders: ['cpu'],
      threads: Number(values.threads),
    })),
  },
  { packPath: name => packPath(places.packs, name), logger: pino({ level: 'warn' }), clock: systemClock },
)
const done = new Set(existsSync(values.out) ? readLines(values.out).map(row => row.id) : [])
const inputs = (values.rows === undefined ? readInputs() : readRows())
  .filter(input => !done.has(input.id))
  .slice(0, Number(values.limit))
for (const [index, input] of inputs.entries()) {
  appendFileSync(values.out, `${JSON.stringify(await outcomeOf(input))}\n`)
  if (index % 20 === 0) console.error(`${index} of ${inputs.length}`)
}
await engine.close()

async function outcomeOf(input) {
  const part = await partOf(input)
  const { kind, ...description } = await describePart(part)
  const outcomes = {}
  for (const model of names) outcomes[model] = await run(model, input, part)
  const content = kind === 'text' ? [{ text: part.text }] : [{ [kind]: description.features }]
  return {
    id: input.id,
    dataset: `sluice-${input.task}`,
    group: input.group ?? 'all',
    modality: kind,
    content,
    outcomes,
  }
}

async function run(model, input, part) {
  const legId = `${randomBytes(16).toString('hex')}.0`
  const work = {
    legId,
    attempt: 1,
    model,
    recipe: {},
    task: input.task,
    options: input.labelSet === undefined ? {} : { labelSet: input.labelSet },
    parts: [
      part.kind === 'text' ? part : { kind: part.kind, bytes: new Uint8Array(part.bytes), mediaType: part.mediaType },
    ],
    deadlineAt: Date.now() + 120_000,
    streaming: false,
  }
  const never = new AbortController().signal
  const startedAt = performance.now()
  const [outcome] = await engine.run([work], { signal: () => never, onDelta: () => Promise.resolve() })
  const latencyMs = Math.round(performance.now() - startedAt)
  if (outcome.kind !== 'done') return { score: 0, confidence: 0, costUsd: 0, latencyMs, answer: '' }
  const { output, rawConfidence, signals, usage } = outcome.result
  const answer = answerText(output)
  const score = Number(isRight(input.comparator, answer, input.expected))
  const costUsd = costOf(usage, config.models[model].price) / 1e9
  return {
    score,
    confidence: rawConfidence,
    signals,
    costUsd,
    latencyMs,
    answer: answer.slice(0, 200),
    outputChars: answer.length,
  }
}

async function partOf(input) {
  if (input.text !== undefined) return { kind: 'text', text: input.text }
  const bytes = readFileSync(join(dirname(values.inputs), input.file))
  const limits = { imageMegapixels: 100, audioSeconds: 600 }
  return { kind: input.modality, bytes, ...(await checkMedia({ kind: input.modality, bytes }, 'file', limits)) }
}

function readInputs() {
  return JSON.parse(readFileSync(values.inputs, 'utf8')).filter(
    input => values.task === undefined || input.task === values.task,
  )
}

function readRows() {
  return readLines(values.rows)
    .filter(row => createHash('sha256').update(row.id).digest()[0] < heldOutBytes)
    .map(row => ({
      id: row.id,
      task: 'classify',
      group: row.group,
      labelSet: values['label-set'],
      text: row.content.map(part => part.text ?? '').join('\n'),
      expected: row.group,
      comparator: 'label',
    }))
}

function readLines(file) {
  const raw = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(raw) : raw).toString().trim()
  return text === '' ? [] : text.split('\n').map(line => JSON.parse(line))
}

function specOf(backend) {
  return { ...backend, ...(backend.heads === undefined ? {} : { heads: places.folder(backend.heads) }) }
}
