// Makes questions with known answers, over which the ladder of language models is run to calibrate and to measure its
// policy:   node scripts/policies/make-questions.mjs --set fit|evaluation --count 1500 --out questions.json
// Writes the format of deploy/demo/inputs.json; `scripts/policies/gather-outcomes.mjs` takes it. Kinds are those that
// small models can tell apart: facts, arithmetic of growing length, yes or no, sentiment, extraction, comparison,
// sequences and format. No country, word, name or sum of the set `evaluation` is one of `fit`. The facts are common
// knowledge, written down here.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { seeded } from './draw-and-speak.mjs'

const { values } = parseArgs({
  options: {
    set: { type: 'string', default: 'fit' },
    count: { type: 'string', default: '1500' },
    out: { type: 'string' },
  },
})
if (values.out === undefined || !['fit', 'evaluation'].includes(values.set)) {
  process.stderr.write('make-questions: needs --out FILE and --set fit|evaluation\n')
  process.exit(2)
}

const capitals =
  'France:Paris Germany:Berlin Italy:Rome Spain:Madrid Portugal:Lisbon Norway:Oslo Sweden:Stockholm Denmark:Copenhagen Finland:Helsinki Poland:Warsaw Austria:Vienna Hungary:Budapest Greece:Athens Ireland:Dublin Belgium:Brussels Romania:Bucharest Bulgaria:Sofia Croatia:Zagreb Serbia:Belgrade Slovakia:Bratislava Slovenia:Ljubljana Estonia:Tallinn Latvia:Riga Lithuania:Vilnius Ukraine:Kyiv|Kiev Russia:Moscow Turkey:Ankara Egypt:Cairo Kenya:Nairobi Ethiopia:Addis_Ababa Ghana:Accra Nigeria:Abuja Senegal:Dakar Morocco:Rabat Tunisia:Tunis Algeria:Algiers Uganda:Kampala Zambia:Lusaka Zimbabwe:Harare Namibia:Windhoek Angola:Luanda Japan:Tokyo China:Beijing India:New_Delhi|Delhi Thailand:Bangkok Vietnam:Hanoi Indonesia:Jakarta Malaysia:Kuala_Lumpur Nepal:Kathmandu Pakistan:Islamabad Bangladesh:Dhaka Iran:Tehran Iraq:Baghdad Jordan:Amman Lebanon:Beirut Syria:Damascus Mongolia:Ulaanbaatar|Ulan_Bator Canada:Ottawa Mexico:Mexico_City Cuba:Havana Peru:Lima Chile:Santiago Argentina:Buenos_Aires Uruguay:Montevideo Ecuador:Quito Colombia:Bogota|Bogotá Venezuela:Caracas Bolivia:La_Paz|Sucre Paraguay:Asunción|Asuncion Brazil:Brasilia|Brasília Australia:Canberra New_Zealand:Wellington Iceland:Reykjavik|Reykjavík Switzerland:Bern Netherlands:Amsterdam Philippines:Manila Cambodia:Phnom_Penh Laos:Vientiane Georgia:Tbilisi Armenia:Yerevan Qatar:Doha Kuwait:Kuwait_City'
const symbols =
  'gold:Au silver:Ag iron:Fe copper:Cu lead:Pb tin:Sn oxygen:O hydrogen:H carbon:C nitrogen:N helium:He sodium:Na potassium:K calcium:Ca chlorine:Cl zinc:Zn mercury:Hg sulfur:S neon:Ne lithium:Li magnesium:Mg nickel:Ni silicon:Si uranium:U iodine:I platinum:Pt'
const opposites =
  'hot:cold big:small|little up:down fast:slow light:dark|heavy happy:sad|unhappy old:young|new rich:poor hard:soft|easy open:closed|close|shut early:late strong:weak full:empty wet:dry clean:dirty left:right love:hate day:night black:white good:bad first:last long:short high:low thick:thin loud:quiet|soft true:false begin:end win:lose push:pull inside:outside near:far tall:short sweet:bitter|sour buy:sell friend:enemy|foe'
const authors =
  'Romeo_and_Juliet:Shakespeare Hamlet:Shakespeare Pride_and_Prejudice:Austen Oliver_Twist:Dickens War_and_Peace:Tolstoy Don_Quixote:Cervantes The_Odyssey:Homer 1984:Orwell Animal_Farm:Orwell Moby-Dick:Melville Frankenstein:Shelley Dracula:Stoker The_Hobbit:Tolkien Faust:Goethe Crime_and_Punishment:Dostoevsky|Dostoyevsky The_Metamorphosis:Kafka Les_Misérables:Hugo Emma:Austen Great_Expectations:Dickens The_Old_Man_and_the_Sea:Hemingway Jane_Eyre:Brontë|Bronte Treasure_Island:Stevenson Ulysses:Joyce The_Divine_Comedy:Dante Anna_Karenina:Tolstoy'
