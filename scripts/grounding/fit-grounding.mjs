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
const names = ['adds', 'words', 'number_support', 'name_support', 'together', 'question_cover_rare', 'asked_both']
// Support is trusted where models really answer, so half of what they answered is fitted on beside what is made.
const train = [
  ...made.filter(one => halfOf(one) === 0),
  ...repeated(
    real.filter(one => halfOf(one) === 0),
    4,
  ),
]

for (const [title, isIn] of [
  ['answered', one => one.features.abstains === 0],
  ['abstained', one => one.features.abstains === 1],
]) {
  const weights = fitLogistic(
    train.filter(isIn),
    title === 'answered' ? names : ['asked_names', 'asked_rest', 'asked_both'],
  )
  for (const [name, tested] of [
    ['made', made],
    ['real', real],
  ]) {
    const held = tested.filter(one => isIn(one) && halfOf(one) === 1)
    if (held.length > 0) tell({ title, name, ...measure(held, weights) })
  }
  tell({
    title,
    weights: Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, Number(value.toFixed(3))])),
  })
  for (const one of real.filter(isIn)) one.support = probabilityOf(weights, one.features)
}
tell(ladders())

/** What came of every question: wrong or invented answers, by how they were asked for. */
function ladders() {
  const by = new Map()
  for (const row of rows) by.set(row.id, { ...by.get(row.id), [row.run]: row })
  const supports = new Map(real.map(one => [`${one.id} ${one.run}`, one.support]))
  const whole = [...by.values()].filter(one => one.small && one['small+'] && one['large+'])
  const supportOfRow = row => supports.get(`${row.id} ${row.run}`)
  const cascade = one =>
    supportOfRow(one['small+']) >= 0.5 || supportOfRow(one['small+']) >= supportOfRow(one['large+'])
      ? one['small+']
      : one['large+']
  const choices = {
    'small alone': one => one.small,
    'small with retrieval': one => one['small+'],
    'large with retrieval': one => one['large+'],
    cascade,
  }
  const count = choose => {
    const chosen = whole.map(choose)
    const wrong = chosen.filter(row => !abstains(row.answer) && !isRight(row, row.answer))
    const marked = choose === cascade ? wrong.filter(row => supportOfRow(row) < 0.5).length : 0
    const right = chosen.filter(row => isRight(row, row.answer)).length
    return {
      right,
      unsupported: wrong.length,
      ofThemMarked: marked,
      share: wrong.length / whole.length,
      unmarkedShare: (wrong.length - marked) / whole.length,
    }
  }
  const asked = whole.filter(one => supportOfRow(one['small+']) < 0.5).length
  return {
    questions: whole.length,
    escalated: asked,
    ...Object.fromEntries(Object.entries(choices).map(([name, choose]) => [name, count(choose)])),
  }
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

/** Ten bins of equal counts. */
function measure(examples, weights) {
  const scored = examples
    .map(({ features, label }) => ({ label, support: probabilityOf(weights, features) }))
    .toSorted((one, other) => one.support - other.support)
  const size = Math.ceil(scored.length / 10)
  let error = 0
  for (let from = 0; from < scored.length; from += size) {
    const bin = scored.slice(from, from + size)
    error += Math.abs(bin.reduce((sum, { label, support }) => sum + label - support, 0)) / scored.length
  }
  const right = scored.filter(({ label, support }) => support >= 0.5 === (label === 1)).length
  const positives = scored.filter(({ label }) => label === 1).length
  return { count: scored.length, positives, accuracy: right / scored.length, calibrationError: error }
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
