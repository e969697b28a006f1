// Fits the weights of `services/decision/grounding/grounding-weights.ts` on answers that are made of the documents of
// `grounding/questions.mjs` (right, of another document, invented, repeated, withheld), and tests them on documents
// that were not fitted on, and on what models really answered (rows of `measure-grounding.mjs`).
//   node scripts/grounding/fit-grounding.mjs ELEMENTS COUNTRIES [ROWS.jsonl]
import { existsSync, readFileSync } from 'node:fs'
import { abstains, groundingFeatures } from '#services/decision/grounding/grounding-features'
import { wordsOf } from '#services/state/index/words-of'
import { createExactIndex } from '#services/state/index/exact/exact-index'
import { fitLogistic, probabilityOf } from './fit-logistic.mjs'
import { readTables } from './questions.mjs'

const [elements = '', countries = '', file = ''] = process.argv.slice(2)
const { documents, questions } = readTables({ elements, countries })
const rows = existsSync(file)
  ? readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
  : []
const draw = drawing(11)

const index = createExactIndex(1)
for (const { id, title, text } of documents) {
  index.put({ documentId: id, title, metadata: {}, chunks: [{ text, vector: Float32Array.of(1) }], orderedAt: 0 })
}

const made = []
for (const question of questions) made.push(...(await answersTo(question)))
const real = rows.filter(({ passages }) => passages.length > 0).map(row => exampleOf(row, row.answer, row.passages))
const halfOf = ({ entity }) => [...entity].reduce((sum, sign) => sum * 31 + sign.charCodeAt(0), 7) % 2
const answeredNames = [
  'adds',
  'words',
  'number_support',
  'name_support',
  'together',
  'question_cover_rare',
  'asked_names',
  'asked_both',
]
/** An answer, or a word that the sources do not have it: each has weights of its own. */
const sorts = [
  ['answered', one => one.features.abstains === 0, answeredNames],
  ['abstained', one => one.features.abstains === 1, ['asked_names', 'asked_rest', 'asked_both']],
]
/** Support is trusted where models really answer, so what they answered is fitted on beside what is made. */
const weightsOn = (isUsed, [, isIn, names]) =>
  fitLogistic([...made.filter(isUsed), ...repeated(real.filter(isUsed), 4)].filter(isIn), names)

// Every document is judged by weights that were fitted on the other half of the documents.
for (const sort of sorts) {
  const halves = [0, 1].map(half => weightsOn(one => halfOf(one) !== half, sort))
  for (const one of [...made, ...real].filter(sort[1])) one.support = probabilityOf(halves[halfOf(one)], one.features)
}
for (const [name, all] of [
  ['made', made],
  ['real', real],
]) {
  for (const [title, isIn] of sorts) tell({ name, title, ...measure(all.filter(isIn)) })
  tell({ name, title: 'all', ...measure(all) })
}
tell(ladders())
// What is shipped is fitted on all of them.
for (const sort of sorts) {
  const weights = Object.entries(weightsOn(() => true, sort)).map(([name, value]) => [name, Number(value.toFixed(3))])
  tell({ title: sort[0], weights: Object.fromEntries(weights) })
}

/** What came of every question: answers that nothing shown or known supports, by how they were asked for. */
function ladders() {
  const by = new Map()
  for (const row of rows) by.set(row.id, { ...by.get(row.id), [row.run]: row })
  const supports = new Map(real.map(one => [`${one.id} ${one.run}`, one.support]))
  const supportOfRow = row => supports.get(`${row.id} ${row.run}`)
  const isSure = one => supportOfRow(one['small+']) >= 0.5
  // The large model was asked where the check, as it stood, was not sure.
  const whole = [...by.values()].filter(one => one.small && one['small+'] && (one['large+'] || isSure(one)))
  const cascade = one =>
    isSure(one) || supportOfRow(one['small+']) >= supportOfRow(one['large+']) ? one['small+'] : one['large+']
  const choices = { 'small alone': one => one.small, 'small with retrieval': one => one['small+'], cascade }
  const count = choose => {
    const chosen = whole.map(choose)
    const wrong = chosen.filter(row => !abstains(row.answer) && !isRight(row, row.answer))
    const unmarked = choose === choices['small alone'] ? wrong : wrong.filter(row => supportOfRow(row) >= 0.5)
    const right = chosen.filter(row => isRight(row, row.answer))
    return {
      right: shareOf(right.length, whole.length),
      unsupported: shareOf(wrong.length, whole.length),
      unsupportedUnmarked: shareOf(unmarked.length, whole.length),
      rightMarked: right.filter(row => choose !== choices['small alone'] && supportOfRow(row) < 0.5).length,
    }
  }
  return {
    questions: whole.length,
    withoutAnswer: whole.filter(one => one.small.gold.length === 0).length,
    escalated: whole.filter(one => !isSure(one)).length,
    ...Object.fromEntries(Object.entries(choices).map(([name, choose]) => [name, count(choose)])),
  }
}