const currencies =
  'Japan:yen China:yuan|renminbi India:rupee Mexico:peso Russia:ruble|rouble Sweden:krona|kronor Norway:krone|kroner Poland:zloty|złoty Switzerland:franc Thailand:baht Brazil:real Turkey:lira Denmark:krone|kroner Hungary:forint Israel:shekel Vietnam:dong Korea:won Nigeria:naira Ghana:cedi Kenya:shilling'
const continents =
  'Kenya:Africa Brazil:South_America Japan:Asia Germany:Europe Canada:North_America Egypt:Africa India:Asia Peru:South_America France:Europe Mexico:North_America Nigeria:Africa Thailand:Asia Chile:South_America Spain:Europe Cuba:North_America Ghana:Africa Nepal:Asia Norway:Europe Vietnam:Asia Zambia:Africa'
const yes =
  'Is water wet?|Is a whale a mammal?|Is Paris in France?|Is ice cold?|Is the sun a star?|Is a dog an animal?|Do birds have wings?|Is gold a metal?|Is English a language?|Is the Pacific an ocean?|Do fish live in water?|Is a rose a flower?|Is Tokyo in Japan?|Is snow white?|Do cows give milk?|Is a violin an instrument?|Is Mars a planet?|Do spiders have eight legs?|Is bread a food?|Is the Nile a river?|Is iron magnetic?|Is a carrot a vegetable?|Can eagles fly?|Is Mount Everest a mountain?|Do bees make honey?|Is a triangle a shape?|Is oxygen a gas?|Is chess a game?|Is Africa a continent?|Do trees have leaves?'
const no =
  'Is the sun cold?|Is a shark a bird?|Is Paris in Italy?|Can stones swim?|Is the moon a star?|Is a cat a plant?|Do snakes have legs?|Is wood a metal?|Is fire cold?|Is the Atlantic a river?|Do fish have feathers?|Is a banana an animal?|Is Tokyo in China?|Is coal white?|Do chairs breathe?|Is a piano a fruit?|Is Venus a city?|Do spiders have two legs?|Is glass a food?|Is the Amazon an ocean?|Is plastic alive?|Is an apple a vegetable oil?|Can elephants fly?|Is Mount Everest a lake?|Do bees make milk?|Is a circle a number?|Is ice a gas?|Is football a drink?|Is Europe a planet?|Do rocks have leaves?'
const good =
  'wonderful excellent delightful superb fantastic lovely brilliant charming perfect amazing great outstanding enjoyable impressive marvellous pleasant'
const bad =
  'terrible awful boring dreadful horrible disappointing poor disgusting miserable annoying useless dull broken unpleasant lousy pathetic'
const things = 'film book hotel meal service concert trip phone game lesson play cafe museum song coat printer'
const names =
  'Anna Ben Carla Daniel Eva Frank Greta Harold Irene Jacob Karen Leo Martha Nils Olga Peter Ruth Simon Tessa Victor'
const cities = 'Oslo Rome Lima Cairo Dublin Vienna Boston Madrid Sydney Toronto Geneva Prague Lyon Porto Seville Bergen'
const words =
  'river garden silver window market candle bridge forest kettle orange paper summer planet button castle mirror dragon winter pencil island'

/** Half of the entries of a list belong to each set, by their own hash. */
const isMine = entry => (createHash('sha256').update(entry).digest()[0] % 3 === 0) === (values.set === 'evaluation')
const list = (text, by = ' ') => text.split(by).filter(isMine)
const pairs = text => list(text).map(entry => entry.split(':').map(word => word.replaceAll('_', ' ')))
const facts = [
  [
    pairs(capitals),
    ([country]) => [
      `What is the capital of ${country}?`,
      `Which city is the capital of ${country}? Answer with the city only.`,
    ],
  ],
  [pairs(symbols), ([metal]) => [`What is the chemical symbol of ${metal}? Answer with the symbol only.`]],
  [
    pairs(opposites),
    ([word]) => [`What is the opposite of "${word}"? Answer with one word.`, `Give an antonym of "${word}".`],
  ],
  [pairs(authors), ([book]) => [`Who wrote "${book}"?`, `Name the author of "${book}".`]],
  [pairs(currencies), ([country]) => [`What is the currency of ${country}? Answer with one word.`]],
  [pairs(continents), ([country]) => [`On which continent is ${country}?`]],
]
const random = seeded(values.set === 'fit' ? 7 : 8)
const below = count => Math.floor(random() * count)
const pick = items => items[below(items.length)]
const mine = {
  yes: list(yes, '|'),
  no: list(no, '|'),
  good: list(good),
  bad: list(bad),
  things: list(things),
  names: list(names),
  cities: list(cities),
  words: list(words),
}
const number = digits => 10 ** (digits - 1) + below(9 * 10 ** (digits - 1))

