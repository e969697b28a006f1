// Measures how often the rungs of the ladder of language models answer with JSON of a wanted schema:
//   node scripts/policies/structured-answers.mjs [--count 200] [--ladder generate] [--seconds 220] [--part 1/2]
//     --out structured.jsonl [--from other.jsonl]
// --part asks every second request (or third, …), so that several run side by side; --from adds the rows of other
// files to the report. Requests want objects whose schemas grow from one level to five; their fields, lists, words to
// choose among, patterns and bounds are drawn from a seed. Each rung is asked with the schema, as the gateway asks it;
// the answer is checked by the validator of the worker. A row that is there already is not run again. The end of the
// output is the table: the share of valid answers of each rung alone, and of the cascade, which takes a valid answer
// of a cheap rung and else goes on, with 95 % intervals (Wilson).
import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { loadConfig } from '../../dist/services/config/load-config.js'
import { systemClock } from '../../dist/services/contract/clock.js'
import { packPath } from '../../dist/services/packs/pack-path.js'
import { createEngine } from '../../dist/services/worker/engine/engine.js'
import { isOfSchema } from '../../dist/services/worker/sandbox/schemas.js'
import { seeded } from './draw-and-speak.mjs'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    ladder: { type: 'string', default: 'generate' },
    seconds: { type: 'string', default: '1000000' },
    part: { type: 'string', default: '1/1' },
    from: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
  },
})
if (values.out === undefined) {
  process.stderr.write('structured-answers: needs --out FILE\n')
  process.exit(2)
}
const { config, places } = loadConfig()
const rungs = config.ladders[values.ladder].rungs.map(rung => {
  const { model, recipe: variant, price: _price, ...recipe } = typeof rung === 'string' ? { model: rung } : rung
  return { name: variant === undefined ? model : `${model}@${variant}`, model, recipe }
})

const random = seeded(31)
const pick = items => items[Math.floor(random() * items.length)]
const subjects = 'a book|a train|a hotel|a recipe|a concert|a parcel|a garden|a football match|a phone|a library'.split(
  '|',
)
const names = 'title name city owner colour price year count weight open code date kind size email'.split(' ')
const colours = ['red', 'green', 'blue']

/** A field without fields: some of what schemas say no grammar expresses, such as patterns and bounds. */
function leaf() {
  return pick([
    () => ({ type: 'string' }),
    () => ({ type: 'string', minLength: 2, maxLength: 20 }),
    () => ({ type: 'string', pattern: '^[A-Z]' }),
    () => ({ type: 'integer', minimum: 1, maximum: 5000 }),
    () => ({ type: 'number', exclusiveMinimum: 0 }),
    () => ({ type: 'boolean' }),
    () => ({ enum: colours }),
    () => ({ type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 3 }),
  ])()
}

function object(depth) {
  const fields = new Set(Array.from({ length: depth === 1 ? 2 : 1 }, () => pick(names)))
  const properties = Object.fromEntries([...fields].map(name => [name, leaf()]))
  if (depth > 1) properties['part'] = object(depth - 1)
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

const requests = Array.from({ length: Number(values.count) }, (_, index) => {
  const depth = 1 + (index % 5)
  return { id: `structured-${index}`, depth, schema: object(depth), text: `Invent ${pick(subjects)} and describe it.` }
})

const [part, parts] = values.part.split('/').map(Number)
const done = new Set(readRows().map(({ id }) => id))
const left = requests.filter(({ id }, index) => !done.has(id) && index % parts === part - 1)
if (left.length > 0) await ask()
report(readRows())

async function ask() {
  const models = [...new Set(rungs.map(({ model }) => model))]
  const engine = await createEngine(
    {
      models: models.map(name => ({
        name,
        backend: config.models[name].backend,
        executionProviders: ['cpu'],
        threads: 1,
      })),
    },
    { packPath: name => packPath(places.packs, name), logger: pino({ level: 'warn' }), clock: systemClock },
  )
  const endAt = Date.now() + 1000 * Number(values.seconds)
  try {
    for (const request of left) {
      if (Date.now() > endAt) break
      const outcomes = {}
      for (const rung of rungs) outcomes[rung.name] = await run(engine, rung, request)
      appendFileSync(values.out, `${JSON.stringify({ id: request.id, depth: request.depth, outcomes })}\n`)
    }
  } finally {
    await engine.close()
  }
}

async function run(engine, { model, recipe }, { text, schema, depth }) {
  const work = {
    legId: `${randomBytes(16).toString('hex')}.0`,
    attempt: 1,
    model,
    recipe,
    task: 'generate',
    options: {
      maxOutputTokens: 48 + 24 * depth,
      responseFormat: { kind: 'json-schema', schemaJson: JSON.stringify(schema) },
    },
    parts: [{ kind: 'text', text }],
    deadlineAt: Date.now() + 3_600_000,
    streaming: false,
  }
  const never = new AbortController().signal
  const control = { signal: () => never, cancelled: () => false, onDelta: () => Promise.resolve() }
  const startedAt = performance.now()
  const [outcome] = await engine.run([work], control)
  if (outcome.kind !== 'done') throw new Error(`${model} failed (${outcome.reason}): ${outcome.message}`)
  const { output, usage } = outcome.result
  return {
    // Not by the sandbox, which has half a second: a busy machine is not what is measured.
    valid: isOfSchema(output.text, schema),
    finishReason: output.finishReason,
    usage,
    latencyMs: Math.round(performance.now() - startedAt),
    answer: output.text,
  }
}

function readRows() {
  return [values.out, ...values.from].filter(existsSync).flatMap(file => {
    const text = readFileSync(file, 'utf8').trim()
    return text === '' ? [] : text.split('\n').map(line => JSON.parse(line))
  })
}

function report(rows) {
  const strategies = [
    ...rungs.map(({ name }) => [`always ${name}`, row => row.outcomes[name].valid]),
    ['cascade', row => rungs.some(({ name }) => row.outcomes[name].valid)],
  ]
  const groups = [
    ['all', rows],
    ...[1, 2, 3, 4, 5].map(depth => [`depth ${depth}`, rows.filter(row => row.depth === depth)]),
  ]
  for (const [group, some] of groups.filter(([, { length }]) => length > 0)) {
    for (const [name, isValid] of strategies) {
      const valid = some.filter(isValid).length
      const [low, high] = wilson(valid, some.length)
      process.stdout.write(
        `${group}\t${name}\t${valid} of ${some.length}\t${percent(valid / some.length)} (${percent(low)}–${percent(high)})\n`,
      )
    }
  }
}

function wilson(hits, count) {
  const z = 1.96
  const share = hits / count
  const middle = (share + (z * z) / (2 * count)) / (1 + (z * z) / count)
  const half = (z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count))) / (1 + (z * z) / count)
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}

function percent(ratio) {
  return `${(100 * ratio).toFixed(1)} %`
}
