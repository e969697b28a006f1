// Whether `classify` knows what it does not know: P(correct) on texts that none of its subjects fits, and how well its
// domain check tells them from questions inside that no fit has seen.
//   node test/bench/quality/out-of-domain.mjs --rows mmlu-pro.jsonl.gz [--policy deploy/policies/classify] \
//     [--inside 600]
// [--kinds short,chat] [--json FILE] The rows are MMLU-Pro's as outcome rows (Apache-2.0); those that heads and policy
// were fitted on are left out. 95 % intervals, by 1,000 resamples.
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { pino } from 'pino'
import { answerText } from '../../../dist/services/contract/answer.js'
import { loadConfig } from '../../../dist/services/config/load-config.js'
import { systemClock } from '../../../dist/services/contract/clock.js'
import { createEncoderCache } from '../../../dist/services/decision/encoder/encoder-cache.js'
import { packPath } from '../../../dist/services/packs/pack-path.js'
import { loadPolicy } from '../../../dist/services/decision/policy/load-policy.js'
import { createEngine } from '../../../dist/services/worker/engine/engine.js'
import { seeded } from '../../../scripts/policies/draw-and-speak.mjs'
import { outsideTexts } from './domain/outside-texts.mjs'
import { shortTexts } from './domain/short-texts.mjs'

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    policy: { type: 'string', default: 'deploy/policies/classify' },
    inside: { type: 'string', default: '600' },
    kinds: { type: 'string', default: 'language,translated,chat,code,gibberish,short' },
    json: { type: 'string' },
  },
})
if (values.rows === undefined) throw new Error('--rows FILE is missing: MMLU-Pro as outcome rows')
const { config, places } = loadConfig()
const models = ['minilm', 'gte-small']
const policy = await loadPolicy(resolve(values.policy), {
  openEncoder: createEncoderCache(async name => packPath(places.packs, name)),
  estimateMs: 60_000,
})
const engine = await createEngine(
  {
    models: models.map(name => {
      const { backend } = config.models[name]
      return { name, backend, executionProviders: ['cpu'], threads: 1 }
    }),
  },
  { packPath: name => packPath(places.packs, name), logger: pino({ level: 'warn' }), clock: systemClock },
)

const kinds = values.kinds.split(',')
const inside = []
for (const row of insideTexts()) inside.push(await cascade(row))
const outside = []
for (const row of [...outsideTexts(), ...shortTexts()]) {
  if (kinds.includes(row.kind)) outside.push(await cascade(row))
}
await engine.close()

const random = seeded(1)
const figures = [
  figure('P(correct), outside', outside, mean('confidence')),
  figure('right, outside', outside, mean('right')),
  figure('P(correct) without the check, outside', outside, mean('unchecked')),
  ...kinds.map(kind =>
    figure(
      `P(correct), ${kind}`,
      outside.filter(one => one.kind === kind),
      mean('confidence'),
    ),
  ),
  figure('P(correct), inside', inside, mean('confidence')),
  figure('right, inside', inside, mean('right')),
  figure('told as out of domain, outside', outside, mean('flagged')),
  figure('told as out of domain, inside', inside, mean('flagged')),
  auroc('AUROC, outside against inside', inside, outside),
  ...kinds.map(kind => {
    const some = outside.filter(one => one.kind === kind)
    return auroc(`AUROC, ${kind}`, inside, some)
  }),
  ...['whole', 'stem'].map(form =>
    auroc(
      `AUROC, against inside as ${form}`,
      inside.filter(one => one.form === form),
      outside,
    ),
  ),
]
for (const { label, value, low, high, rows } of figures) {
  process.stdout.write(
    `${label.padEnd(42)} ${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]  ${rows} rows\n`,
  )
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ policy: policy.version, figures }, undefined, 1)}\n`)
process.exit(0)

/** Questions that neither heads nor policy have seen, half of them without their options. */
function insideTexts() {
  const raw = readFileSync(values.rows)
  const lines = (values.rows.endsWith('.gz') ? gunzipSync(raw) : raw).toString().trim().split('\n')
  const held = lines.map(line => JSON.parse(line)).filter(({ id }) => createHash('sha256').update(id).digest()[0] < 38)
  return held.slice(0, Number(values.inside)).map(({ group, content }, index) => {
    const text = content.map(part => part.text ?? '').join('\n')
    const stem = text.split(/\n\(?A[.)] /u)[0].trim()
    return index % 2 === 0 ? { form: 'whole', text, subject: group } : { form: 'stem', text: stem, subject: group }
  })
}

/** What the gateway's cascade makes of a text. */
async function cascade(row) {
  const estimate = await policy.estimate([{ kind: 'text', text: row.text }])
  const { domain, ...unchecked } = estimate
  let called = []
  for (;;) {
    const open = models.filter(model => !called.some(one => one.model === model))
    const step = policy.next(
      estimate,
      called,
      open.map(model => ({ model, costNanoUsd: 1 })),
      {},
    )
    if (step.kind === 'stop') {
      const found = called.find(one => one.model === step.model)
      const plain = policy.confidences(called, unchecked)[called.indexOf(found)]
      const right = Number(found.answer === row.subject)
      const { confidence } = found
      return {
        ...row,
        confidence,
        right,
        unchecked: plain,
        unlikeness: domain.unlikeness,
        flagged: Number(domain.outOfDomain),
      }
    }
    const answers = [...called, await answerOf(step.model, row.text)]
    const confidences = policy.confidences(answers, estimate)
    called = answers.map((one, index) => ({ ...one, confidence: confidences[index], costNanoUsd: 1 }))
  }
}

async function answerOf(model, text) {
  const work = {
    legId: `${randomBytes(16).toString('hex')}.0`,
    attempt: 1,
    model,
    recipe: {},
    task: 'classify',
    options: { labelSet: 'academic-subject' },
    parts: [{ kind: 'text', text }],
    deadlineAt: Date.now() + 120_000,
    streaming: false,
  }
  const never = new AbortController().signal
  const [outcome] = await engine.run([work], { signal: () => never, onDelta: () => Promise.resolve() })
  const { output, rawConfidence, signals } = outcome.result
  const answer = answerText(output)
  return { model, rawConfidence, signals, answer, outputChars: answer.length }
}

function mean(name) {
  return rows => rows.reduce((sum, row) => sum + row[name], 0) / rows.length
}

function resampled(rows) {
  return rows.map(() => rows[Math.floor(random() * rows.length)])
}

function figure(label, rows, statistic) {
  const draws = Array.from({ length: 1000 }, () => statistic(resampled(rows))).toSorted((a, b) => a - b)
  return { label, rows: rows.length, value: statistic(rows), low: draws[25], high: draws[974] }
}

function auroc(label, ins, outs) {
  const of = (some, others) => {
    const all = [...some.map(one => [one.unlikeness, 0]), ...others.map(one => [one.unlikeness, 1])]
    all.sort((a, b) => a[0] - b[0])
    const ranks = all.reduce((sum, [, out], index) => sum + (out === 1 ? index + 1 : 0), 0)
    return (ranks - (others.length * (others.length + 1)) / 2) / (some.length * others.length)
  }
  const draws = Array.from({ length: 1000 }, () => of(resampled(ins), resampled(outs))).toSorted((a, b) => a - b)
  return { label, rows: ins.length + outs.length, value: of(ins, outs), low: draws[25], high: draws[974] }
}