const kinds = {
  fact() {
    const [entries, ask] = pick(facts.filter(([some]) => some.length > 0))
    const entry = pick(entries)
    return { text: pick(ask(entry)), expected: entry[1], comparator: 'mentions' }
  },
  arithmetic() {
    const [first, second, sign] = [number(1 + below(4)), number(1 + below(3)), pick(['+', '+', '-', '*'])]
    if (sign === '*' && first > 99) return undefined
    const result = sign === '+' ? first + second : sign === '-' ? first - second : first * second
    if (result < 0 || !isMine(`${first}${sign}${second}`)) return undefined
    const ask = pick(['What is {}?', 'Calculate {}. Answer with the number only.', '{} = ?'])
    return { text: ask.replace('{}', `${first} ${sign} ${second}`), expected: String(result), comparator: 'number' }
  },
  yesNo() {
    const right = pick(['yes', 'no'])
    const expected = right === 'yes' ? 'yes|no' : 'no|yes'
    return { text: `${pick(mine[right])} Answer yes or no.`, expected, comparator: 'choice' }
  },
  compare() {
    const [one, other] = [number(1 + below(4)), number(1 + below(4))]
    if (one === other || !isMine(`${one}?${other}`)) return undefined
    const [word, result] = pick([
      ['larger', Math.max(one, other)],
      ['smaller', Math.min(one, other)],
    ])
    return {
      text: `Which number is ${word}, ${one} or ${other}? Answer with the number only.`,
      expected: String(result),
      comparator: 'number',
    }
  },
  sentiment() {
    const right = pick(['positive', 'negative'])
    const expected = right === 'positive' ? 'positive|negative' : 'negative|positive'
    const word = pick(right === 'positive' ? mine.good : mine.bad)
    const text = pick([
      `The ${pick(mine.things)} was ${word}.`,
      `I found the ${pick(mine.things)} ${word}, and so did my friends.`,
      `What a ${word} ${pick(mine.things)}!`,
    ])
    return {
      text: `Is this review positive or negative? Answer with one word.\n${text}`,
      expected,
      comparator: 'choice',
    }
  },
  extract() {
    const [name, city, year] = [pick(mine.names), pick(mine.cities), 1850 + below(170)]
    const text = `${name} moved to ${city} in ${year} and opened a small shop there.`
    const [what, expected] = pick([
      ['year', `${year}|${name}|${city}`],
      ['city', `${city}|${name}|${year}`],
      ['name of the person', `${name}|${city}|${year}`],
    ])
    return {
      text: `What is the ${what} in this sentence? Answer with it only.\n${text}`,
      expected,
      comparator: 'choice',
    }
  },
  sequence() {
    const [first, step] = [1 + below(30), 1 + below(9)]
    if (!isMine(`${first}..${step}`)) return undefined
    const shown = [0, 1, 2, 3].map(place => first + place * step)
    return {
      text: `Which number comes next: ${shown.join(', ')}? Answer with the number only.`,
      expected: String(first + 4 * step),
      comparator: 'number',
    }
  },
  format() {
    const word = pick(mine.words)
    return pick([
      {
        text: `Write the word "${word}" in capital letters. Write nothing else.`,
        expected: word.toUpperCase(),
        comparator: 'exact',
      },
      { text: `Repeat exactly this word and write nothing else: ${word}`, expected: word, comparator: 'exact' },
      {
        text: `What is the first letter of the word "${word}"? Answer with the letter only.`,
        expected: word[0],
        comparator: 'mentions',
      },
      {
        text: `How many letters does the word "${word}" have? Answer with the number only.`,
        expected: String(word.length),
        comparator: 'number',
      },
      {
        text: `Write a JSON object with one key "word" whose value is "${word}". Write nothing else.`,
        expected: `{"word":"${word}"}`,
        comparator: 'json',
      },
    ])
  },
}
/** Facts and sums are what people ask most; of short lists there are fewer questions than their share. */
const shares = { fact: 6, arithmetic: 5, yesNo: 2, compare: 2, sentiment: 2, extract: 3, sequence: 2, format: 3 }
const turns = Object.entries(shares).flatMap(([kind, share]) => Array.from({ length: share }, () => kind))

const questions = new Map()
const made = new Map()
for (let tries = 0; questions.size < Number(values.count) && tries < 50 * Number(values.count); tries += 1) {
  const group = pick(turns)
  const full = (made.get(group) ?? 0) >= (shares[group] / turns.length) * Number(values.count)
  const question = full ? undefined : kinds[group]()
  if (question === undefined) continue
  const id = `${values.set}-${createHash('sha256').update(question.text).digest('hex').slice(0, 12)}`
  if (questions.has(id)) continue
  questions.set(id, { id, task: 'generate', modality: 'text', group, ...question })
  made.set(group, (made.get(group) ?? 0) + 1)
}
writeFileSync(values.out, `${JSON.stringify([...questions.values()], null, 1)}\n`)
process.stderr.write(`${questions.size} questions\n`)