/** With Wilson's 95 % interval. */
function shareOf(count, of) {
  const [share, z2] = [count / of, 1.96 ** 2]
  const centre = (share + z2 / 2 / of) / (1 + z2 / of)
  const half = (1.96 / (1 + z2 / of)) * Math.sqrt((share * (1 - share)) / of + z2 / 4 / of ** 2)
  return { count, share, from: centre - half, to: centre + half }
}

async function answersTo(question) {
  const passages = (await index.search({ text: question.text, conditions: [], limit: 3 })).map(
    ({ documentId, title, text }) => ({ documentId, title, text }),
  )
  const others = questions.filter(
    one => one.right && one.text.split(' ').slice(0, 3).join(' ') === question.text.split(' ').slice(0, 3).join(' '),
  )
  const other = others[Math.floor(draw() * others.length)]?.right[0] ?? 'Nobody'
  const number = String(Math.round(draw() * 5000))
  const sentence = value =>
    `${question.text.replace(/\?$/u, '').replace(/^(?:Who|What is|Which|How many)\s*/u, '')}: ${value} [1].`
  const texts = [
    ...question.gold.flatMap(value => [value, `${value} [1]`, sentence(value), `It is ${value}, as the source says.`]),
    ...(question.right && question.gold.length === 0 ? [question.right[0], sentence(question.right[0])] : []),
    other,
    sentence(other),
    number,
    `It is ${number} [1].`,
    question.text,
    `${question.name}.`,
    passages[1]?.text.split('. ')[1] ?? 'nothing',
    'not in the sources',
    'The sources do not mention it.',
  ]
  return texts.map(text => exampleOf(question, text, passages))
}

function exampleOf(question, answer, passages) {
  const features = groundingFeatures(answer, {
    question: question.text,
    index: '',
    indexVersion: '',
    passages,
    place: 0,
  })
  return {
    id: question.id,
    run: question.run,
    entity: question.entity,
    features,
    label: Number(isRight(question, answer)),
  }
}

function isRight({ gold }, answer) {
  if (abstains(answer)) return gold.length === 0
  const said = ` ${wordsOf(answer).join(' ')} `
  return gold.some(value => said.includes(` ${wordsOf(value).join(' ')} `))
}

/** Calibration error in ten bins of equal counts, and what chance alone leaves where every support is true. */
function measure(examples) {
  if (examples.length === 0) return { count: 0 }
  const scored = examples.toSorted((one, other) => one.support - other.support)
  const byChance = Array.from({ length: 200 }, () =>
    errorOf(scored.map(one => ({ ...one, label: Number(draw() < one.support) }))),
  )
  return {
    count: scored.length,
    positives: scored.filter(({ label }) => label === 1).length,
    accuracy: scored.filter(({ label, support }) => support >= 0.5 === (label === 1)).length / scored.length,
    calibrationError: errorOf(scored),
    byChance: byChance.reduce((sum, error) => sum + error, 0) / byChance.length,
  }
}

function errorOf(scored) {
  const size = Math.ceil(scored.length / 10)
  let error = 0
  for (let from = 0; from < scored.length; from += size) {
    const bin = scored.slice(from, from + size)
    error += Math.abs(bin.reduce((sum, { label, support }) => sum + label - support, 0)) / scored.length
  }
  return error
}

function repeated(list, times) {
  return Array.from({ length: times }, () => list).flat()
}

function tell(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** The same numbers in every run. */
function drawing(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}
