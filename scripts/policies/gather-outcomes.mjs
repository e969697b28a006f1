// Runs every model of a ladder over inputs with known answers and writes outcome rows for `sluice calibrate`:
//   node scripts/policies/gather-outcomes.mjs --inputs deploy/demo/inputs.json --models ppocr-fast,ppocr-large \
//     --out rows.jsonl
//   node scripts/policies/gather-outcomes.mjs --inputs questions.json --ladder generate --out rows.jsonl
//   node scripts/policies/gather-outcomes.mjs --rows mmlu-pro.jsonl.gz --label-set academic-subject --models \
//     minilm,gte-small
//     --out rows.jsonl
// Inputs are a JSON array of { id, task, text | file, expected, comparator?, labelSet?, labels?, group?, columns? };
// columns come into the row, for `eval --by`. Files lie beside the array, and comparators are those of
// services/cli/output/compare-answers.ts. Answers to text have at most --tokens
// COUNT tokens. Inputs of other tasks than the models have and those without a known answer are left out, and it is
// said how many. An input with a video and a text is a question about it: each rung gets what it takes of the video,
// and its readers are asked as on a worker. `--ladder` runs the rungs of a ladder with their recipes, `--only A,B,…`
// some of them. Models run one after the other; rows tell the tokens and the processor time of each, and
// `scripts/policies/model-costs.mjs` makes costs of these that do not hang on what else the machine did. The third
// form takes the rows that heads were not trained on. A row that is in the output already is not run again, so a run
// that was stopped, or that --limit COUNT or --seconds COUNT ended, goes on where it was. The format of rows is in
// the README, "Outcome rows".
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { pino } from 'pino'
import { isRight } from '../../dist/services/cli/output/compare-answers.js'
import { decodeAudio } from '../../dist/services/media/audio/decode-audio.js'
import { see } from '../../dist/services/media/sight/see.js'
import { describeVideo } from '../../dist/services/decision/features/describe-video.js'
import { conversationFor, modalitiesTaken } from '../../dist/services/contract/media/views.js'
import { viewPart } from '../../dist/services/router/admit/media/views.js'
import { describePart } from '../../dist/services/router/assess/describe-part.js'
import { checkMedia } from '../../dist/services/router/admit/check-media.js'
import { loadConfig } from '../../dist/services/config/load-config.js'
import { answerText } from '../../dist/services/contract/answer.js'
import { systemClock } from '../../dist/services/contract/clock.js'
import { costOf } from '../../dist/services/contract/price.js'
import { packPath } from '../../dist/services/packs/pack-path.js'
import { createEngine } from '../../dist/services/worker/engine/engine.js'

const { values } = parseArgs({
  options: {
    inputs: { type: 'string' },
    rows: { type: 'string' },
    'label-set': { type: 'string' },
    models: { type: 'string' },
    ladder: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string' },
    task: { type: 'string' },
    limit: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '1000000' },
    threads: { type: 'string', default: '1' },
    tokens: { type: 'string', default: '24' },
  },
})
if (
  (values.models ?? values.ladder) === undefined ||
  values.out === undefined ||
  (values.inputs ?? values.rows) === undefined
) {
  stop('needs --models A,B,… or --ladder NAME, --out FILE, and --inputs FILE or --rows FILE with --label-set NAME')
}
const { config, places } = loadConfig()
const rungs = values.ladder === undefined ? values.models.split(',').map(model => rungOf(model)) : ladderRungs()
const names = [...new Set(rungs.map(({ model }) => model))]
const readers = rungs.flatMap(({ recipe }) => Object.values(recipe.readers ?? {}).map(({ model }) => model))
const unknown = names.filter(name => config.models[name] === undefined)
if (unknown.length > 0)
  stop(`--models: ${unknown.join(', ')} is not configured; there are ${Object.keys(config.models).join(', ')}`)
/** Linux counts in hundredths of a second. @source proc(5), `/proc/pid/stat` */
const msPerTick = 10
const heldOutBytes = Math.round(0.15 * 256)
const comparators = { transcribe: 'text', ocr: 'text', classify: 'label', generate: 'text' }

const done = new Set(existsSync(values.out) ? readLines(values.out).map(row => row.id) : [])
const all = values.rows === undefined ? readInputs() : readRows()
const inputs = all
  .filter(isAsked)
  .filter(input => !done.has(input.id))
  .slice(0, Number(values.limit))
reportLeftOut()

const engine = await createEngine(
  {
    models: [...new Set([...names, ...readers])].map(name => ({
      name,
      backend: config.models[name].backend,
      executionProviders: ['cpu'],
      threads: Number(values.threads),
    })),
  },
  { packPath: name => packPath(places.packs, name), logger: pino({ level: 'warn' }), clock: systemClock },
)
const endAt = Date.now() + 1000 * Number(values.seconds)
try {
  for (const [index, input] of inputs.entries()) {
    if (Date.now() > endAt) break
    appendFileSync(values.out, `${JSON.stringify(await outcomeOf(input))}\n`)
    if (index % 20 === 0) process.stderr.write(`${index} of ${inputs.length}\n`)
  }
} finally {
  await engine.close()
}

/** Every model has the task, and the answer is known. */
function isAsked({ task, expected }) {
  const wanted = values.task ?? task
  return task === wanted && expected !== undefined && names.every(name => config.models[name].tasks.includes(task))
}

function reportLeftOut() {
  const others = all.length - all.filter(isAsked).length
  if (others > 0)
    process.stderr.write(`${others} inputs are of other tasks or have no known answer, and are left out\n`)
  if (all.length === others) stop(`no input has a task of ${names.join(', ')} and a known answer`)
}

