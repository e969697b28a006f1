// Trains the label heads of a sentence encoder:
//   node scripts/policies/train-heads.mjs --model minilm --label-set academic-subject --rows mmlu-pro.jsonl.gz \
//     --source 'TIGER-AI-Lab/MMLU-Pro questions and their categories' --licence Apache-2.0
// A head is a multinomial logistic regression on the model's vectors. Rows whose id hashes into the held-out share are
// never trained on: they measure the cascade. The accuracy in the manifest comes from five folds of the rest.
// With --cross-fitted FILE the rows of those folds are written as outcome rows for `sluice calibrate`: what a head
// that has not seen a row says of it, of the whole question and of its stem without options. A file that another
// model's run wrote is added to.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { loadConfig } from '../../dist/services/config/load-config.js'
import { costOf } from '../../dist/services/contract/price.js'
import { packPath } from '../../dist/services/packs/pack-path.js'
import { readWordPieces } from '../../dist/services/decision/encoder/word-pieces.js'
import { loadEmbeddingModel } from '../../dist/services/decision/encoder/embedding-model.js'
import { interpretLogits } from '../../dist/services/backends/embedding/labelling.js'
import { createSessionLoader } from '../../dist/services/backends/onnx/session-loader.js'

const flags = ['model', 'label-set', 'rows', 'source', 'licence']
const options = Object.fromEntries([...flags, 'cross-fitted'].map(flag => [flag, { type: 'string' }]))
const { values } = parseArgs({ options })
const absent = flags.filter(flag => values[flag] === undefined)
if (absent.length > 0) throw new Error(`needs --${absent.join(', --')}`)
const { model: modelName, 'label-set': labelSet, rows: rowsFile, source, licence } = values
const { config, places } = loadConfig()
const { backend } = config.models[modelName]
const heldOutRatio = 0.15
const folds = 5
const ridge = 1e-4
const rounds = 400

const rows = readRows(rowsFile)
const labels = [...new Set(rows.map(row => row.group))].toSorted((a, b) => (a < b ? -1 : 1))
const times = new Map()
const vectors = await embedAll(rows)
const targets = rows.map(row => labels.indexOf(row.group))
const open = rows.flatMap((row, index) => (isHeldOut(row.id) ? [] : [index]))

const foldWeights = []
const judged = crossValidate()
const weights = fit(open)
const temperature = fitTemperature(judged.map(one => [one.logits, one.target]))
const accuracy = judged.filter(one => one.right).length / judged.length
const [low, high] = wilson(judged.filter(one => one.right).length, judged.length)
const adHoc = await fitAdHoc()
if (values['cross-fitted'] !== undefined) await writeCrossFitted(values['cross-fitted'])

const folder = join(backend.heads, labelSet)
mkdirSync(folder, { recursive: true })
const bytes = Buffer.from(weights.buffer)
writeFileSync(join(folder, 'weights.f32'), bytes)
const manifest = {
  labelSet,
  model: modelName,
  space: backend.space,
  labels,
  dimensions: vectors[0].length,
  temperature,
  weights: { file: 'weights.f32', sha256: createHash('sha256').update(bytes).digest('hex') },
  trainedOn: {
    rows: open.length,
    source,
    licence,
  },
  heldOut: `rows whose SHA-256 of the id starts with a byte under ${Math.round(heldOutRatio * 256)}`,
  crossValidated: { folds, accuracy: round(accuracy), low: round(low), high: round(high), interval: 'Wilson 95 %' },
}
writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
writeFileSync(
  join(backend.heads, 'ad-hoc.json'),
  `${JSON.stringify({ temperature: round(adHoc.temperature), fittedOn: labelSet, rows: open.length, accuracy: round(adHoc.accuracy) }, null, 2)}\n`,
)
console.log(JSON.stringify({ modelName, labelSet, rows: open.length, accuracy, low, high, temperature, adHoc }))

function readRows(file) {
  const raw = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(raw) : raw).toString()
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .map(row => ({ id: row.id, group: row.group, text: row.content.map(part => part.text ?? '').join('\n') }))
}

function isHeldOut(id) {
  return createHash('sha256').update(id).digest()[0] < Math.round(heldOutRatio * 256)
}

async function embedAll(list) {
  const folder = packPath(places.packs, backend.pack)
  const loader = createSessionLoader({ executionProviders: ['cpu'], threads: 2 }, { logger: console })
  const model = await loadEmbeddingModel(folder, loader)
  const toPieces = readWordPieces(folder, backend.tokens ?? 256)
  const out = []
  for (const [index, row] of list.entries()) {
    const startedAt = performance.now()
    const [one] = await model.embed([toPieces(row.text).ids])
    times.set(row.text, performance.now() - startedAt)
    out.push(one.values)
    if (index % 500 === 0) console.error(`${index} of ${list.length}`)
  }
  return out
}

