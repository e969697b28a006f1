// Asks a running gateway the questions of `grounding/questions.mjs`, alone and with retrieval, and writes what came.
//   node scripts/grounding/measure-grounding.mjs HOST:PORT ELEMENTS COUNTRIES ROWS.jsonl [SECONDS [SMALL-MODELS]]
// It goes on where it was stopped, and stops by itself after so many seconds. `fit-grounding.mjs` reads the rows.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { packageRoot } from '#services/config/load-config'
import { connectGateway } from '#services/cli/client/client'
import { readTables } from './questions.mjs'

const [address = '', elements = '', countries = '', file = '', seconds = '200', copies = 'smollm2-135m'] =
  process.argv.slice(2)
const stopAt = Date.now() + Number(seconds) * 1000
const { documents, questions } = readTables({ elements, countries })
const gateway = connectGateway(address, packageRoot(), { tls: false })
const rows = existsSync(file)
  ? readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
  : []
const done = new Set(rows.map(row => `${row.id} ${row.run}`))
/** Copies of the small model, each in a pool of its own, work side by side. */
const smalls = copies.split(',')
const large = 'qwen2.5-0.5b'
/** An answer of the small model that the check, as it stands, is less sure of is asked of the large one too. */
const sureSupport = 0.5
/** A model keeps the beginning of its last prompt, so questions of one kind go to it in a row. */
const block = 12
const passageCount = 1

await fill()
// Any beginning of them is a fair sample.
const mixed = questions.map((_, at) => questions[(at * 151) % questions.length])
let isSmallDone = false
await Promise.all([Promise.all(smalls.map(askSmall)).then(() => (isSmallDone = true)), askLarge()])
process.exit(Date.now() > stopAt ? 3 : 0)

async function askSmall(small, place) {
  for (let from = place * block; from < mixed.length; from += block * smalls.length) {
    for (const [run, retrieves] of [
      ['small', false],
      ['small+', true],
    ]) {
      for (const question of mixed.slice(from, from + block)) {
        if (!done.has(`${question.id} ${run}`) && Date.now() < stopAt) await ask(question, run, small, retrieves)
      }
    }
  }
}

/** Beside it, in a pool of its own. */
async function askLarge() {
  for (const question of mixed) {
    while (!done.has(`${question.id} small+`) && !isSmallDone && Date.now() < stopAt) {
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    if (Date.now() > stopAt) return
    if (done.has(`${question.id} large+`) || !done.has(`${question.id} small+`) || isSure(question)) continue
    await ask(question, 'large+', large, true)
  }
}

function isSure({ id }) {
  return rows.some(row => row.id === id && row.run === 'small+' && row.support >= sureSupport)
}

async function fill() {
  const { indexes } = await gateway.call('ListIndexes', {})
  if (indexes.some(({ name, documents: held }) => name === 'facts' && held === documents.length)) return
  if (!indexes.some(({ name }) => name === 'facts'))
    await gateway.call('CreateIndex', { name: 'facts', chunkCharacters: 320 })
  let ingest = await gateway.call('AddDocuments', {
    index: 'facts',
    documents: documents.map(one => ({ ...one, metadata: {} })),
  })
  while (ingest.state === 'INGEST_STATE_RUNNING') {
    await new Promise(resolve => setTimeout(resolve, 500))
    ingest = await gateway.call('GetIngest', { ingestId: ingest.ingestId })
  }
  process.stderr.write(`${ingest.completed} documents are in, ${ingest.failed} are not\n`)
}

async function ask(question, run, model, retrieves) {
  const { hits } = retrieves
    ? await gateway.call('SearchIndex', { index: 'facts', text: question.text, limit: passageCount })
    : { hits: [] }
  const answer = await gateway.call('Infer', {
    task: 'TASK_GENERATE',
    content: [{ text: question.text }],
    options: {
      maxOutputTokens: 20,
      stop: ['\n'],
      temperature: 0,
      ...(retrieves ? { retrieval: { index: 'facts', passages: passageCount } } : {}),
    },
    constraints: { model, deadline: { seconds: 60, nanos: 0 } },
  })
  const passages = hits.map(({ documentId, title, text, similarity }) => ({ documentId, title, text, similarity }))
  const row = {
    ...question,
    run,
    answer: answer.output.text,
    raw: answer.confidence,
    cost: answer.costNanoUsd,
    ...(answer.grounding === undefined || answer.grounding === null ? {} : { support: answer.grounding.support }),
    passages,
  }
  rows.push(row)
  done.add(`${row.id} ${run}`)
  appendFileSync(file, `${JSON.stringify(row)}\n`)
}