async function outcomeOf(input) {
  const parts = await partsOf(input)
  const described = await Promise.all(parts.filter(({ kind }) => kind !== 'video').map(describePart))
  const whole = parts.find(({ wholeHeader }) => wholeHeader !== undefined)?.wholeHeader
  if (whole !== undefined) described.push({ kind: 'video', features: describeVideo(whole) })
  const outcomes = {}
  // One after the other: side by side, each would be charged for waiting for the other.
  for (const rung of rungs) outcomes[rung.name] = await run(rung, input, parts)
  const content = described.map(({ kind, text, features }) => (kind === 'text' ? { text } : { [kind]: features }))
  const group = input.group ?? 'all'
  return {
    ...input.columns,
    id: input.id,
    dataset: `sluice-${input.task}`,
    group,
    modality: whole === undefined ? parts[0].kind : 'video',
    content,
    outcomes,
  }
}

function rungOf(rung) {
  const {
    model,
    recipe: variant,
    price: _price,
    readers,
    ...recipe
  } = typeof rung === 'string' ? { model: rung } : rung
  const named = Object.entries(readers ?? {}).map(([kind, reader]) => [
    kind,
    { model: reader, price: config.models[reader].price },
  ])
  const read = named.length === 0 ? {} : { readers: Object.fromEntries(named) }
  return { name: variant === undefined ? model : `${model}@${variant}`, model, recipe: { ...recipe, ...read } }
}

function ladderRungs() {
  const ladder = config.ladders[values.ladder]
  if (ladder === undefined) stop(`--ladder: ${values.ladder} is not configured`)
  const all = ladder.rungs.map(rungOf)
  const chosen = values.only === undefined ? all : all.filter(({ name }) => values.only.split(',').includes(name))
  if (chosen.length === 0)
    stop(`--only: ${values.only} is no rung; there are ${all.map(({ name }) => name).join(', ')}`)
  return chosen
}

/** Processor time of the processes that compute the models, in ms; `undefined` where the system does not tell it. */
function computedMs(pid = process.pid) {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap(task =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    )
    const own = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    const ticks = pid === process.pid ? 0 : Number(own[11]) + Number(own[12])
    return children.reduce((sum, child) => sum + (computedMs(child) ?? 0), ticks * msPerTick)
  } catch {
    return undefined
  }
}

async function run({ model, recipe }, input, parts) {
  const taken = modalitiesTaken({ model: config.models[model], recipe })
  const { task, labelSet, labels } = input
  const work = {
    legId: `${randomBytes(16).toString('hex')}.0`,
    attempt: 1,
    model,
    recipe: task === 'generate' ? { maxOutputTokens: Number(values.tokens), ...recipe } : recipe,
    task,
    options: {
      ...(labelSet === undefined ? {} : { labelSet }),
      ...(labels === undefined ? {} : { labels }),
    },
    parts: conversationFor({ parts }, taken).parts.map(part =>
      part.kind === 'text' ? part : { kind: part.kind, bytes: new Uint8Array(part.bytes), mediaType: part.mediaType },
    ),
    deadlineAt: Date.now() + 3_600_000,
    streaming: false,
  }
  const never = new AbortController().signal
  const startedAt = performance.now()
  const computedBefore = computedMs()
  const [outcome] = await engine.run([work], { signal: () => never, onDelta: () => Promise.resolve() })
  const latencyMs = Math.round(performance.now() - startedAt)
  const computed = computedMs()
  if (outcome.kind !== 'done') throw new Error(`${input.id}: ${model} failed (${outcome.reason}): ${outcome.message}`)
  const { output, rawConfidence, signals, usage, othersNanoUsd = 0 } = outcome.result
  const answer = answerText(output)
  return {
    score: Number(isRight(input.comparator ?? comparators[task], answer, input.expected)),
    confidence: rawConfidence,
    signals,
    costUsd: (costOf(usage, config.models[model].price) + othersNanoUsd) / 1e9,
    latencyMs,
    answer: answer.slice(0, 200),
    outputChars: answer.length,
    usage,
    ...(computed === undefined ? {} : { processorMs: computed - computedBefore }),
  }
}

async function partsOf(input) {
  if (input.modality !== 'video') return [await partOf(input)]
  const { file: _video, ...question } = input
  return [...(await viewsOf(input)), await partOf(question)]
}

/** A video as admission makes it: its frames and its sound. */
async function viewsOf(input) {
  const bytes = readFileSync(join(dirname(values.inputs), input.file))
  const part = { kind: 'video', bytes, ...(await checkMedia({ kind: 'video', bytes }, input.file, {})) }
  const { limits } = config
  const order = {
    task: input.task,
    place: 0,
    field: input.file,
    limits: { ...limits, videoSeconds: limits.audioSeconds },
    signal: new AbortController().signal,
  }
  return viewPart(part, order, {
    audio: { decode: async (sound, mediaType) => decodeAudio(sound, mediaType, limits.audioSeconds) },
    sight: { decode: see },
    takes: () => false,
    viewsFor: () => ['image', 'audio'],
  })
}

async function partOf(input) {
  if (input.text !== undefined) return { kind: 'text', text: input.text }
  const bytes = readFileSync(join(dirname(values.inputs), input.file))
  const limits = { imageMegapixels: 100, audioSeconds: 600 }
  const kind = input.modality ?? (extname(input.file) === '.wav' ? 'audio' : 'image')
  return { kind, bytes, ...(await checkMedia({ kind, bytes }, input.file, limits)) }
}

function readInputs() {
  return JSON.parse(readFileSync(values.inputs, 'utf8'))
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
    }))
}

function readLines(file) {
  const raw = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(raw) : raw).toString().trim()
  return text === '' ? [] : text.split('\n').map(line => JSON.parse(line))
}

function stop(why) {
  process.stderr.write(`gather-outcomes: ${why}\n`)
  process.exit(2)
}