/** Full-batch gradient descent with momentum on the mean log loss; deterministic. */
function fit(indexes) {
  const dimensions = vectors[0].length
  const width = dimensions + 1
  const weight = new Float32Array(labels.length * width)
  const speed = new Float64Array(weight.length)
  for (let step = 0; step < rounds; step += 1) {
    const gradient = new Float64Array(weight.length)
    for (const index of indexes) {
      const chances = softmax(logitsOf(weight, vectors[index]))
      for (let label = 0; label < labels.length; label += 1) {
        const slope = (chances[label] - (label === targets[index] ? 1 : 0)) / indexes.length
        const at = label * width
        for (let d = 0; d < dimensions; d += 1) gradient[at + d] += slope * vectors[index][d]
        gradient[at + dimensions] += slope
      }
    }
    for (let at = 0; at < weight.length; at += 1) {
      speed[at] = 0.95 * speed[at] - 8 * (gradient[at] + ridge * weight[at])
      weight[at] += speed[at]
    }
  }
  return weight
}

function logitsOf(weight, vector) {
  const width = vector.length + 1
  return labels.map((_, label) => {
    let sum = weight[label * width + vector.length]
    for (let d = 0; d < vector.length; d += 1) sum += weight[label * width + d] * vector[d]
    return sum
  })
}

function softmax(logits, divisor = 1) {
  const highest = Math.max(...logits)
  const powers = logits.map(logit => Math.exp((logit - highest) / divisor))
  const sum = powers.reduce((all, one) => all + one, 0)
  return powers.map(power => power / sum)
}

function foldOf(index) {
  return createHash('sha256').update(rows[index].id).digest()[1] % folds
}

function crossValidate() {
  const out = []
  for (let fold = 0; fold < folds; fold += 1) {
    const weight = fit(open.filter(index => foldOf(index) !== fold))
    foldWeights.push(weight)
    for (const index of open.filter(one => foldOf(one) === fold)) {
      const logits = logitsOf(weight, vectors[index])
      out.push({ logits, target: targets[index], right: logits.indexOf(Math.max(...logits)) === targets[index] })
    }
    console.error(`fold ${fold}`)
  }
  return out
}

/** Outcomes of every row that the head may be trained on, by the head of the fold that it is not in. */
async function writeCrossFitted(file) {
  const known = existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
    : []
  const byId = new Map(known.map(row => [row.id, row]))
  const stems = open.map(index => ({ ...rows[index], index, form: 'stem', text: stemOf(rows[index].text) }))
  const stemVectors = await embedAll(stems)
  const whole = open.map(index => ({ ...rows[index], index, form: 'whole' }))
  const asked = [...whole, ...stems]
  const given = [...open.map(index => vectors[index]), ...stemVectors]
  for (const [at, { id, index, form, text, group }] of asked.entries()) {
    const logits = logitsOf(foldWeights[foldOf(index)], given[at]).map(one => one / temperature)
    const { labels: said, rawConfidence, signals } = interpretLogits(labels, Float32Array.from(logits))
    const answer = said[0].label
    const computeMs = times.get(text) ?? 0
    const row = byId.get(`${id}#${form}`) ?? {
      id: `${id}#${form}`,
      dataset: 'sluice-classify',
      group,
      modality: 'text',
      content: [{ text }],
      outcomes: {},
    }
    row.outcomes[modelName] = {
      score: Number(answer === group),
      confidence: rawConfidence,
      signals,
      costUsd: costOf({ computeMs }, config.models[modelName].price) / 1e9,
      latencyMs: Math.round(computeMs),
      answer,
      outputChars: answer.length,
    }
    byId.set(row.id, row)
  }
  writeFileSync(file, [...byId.values()].map(row => `${JSON.stringify(row)}\n`).join(''))
}

/** A question without its options. */
function stemOf(text) {
  return text.split(/\n\(?A[.)] /u)[0].trim()
}

/** The divisor of logits that makes the held-out probabilities most likely, by golden-section search. */
function fitTemperature(pairs) {
  const loss = divisor =>
    pairs.reduce((sum, [logits, target]) => sum - Math.log(softmax(logits, divisor)[target] + 1e-12), 0)
  return round(minimise(loss, 0.05, 5))
}

async function fitAdHoc() {
  const labelRows = await embedAll(labels.map((text, index) => ({ id: String(index), text })))
  const pairs = open.map(index => [
    labelRows.map(label => label.reduce((sum, value, d) => sum + value * vectors[index][d], 0)),
    targets[index],
  ])
  const loss = divisor =>
    pairs.reduce((sum, [cosines, target]) => sum - Math.log(softmax(cosines, divisor)[target] + 1e-12), 0)
  const right = pairs.filter(([cosines, target]) => cosines.indexOf(Math.max(...cosines)) === target).length
  return { temperature: minimise(loss, 0.005, 1), accuracy: right / pairs.length }
}

function minimise(loss, from, to) {
  let [low, high] = [Math.log(from), Math.log(to)]
  const golden = (Math.sqrt(5) - 1) / 2
  for (let step = 0; step < 40; step += 1) {
    const a = high - golden * (high - low)
    const b = low + golden * (high - low)
    if (loss(Math.exp(a)) < loss(Math.exp(b))) high = b
    else low = a
  }
  return Math.exp((low + high) / 2)
}

function wilson(hits, count) {
  const z = 1.959964
  const p = hits / count
  const middle = (p + (z * z) / (2 * count)) / (1 + (z * z) / count)
  const half = (z * Math.sqrt((p * (1 - p)) / count + (z * z) / (4 * count * count))) / (1 + (z * z) / count)
  return [middle - half, middle + half]
}

function round(value) {
  return Number(value.toFixed(4))
}
