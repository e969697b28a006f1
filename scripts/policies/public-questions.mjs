// Makes questions with known answers out of public data sets, over which the ladder of language models is calibrated
// and measured:
//   node scripts/policies/public-questions.mjs --set fit|evaluation --count 600 --sources FOLDER [--fetch] --out \
//     questions.json
// Writes the format of deploy/demo/inputs.json; `scripts/policies/gather-outcomes.mjs` takes it. The sources lie in
// FOLDER under the names below; --fetch brings those that are missing from their publishers. Each is held to its
// SHA-256. What a question is about (a country, a sentence, a problem) is in one set alone, by its own hash. None of
// the sources is part of this repository.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seeded } from './draw-and-speak.mjs'

const { values } = parseArgs({
  options: {
    set: { type: 'string', default: 'fit' },
    count: { type: 'string', default: '600' },
    sources: { type: 'string' },
    fetch: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})
if (values.out === undefined || values.sources === undefined || !['fit', 'evaluation'].includes(values.set)) {
  stop('needs --sources FOLDER, --out FILE and --set fit|evaluation')
}

const github = 'https://raw.githubusercontent.com'
const kojima = `${github}/kojima-takeshi188/zero_shot_cot/5ef330fcdeec0cd26aee27943504f91f8ec1c33c/dataset`
/** Licences: ODbL 1.0; CC BY-SA 3.0; research data of the papers' authors (the next four); MIT. */
const sources = {
  'countries.json': `${github}/mledoze/countries/5e9f370050f83ad2ba4cb885f75d66114badf72c/countries.json`,
  'NQ-open.dev.jsonl': `${github}/google-research-datasets/natural-questions/fb26a3073b1fe636c97302890a27b491d6530130/nq_open/NQ-open.dev.jsonl`,
  'AddSub.json': `${kojima}/AddSub/AddSub.json`,
  'SingleEq.json': `${kojima}/SingleEq/questions.json`,
  'SVAMP.json': `${kojima}/SVAMP/SVAMP.json`,
  'StrategyQA.json': `${kojima}/StrategyQA/task.json`,
  'hutto_ICWSM_2014.tar.gz': `${github}/cjhutto/vaderSentiment/44fc044cd877310ee8278a0eadf34bcd50d41d06/additional_resources/hutto_ICWSM_2014.tar.gz`,
}
const sha256 = {
  'countries.json': '69e45428770b8750c89a54ac6e6c91131c56cac930ec63551f9ee6d2a179f2da',
  'NQ-open.dev.jsonl': 'f15567f38099f3615f5b8a685c0aef449c11ad90d3da3735e8d1b98115b40616',
  'AddSub.json': '21930fa90385c72b5a15f4b9a4dda27276b889ae9ff44285505cdd9fa0a20df8',
  'SingleEq.json': '051507bd2b489c257057b485774a83d2710c23a4bc0f4a58e1822ae2773ef05e',
  'SVAMP.json': '5be77703a6d891ae476d7c082787ad361392aa02453b132516cdd5f4e7934e3e',
  'StrategyQA.json': '60af9081fed20102fd8bb1e02dc7d9f12238efcba33e4c1a56b4d61cb6409803',
  'hutto_ICWSM_2014.tar.gz': 'd5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa',
}
await bringSources()

const countries = readJson('countries.json').filter(({ unMember, capital }) => unMember && capital?.length === 1)
const problems = [
  ...readJson('AddSub.json').map(one => [one.sQuestion, one.lSolutions[0]]),
  ...readJson('SingleEq.json').map(one => [one.sQuestion, one.lSolutions[0]]),
  ...readJson('SVAMP.json').map(one => [`${one.Body.replace(/[.\s]+$/u, '')}. ${one.Question}`, one.Answer]),
].filter(([, solution]) => Number.isInteger(Number(solution)))
const reviews = ['movie', 'amazon'].flatMap(readReviews)
const strategy = readJson('StrategyQA.json').examples
const natural = readText('NQ-open.dev.jsonl')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line))

const random = seeded(values.set === 'fit' ? 17 : 18)
const pick = items => items[Math.floor(random() * items.length)]
const isMine = entry => (hashOf(`public ${entry}`)[0] % 2 === 0) === (values.set === 'evaluation')
const mine = {
  countries: countries.filter(({ name }) => isMine(name.common)),
  problems: problems.filter(([text]) => isMine(plain(text))),
  reviews: reviews.filter(({ text }) => isMine(text)),
  strategy: strategy.filter(({ input }) => isMine(input)),
  natural: natural.filter(({ question }) => isMine(question)),
}
const nameOf = ({ name }) => name.common
const currencyOf = ({ currencies }) => Object.values(currencies ?? {}).map(({ name }) => name)

