// Makes one file of each container and odd kind, asks a real gateway about each, and prints what came of it:
//   node scripts/media-folder/ask.mjs --out FOLDER [--address HOST:PORT] [--only TEXT] [--rows FILE]
// Needs ffmpeg, ImageMagick 7 with HEIC, espeak-ng, lame and a gateway that is up (`npm start`). A file that is
// right is answered with the words that it holds, or refused by name. Rows that are in --rows are not asked again;
// --refused asks for those alone that are to be refused, which needs no models.
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openGateway } from '../../dist/services/cli/client/client.js'
import { requestOf } from '../../dist/services/cli/client/request-options.js'
import { films } from './cases/films.mjs'
import { hostile } from './cases/hostile.mjs'
import { papers } from './cases/papers.mjs'
import { pictures } from './cases/pictures.mjs'
import { sounds } from './cases/sounds.mjs'
import { makeSources } from './sources.mjs'
import { openFolder } from './tools.mjs'

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    address: { type: 'string', default: '127.0.0.1:50051' },
    only: { type: 'string', default: '' },
    rows: { type: 'string' },
    seconds: { type: 'string', default: '1000000' },
    make: { type: 'boolean', default: false },
    refused: { type: 'boolean', default: false },
  },
})
if (values.out === undefined) throw new Error('needs --out FOLDER')
const options = {
  transcribe: values.refused ? {} : { model: 'whisper-base' },
  ocr: {},
  classify: { labels: 'invoice,recipe,poem' },
}

/** In the order in which they are made: some are cut from those before. */
const cases = [...sounds, ...pictures, ...papers, ...films, ...hostile]
makeFolder()
if (values.make) process.exit()
const gateway = await openGateway({ address: values.address })
await askAll()
gateway[Symbol.dispose]()

function makeFolder() {
  mkdirSync(values.out, { recursive: true })
  const tools = openFolder(values.out)
  if (!existsSync(join(values.out, 'cards-source.mkv'))) makeSources(tools)
  for (const { file, make } of cases) if (!existsSync(join(values.out, file))) make?.(tools)
}

async function askAll() {
  const known = values.rows !== undefined && existsSync(values.rows) ? readFileSync(values.rows, 'utf8') : ''
  const done = new Set(
    known
      .split('\n')
      .filter(Boolean)
      .map(line => keyOf(JSON.parse(line))),
  )
  const endAt = Date.now() + 1000 * Number(values.seconds)
  const isWanted = ({ file, expected }) => file.includes(values.only) && (!values.refused || 'refused' in expected)
  const left = cases.filter(one => isWanted(one) && !done.has(keyOf(one)))
  let wrong = 0
  const ask = async () => {
    for (let one = left.shift(); one !== undefined && Date.now() < endAt; one = left.shift()) {
      const row = await rowOf(one)
      if (!row.right) wrong += 1
      if (values.rows !== undefined) appendFileSync(values.rows, `${JSON.stringify(row)}\n`)
      const { right, file, task, seconds, said } = row
      console.log(`${right ? 'right' : 'WRONG'}  ${file}  ${task}  ${seconds.toFixed(1)} s  ${said.slice(0, 140)}`)
    }
  }
  await Promise.all([ask(), ask()])
  console.log(`${wrong} wrong, ${left.length} left`)
  process.exitCode = wrong > 0 ? 1 : 0
}

function keyOf({ file, task }) {
  return `${file} ${task}`
}

async function rowOf({ file, kind, task, expected }) {
  const path = join(values.out, file)
  const startedAt = performance.now()
  const { answered, said } = await infer({ task, [kind]: [path], deadline: '120', ...options[task] })
  const seconds = (performance.now() - startedAt) / 1000
  const { refused } = expected
  // A refusal says what is wrong with the file: nothing failed.
  const right =
    refused === undefined ? answered && expected.test(said) : said.startsWith('INVALID') && refused.test(said)
  return { file, task, bytes: statSync(path).size, right, answered, seconds, said }
}

async function infer(asked) {
  try {
    const { output } = await gateway.call('Infer', requestOf(asked, []))
    const said = output?.labels?.labels?.[0]?.label ?? output?.text ?? ''
    return { answered: true, said: said.replaceAll(/\s+/gu, ' ').trim() }
  } catch (error) {
    const code = error.code === 3 ? 'INVALID' : String(error.code)
    return { answered: false, said: `${code} ${error.details ?? error.message}` }
  }
}
