// Folds by a draw from each row's id, and the commands run on them.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCalibrate } from '../../../../dist/services/calibrate/calibrate.js'
import { runEval } from '../../../../dist/services/calibrate/eval.js'
import { runReplay } from '../../../../dist/services/calibrate/replay.js'
import { runScore } from '../../../../dist/services/calibrate/score.js'
import { loadConfig } from '../../../../dist/services/config/load-config.js'
import { openEncoder } from '../../../../dist/services/decision/encoder/open-encoder.js'
import { packPath } from '../../../../dist/services/packs/pack-path.js'

/** A number in [0,1) from an id and a purpose. */
export function draw(id, purpose, seed) {
  return createHash('sha256').update(`${seed}/${purpose}/${id}`).digest().readUInt32LE(0) / 2 ** 32
}

/** Some rows, drawn by id. */
export function sample(rows, count, purpose, seed) {
  const key = new Map(rows.map(row => [row, draw(row.id, purpose, seed)]))
  return rows.toSorted((a, b) => key.get(a) - key.get(b)).slice(0, count)
}

/** Splits rows into folds by draw: `[train, test]` each. */
export function folds(rows, count, seed) {
  const of = rows.map(row => Math.floor(draw(row.id, 'fold', seed) * count))
  return [...new Set(of)].map(fold => [
    rows.filter((_, index) => of[index] !== fold),
    rows.filter((_, index) => of[index] === fold),
  ])
}

let calls = 0
let opened

function encoderOf(context) {
  if (context.encoder === 'none') return {}
  opened ??= openEncoder(packPath(loadConfig(undefined).places.packs, context.encoder)).then(remembering)
  return { openEncoder: () => opened }
}

/** Folds share their texts: each is encoded once. */
function remembering(encoder) {
  const known = new Map()
  return {
    ...encoder,
    encode(text) {
      if (!known.has(text)) known.set(text, encoder.encode(text))
      return known.get(text)
    },
  }
}

function write(context, rows, withoutScores) {
  calls += 1
  const path = join(context.folder, `rows-${calls}.jsonl`)
  const lines = rows.map(row => {
    if (!withoutScores) return JSON.stringify(row)
    const outcomes = Object.fromEntries(
      Object.entries(row.outcomes).map(([model, { score: _score, ...rest }]) => [model, rest]),
    )
    return JSON.stringify({ ...row, outcomes })
  })
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

/** Fits a policy on rows; gives its folder and report. */
export async function fit(context, rows, models) {
  const outcomes = [write(context, rows, false)]
  const out = join(context.folder, `policy-${calls}`)
  const report = await runCalibrate({ outcomes, out, models, seed: context.seed, ...encoderOf(context) })
  return { policy: out, report }
}

/** What a policy predicts of rows: by id, scores by model. */
export async function score(context, policy, rows) {
  const inputs = write(context, rows, true)
  const out = `${inputs}.scores`
  await runScore({ policy, inputs, out, ...encoderOf(context) })
  return new Map(linesOf(out).map(line => [line.id, line.scores]))
}

/** The report of a policy on rows. */
export function evaluate(context, policy, rows) {
  return runEval({ policy, outcomes: write(context, rows, false), seed: context.seed, ...encoderOf(context) })
}

/** What a policy calls and answers under each budget or limit: lines. */
export async function replay(context, policy, rows, { budgets = [], maxRisks = [] }) {
  const inputs = write(context, rows, true)
  const out = `${inputs}.replay`
  await runReplay({ policy, inputs, out, budgets, maxRisks, seed: context.seed, ...encoderOf(context) })
  return linesOf(out)
}

function linesOf(path) {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}
