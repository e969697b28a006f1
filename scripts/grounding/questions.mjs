// Documents and questions out of two public tables: chemical elements with the first lines of their pages
// (npm node-periodic-table 0.0.6, MIT) and countries (npm world-countries 5.1.0, ODbL). Each fifth document is held
// out, so that questions on it have no answer; others ask for what no document says.
import { readFileSync } from 'node:fs'

const heldOut = at => at % 5 === 3

/** `folders`: the two packages, unpacked. */
export function readTables({ elements, countries }) {
  const read = path => JSON.parse(readFileSync(path, 'utf8'))
  const all = [
    ...read(`${elements}/elements.json`).map(elementOf),
    ...read(`${countries}/countries.json`)
      .filter(one => one.capital?.[0] && one.independent)
      .map(countryOf),
  ]
  const entities = all.map((entity, at) => ({ ...entity, isHeldOut: heldOut(at) }))
  const documents = entities.filter(({ isHeldOut }) => !isHeldOut).map(({ id, title, text }) => ({ id, title, text }))
  return { documents, questions: entities.flatMap(questionsOf).map((one, at) => ({ id: `q${at}`, ...one })) }
}

function elementOf(one) {
  const facts = [
    `${one.name} belongs to the category ${one.category}.`,
    one.discovered_by && `${one.name} was discovered by ${one.discovered_by}.`,
    one.boil && `The boiling point of ${one.name} is ${one.boil} kelvin.`,
    one.density && `Its density is ${one.density} grams per litre or cubic centimetre.`,
    `Its electron configuration is ${one.electron_configuration}.`,
  ]
  return {
    id: `element/${one.symbol}`,
    name: one.name,
    title: one.name,
    text: [one.summary, ...facts.filter(Boolean)].join(' '),
    asked: [
      one.discovered_by && [`Who discovered the element ${one.name}?`, [one.discovered_by]],
      one.boil && [`What is the boiling point of ${one.name} in kelvin?`, [String(one.boil)]],
    ],
    absent: [`What does a kilogram of ${one.name} cost in euros?`, `Which company mines the most ${one.name}?`],
  }
}

function countryOf(one) {
  const name = one.name.common
  const currency = Object.values(one.currencies ?? {})[0]?.name
  const languages = Object.values(one.languages ?? {})
  const text = [
    `${name} (officially ${one.name.official}) is a country in ${one.subregion || one.region}.`,
    `Its capital is ${one.capital[0]}.`,
    currency && `People pay with the ${currency}.`,
    languages.length > 0 && `The official languages are ${languages.join(', ')}.`,
    `The country covers ${one.area} square kilometres and is ${one.landlocked ? 'landlocked' : 'on the sea'}.`,
    one.tld?.[0] && `Its internet addresses end in ${one.tld[0]}.`,
    one.demonyms?.eng?.m && `A person from there is called ${one.demonyms.eng.m}.`,
  ]
  return {
    id: `country/${one.cca3}`,
    name,
    title: name,
    text: text.filter(Boolean).join(' '),
    asked: [
      currency && [`Which currency do people in ${name} pay with?`, [currency]],
      [`How many square kilometres does ${name} cover?`, [String(one.area)]],
      [`What is the capital of ${name}?`, [one.capital[0]]],
    ],
    absent: [`Who is the minister of finance of ${name}?`, `In which year was the railway of ${name} opened?`],
  }
}

/** One question each, by turns; of every third entity what no document says. */
function questionsOf({ id, name, asked, absent, isHeldOut }, at) {
  const possible = asked.filter(Boolean)
  if (at % 6 === 1 || possible.length === 0)
    return [{ entity: id, name, text: absent[at % 2], gold: [], kind: 'absent' }]
  const [text, gold] = possible[at % possible.length]
  const extra = possible.length > 1 && !isHeldOut && at % 3 === 0 ? [possible[(at + 1) % possible.length]] : []
  return [[text, gold], ...extra].map(([words, right]) => ({
    entity: id,
    name,
    text: words,
    gold: isHeldOut ? [] : right,
    kind: isHeldOut ? 'held-out' : 'answerable',
    right,
  }))
}