const kinds = {
  fact() {
    if (random() < 0.4) {
      const { question, answer } = pick(mine.natural)
      return { text: `${question}?`, expected: answer.join('|'), comparator: 'mentions' }
    }
    const country = pick(mine.countries)
    return pick([
      { text: `What is the capital of ${nameOf(country)}?`, expected: country.capital[0], comparator: 'mentions' },
      {
        text: `On which continent is ${nameOf(country)}? Answer with the name only.`,
        expected: country.region === 'Americas' ? country.subregion.split(' ')[0] + ' America|America' : country.region,
        comparator: 'mentions',
      },
      {
        text: `Name an official language of ${nameOf(country)}.`,
        expected: Object.values(country.languages).join('|'),
        comparator: 'mentions',
      },
    ])
  },
  arithmetic() {
    const [text, solution] = pick(mine.problems)
    return {
      text: `${plain(text)} Answer with the number only.`,
      expected: String(Number(solution)),
      comparator: 'number',
    }
  },
  sentiment() {
    const { text, right } = pick(mine.reviews)
    return {
      text: `Is this review positive or negative? Answer with one word.\n${text}`,
      expected: right ? 'positive|negative' : 'negative|positive',
      comparator: 'choice',
    }
  },
  extract() {
    const country = pick(mine.countries)
    const [currency] = currencyOf(country)
    const [language] = Object.values(country.languages)
    if (currency === undefined || nameOf(country).includes(country.capital[0])) return undefined
    const passage = `${nameOf(country)} lies in ${country.subregion} and covers ${country.area} square kilometres. Its capital is ${country.capital[0]}, people there speak ${language} and pay with the ${currency}.`
    const [asked, expected] = pick([
      ['What is the capital?', country.capital[0]],
      ['What do people pay with?', currency],
      ['Which language do people speak?', language],
      ['How many square kilometres does it cover?', String(country.area)],
    ])
    return { text: `${passage}\n${asked} Answer with it only.`, expected, comparator: 'mentions' }
  },
  yesNo() {
    if (random() < 0.5) {
      const { input, target_scores: scores } = pick(mine.strategy)
      return yesOrNo(input, scores.Yes === 1)
    }
    const country = pick(mine.countries)
    const other = pick(mine.countries)
    return pick([
      () => yesOrNo(`Is ${nameOf(country)} a landlocked country?`, country.landlocked),
      () => yesOrNo(`Is ${country.capital[0]} the capital of ${nameOf(country)}?`, true),
      () =>
        country === other ? undefined : yesOrNo(`Is ${other.capital[0]} the capital of ${nameOf(country)}?`, false),
      () => yesOrNo(`Is ${nameOf(country)} in ${pick(['Africa', 'Europe', 'Asia'])}?`, undefined, country),
    ])()
  },
  format() {
    const [one, two, three] = [pick(mine.countries), pick(mine.countries), pick(mine.countries)].map(nameOf)
    if (new Set([one, two, three]).size < 3) return undefined
    return pick([
      {
        text: `Write "${one}" in capital letters. Write nothing else.`,
        expected: one.toUpperCase(),
        comparator: 'exact',
      },
      {
        text: `Write these names with a comma and a space between them and nothing else: ${one}; ${two}; ${three}`,
        expected: `${one}, ${two}, ${three}`,
        comparator: 'exact',
      },
      {
        text: `Write a JSON object with the key "name" and the value "${one}". Write nothing else.`,
        expected: JSON.stringify({ name: one }),
        comparator: 'json',
      },
      {
        text: `Write "${one}" in small letters. Write nothing else.`,
        expected: one.toLowerCase(),
        comparator: 'exact',
      },
    ])
  },
}

const questions = new Map()
const made = new Map()
const most = Math.ceil(Number(values.count) / Object.keys(kinds).length)
for (let tries = 0; questions.size < Number(values.count) && tries < 200 * Number(values.count); tries += 1) {
  const group = pick(Object.keys(kinds))
  const question = (made.get(group) ?? 0) < most ? kinds[group]() : undefined
  if (question === undefined) continue
  const id = `public-${values.set}-${hashOf(question.text).toString('hex').slice(0, 12)}`
  if (questions.has(id)) continue
  questions.set(id, { id, task: 'generate', modality: 'text', group, ...question })
  made.set(group, (made.get(group) ?? 0) + 1)
}
writeFileSync(values.out, `${JSON.stringify([...questions.values()], null, 1)}\n`)
process.stderr.write(`${questions.size} questions\n`)

function yesOrNo(text, known, country) {
  const right = known ?? text.endsWith(`in ${country.region}?`)
  return { text: `${text} Answer yes or no.`, expected: right ? 'yes|no' : 'no|yes', comparator: 'choice' }
}

/** Sentences whose readers agree: a mean of at least 1.5 of 4 to either side. */
function readReviews(kind) {
  const inside = `hutto_ICWSM_2014/${kind}ReviewSnippets_GroundTruth.txt`
  const archive = join(values.sources, 'hutto_ICWSM_2014.tar.gz')
  return execFileSync('tar', ['xzOf', archive, inside], { maxBuffer: 1e8 })
    .toString('latin1')
    .trim()
    .split('\n')
    .flatMap(line => {
      const [, mean, text = ''] = line.trim().split('\t')
      const isClear = Math.abs(Number(mean)) >= 1.5 && text.length > 20 && text.length < 250
      return isClear ? [{ text, right: Number(mean) > 0 }] : []
    })
}

function plain(text) {
  return text
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/ (?=[.,?!])/gu, '')
    .trim()
}

function hashOf(text) {
  return createHash('sha256').update(text).digest()
}

async function bringSources() {
  mkdirSync(values.sources, { recursive: true })
  for (const [name, url] of Object.entries(sources)) {
    const file = join(values.sources, name)
    if (!existsSync(file) && values.fetch) writeFileSync(file, new Uint8Array(await (await fetch(url)).arrayBuffer()))
    if (!existsSync(file)) stop(`${file} is missing; --fetch brings it from ${url}`)
    if (hashOf(readFileSync(file)).toString('hex') !== sha256[name])
      stop(`${file} is not the file that was measured with`)
  }
}

function readText(name) {
  return readFileSync(join(values.sources, name), 'utf8')
}

function readJson(name) {
  return JSON.parse(readText(name))
}

function stop(why) {
  process.stderr.write(`public-questions: ${why}\n`)
  process.exit(2)
}
