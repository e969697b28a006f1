// Makes the costs of outcome rows out of the processor time of their models, so that what else the machine did is not
// in them:
//   node scripts/policies/model-costs.mjs --rows fit.jsonl --nano-usd-per-second 11000 [--formula costs.json]
//     [--apply evaluation.jsonl] [--join all.jsonl]
// For each rung, processor time = start + input tokens × a + output tokens × b, fitted by least squares without
// negative terms on the rows given. The formula is written to --formula, and gives every row of --rows (and of
// --apply, which is not fitted on) its costUsd. Tokens of the prompt that were kept from the call before are no input.
// --join writes the rows of --apply (of --rows without it) as one file: those of one id, gathered rung by rung, are one
// row, and one that lacks a rung is left out.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', multiple: true },
    apply: { type: 'string', multiple: true, default: [] },
    formula: { type: 'string' },
    join: { type: 'string' },
    'nano-usd-per-second': { type: 'string' },
  },
})
if (values.rows === undefined || values['nano-usd-per-second'] === undefined) {
  process.stderr.write('model-costs: needs --rows FILE and --nano-usd-per-second PRICE\n')
  process.exit(2)
}
const read = file =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
const rows = values.rows.flatMap(read)
const usdPerMs = Number(values['nano-usd-per-second']) / 1e9 / 1000
const rungs = [...new Set(rows.flatMap(row => Object.keys(row.outcomes)))]

const formulas = Object.fromEntries(
  rungs.map(rung => {
    const points = rows.flatMap(({ outcomes }) => {
      const { usage, processorMs } = outcomes[rung] ?? {}
      return processorMs === undefined ? [] : [{ x: termsOf(usage), y: processorMs }]
    })
    const [startMs, inputTokenMs, outputTokenMs] = fit(points)
    const mean = points.reduce((sum, { y }) => sum + y, 0) / points.length
    const spread = points.reduce((sum, { y }) => sum + (y - mean) ** 2, 0)
    const left = points.reduce((sum, { x, y }) => sum + (y - dot(x, [startMs, inputTokenMs, outputTokenMs])) ** 2, 0)
    return [rung, { startMs, inputTokenMs, outputTokenMs, rows: points.length, explained: 1 - left / spread }]
  }),
)
for (const [rung, { startMs, inputTokenMs, outputTokenMs, rows: count, explained }] of Object.entries(formulas)) {
  process.stdout.write(
    `${rung}: ${startMs.toFixed(1)} ms + ${inputTokenMs.toFixed(2)} ms an input token + ${outputTokenMs.toFixed(2)} ms an output token (${count} rows, ${(100 * explained).toFixed(0)} % of the variance)\n`,
  )
}
if (values.formula !== undefined) writeFileSync(values.formula, `${JSON.stringify(formulas, null, 2)}\n`)
for (const file of [...values.rows, ...values.apply]) {
  const priced = read(file).map(row => ({ ...row, outcomes: pricedOf(row.outcomes) }))
  writeFileSync(file, priced.map(row => `${JSON.stringify(row)}\n`).join(''))
}
if (values.join !== undefined) {
  const byId = new Map()
  for (const row of (values.apply.length > 0 ? values.apply : values.rows).flatMap(read)) {
    byId.set(row.id, { ...row, outcomes: { ...byId.get(row.id)?.outcomes, ...row.outcomes } })
  }
  const whole = [...byId.values()].filter(({ outcomes }) => rungs.every(rung => outcomes[rung] !== undefined))
  writeFileSync(values.join, whole.map(row => `${JSON.stringify(row)}\n`).join(''))
}

function pricedOf(outcomes) {
  return Object.fromEntries(
    Object.entries(outcomes).map(([rung, outcome]) => {
      const { startMs, inputTokenMs, outputTokenMs } = formulas[rung]
      const costUsd = dot(termsOf(outcome.usage), [startMs, inputTokenMs, outputTokenMs]) * usdPerMs
      return [rung, { ...outcome, costUsd }]
    }),
  )
}

function termsOf({ inputTokens = 0, outputTokens = 0 }) {
  return [1, inputTokens, outputTokens]
}

function dot(x, weights) {
  return x.reduce((sum, value, place) => sum + value * weights[place], 0)
}

/** Least squares without negative weights: of all sets of terms, the best whose weights are none. */
function fit(points) {
  let best = { weights: [0, 0, 0], error: Infinity }
  for (let set = 1; set < 8; set += 1) {
    const terms = [0, 1, 2].filter(term => (set >> term) & 1)
    const solved = solve(points, terms)
    if (solved === undefined || solved.some(weight => weight < 0)) continue
    const weights = [0, 1, 2].map(term => solved[terms.indexOf(term)] ?? 0)
    const error = points.reduce((sum, { x, y }) => sum + (y - dot(x, weights)) ** 2, 0)
    if (error < best.error) best = { weights, error }
  }
  return best.weights
}

/** Normal equations by elimination. */
function solve(points, terms) {
  const matrix = terms.map(row => [
    ...terms.map(column => points.reduce((sum, { x }) => sum + x[row] * x[column], 0)),
    points.reduce((sum, { x, y }) => sum + x[row] * y, 0),
  ])
  for (let at = 0; at < terms.length; at += 1) {
    if (Math.abs(matrix[at][at]) < 1e-9) return undefined
    for (let row = 0; row < terms.length; row += 1) {
      if (row === at) continue
      const factor = matrix[row][at] / matrix[at][at]
      matrix[row] = matrix[row].map((value, column) => value - factor * matrix[at][column])
    }
  }
  return matrix.map((row, at) => row[terms.length] / row[at])
}
