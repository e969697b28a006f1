// Makes inputs with known answers, over which the ladders of speech and text in pictures are run to calibrate and to
// measure their policies:   node scripts/policies/make-calibration-inputs.mjs --recordings FOLDER --out FOLDER [--set
// fit|evaluation] [--spoken 300] [--pictures 300] [--seed 1] Writes FOLDER/inputs.json in the format of
// deploy/demo/inputs.json; `scripts/policies/gather-outcomes.mjs` takes it. Speakers, voices, fonts and words of the
// set `evaluation` are none of those of `fit`. The recordings are those of the Free Spoken Digit Dataset (CC BY-SA
// 4.0); sentences and some numbers are spoken by flite and espeak-ng where these are on PATH.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { draw, say, seeded, speak } from './draw-and-speak.mjs'

const { values } = parseArgs({
  options: {
    recordings: { type: 'string' },
    out: { type: 'string' },
    set: { type: 'string', default: 'fit' },
    spoken: { type: 'string', default: '300' },
    pictures: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
  },
})
const { recordings, out } = values
const words = text => text.split(' ')

/** Voices of the programs that are here; flite's are those of people, so they are taken more often. */
function voicesOf(flite, espeak) {
  const here = program => spawnSync(program, ['--version']).error === undefined
  return [
    ...(here('flite') ? [...flite, ...flite, ...flite].map(name => `flite:${name}`) : []),
    ...(here('espeak-ng') ? espeak.map(name => `espeak-ng:${name}`) : []),
  ]
}

const sets = {
  fit: {
    speakers: ['jackson', 'nicolas', 'theo'],
    voices: voicesOf(['slt', 'awb', 'kal16'], ['en-us', 'en-us+f2', 'en-us+m3', 'en-gb', 'en-gb+f4']),
    // Those that are not installed are drawn in another one.
    fonts: words(
      'DejaVu-Sans DejaVu-Sans-Mono DejaVu-Serif Liberation-Sans Liberation-Mono Roboto Lato Open-Sans Carlito Caladea Noto-Sans Fira-Code FreeSans FreeMono Inconsolata',
    ).map(name => name.replaceAll('-', ' ')),
    names: 'Anna Ben Carla Daniel Eva Frank Greta Harold Irene Jacob Karen Leo',
    things:
      'amber bridge candle distant early forest gentle harvest island journal kettle lantern market northern orchard paper quarter river silver timber',
    verbs: 'finds carries paints repairs leaves watches opens buys',
    places: 'the harbour the station the old mill the garden the library the valley',
    deeds: [
      'missed the train to the city this morning',
      'is cooking dinner for her friends tonight',
      'left the keys on the kitchen table',
      'would like to change the date of the meeting',
      'asked for a quiet room near the garden',
      'has never been to the museum before',
      'forgot to close the window last night',
      'wants to buy a present for his brother',
      'will pick up the children after school',
      'found an old letter in the drawer',
      'is waiting for a call from the doctor',
      'painted the front door dark green',
    ],
    openings: ['I think', 'My brother says', 'We heard that', 'Everybody knows', 'It seems that', 'Yesterday'],
  },
  evaluation: {
    speakers: ['yweweler'],
    voices: voicesOf(['rms'], ['en-us+m7', 'en-gb-x-rp']),
    fonts: [
      'Liberation Serif',
      'DejaVu Sans Condensed',
      'Liberation Sans Narrow',
      'FreeSerif',
      'Noto Serif',
      'Cantarell',
    ],
    names: 'Martha Nils Olga Peter Ruth Simon Tessa Victor',
    things:
      'under velvet window yellow copper garden signal ticket basket chimney dolphin engine feather granite hammer insect jacket kitchen ladder mirror',
    verbs: 'cleans hides lifts measures sends keeps draws counts',
    places: 'the museum the kitchen the airport the village the bakery the theatre',
    deeds: [
      'lost a glove on the way to work',
      'is going to sell the small boat in spring',
      'took the wrong bus and came home late',
      'wants to learn the piano before winter',
      'has to return three books on Monday',
      'saw a fox behind the house',
      'would rather stay at home this weekend',
      'booked a table for six people',
    ],
    openings: ['I believe', 'The teacher told us', 'Somebody mentioned that', 'As far as I know', 'Last week'],
  },
}
const set = sets[values.set]
if (recordings === undefined || out === undefined || set === undefined) {
  throw new Error('--recordings FOLDER and --out FOLDER are needed, and --set is fit or evaluation')
}
for (const kind of ['audio', 'images']) mkdirSync(join(out, kind), { recursive: true })
if (set.voices.length === 0) process.stderr.write('neither flite nor espeak-ng is on PATH: no sentences are spoken\n')

const random = seeded(Number(values.seed))
const between = (least, most) => least + random() * (most - least)
const oneOf = list => list[Math.floor(random() * list.length)]
const some = (least, most, make) => Array.from({ length: Math.floor(between(least, most + 1)) }, make)
const chance = ratio => random() < ratio
const [things, names, verbs] = [words(set.things), words(set.names), words(set.verbs)]
const places = set.places.split(/ (?=the )/u)

/** The demo uses takes 0 to 9. */
const takes = Array.from({ length: 15 }, (_, index) => index + 10)

function sentence() {
  const who = oneOf(names)
  const what = `the ${oneOf(things)} ${oneOf(things)}`
  const end = chance(0.5) ? ` and the ${oneOf(things)} behind ${oneOf(places)}` : ` near ${oneOf(places)}`
  return `${who} ${oneOf(verbs)} ${what}${chance(0.7) ? end : ''}`
}

/** What a person might say; made-up sentences that mean nothing are heard by nobody. */
function spokenWords() {
  const start = chance(0.5) ? `${oneOf(set.openings)} ` : ''
  return `${start}${oneOf(names)} ${oneOf(set.deeds)}`
}

/** Half of them are clean, as somebody says a number to a machine. */
function spokenNumber(index) {
  const easy = chance(0.5)
  return {
    name: `${values.set}-spoken-${String(index).padStart(4, '0')}`,
    digits: some(1, 8, () => Math.floor(random() * 10)).join(''),
    speakers: some(1, 2, () => oneOf(set.speakers)),
    take: Math.floor(random() * takes.length),
    pauseMs: between(20, 320),
    noise: easy || chance(0.4) ? 0 : between(0.005, 0.14),
    speed: easy || chance(0.5) ? 1 : between(0.8, 1.35),
    babble: !easy && chance(0.3) ? between(0.05, 0.3) : 0,
  }
}

function spokenSentence(index) {
  return {
    name: `${values.set}-sentence-${String(index).padStart(4, '0')}`,
    text: some(1, 2, spokenWords).join('. '),
    voice: oneOf(set.voices),
    wordsPerMinute: Math.round(between(125, 185)),
    noise: chance(0.6) ? 0 : between(0.002, 0.06),
  }
}

/** Digits in one breath, as a synthesiser speaks them. */
function sayNumber(index) {
  const digits = some(1, 7, () => Math.floor(random() * 10)).join('')
  return {
    name: `${values.set}-said-${String(index).padStart(4, '0')}`,
    text: digits.split('').join(', '),
    expected: digits,
    comparator: 'exact-digits',
    voice: oneOf(set.voices),
    wordsPerMinute: Math.round(between(120, 180)),
    noise: chance(0.6) ? 0 : between(0.002, 0.06),
  }
}

function figures() {
  const amount = () => `${Math.floor(between(1, 9999))}.${String(Math.floor(between(0, 100))).padStart(2, '0')}`
  const two = () => String(Math.floor(between(1, 60))).padStart(2, '0')
  return oneOf([
    () => `${oneOf(things)} ${amount()}`,
    () => `Total ${oneOf(['$', '€', ''])}${amount()}`,
    () => `${oneOf(['Balance', 'Refund', 'Change'])} -${amount()}`,
    () =>
      `20${two()}-${String(Math.floor(between(1, 13))).padStart(2, '0')}-${two().slice(0, 1)}${Math.floor(between(0, 9))}`,
    () => `${two()}:${two()} ${oneOf(names)}`,
    () => `${oneOf(['QX', 'AB', 'ZT'])}-${Math.floor(between(1000, 9999))}-${oneOf(['A', 'B', 'K'])}`,
    () => `+${two()} ${Math.floor(between(100, 999))} ${Math.floor(between(10_000, 99_999))}`,
    () => `${oneOf(names).toLowerCase()}@${oneOf(things)}.example`,
    () => `${Math.floor(between(1, 100))} % of ${Math.floor(between(2, 900))}`,
  ])()
}

function lineOf() {
  if (chance(0.3)) return figures()
  if (chance(0.3)) return sentence()
  const line = some(1, 5, () => oneOf(chance(0.15) ? names : things)).join(' ')
  return chance(0.15) ? line.toUpperCase() : chance(0.4) ? line[0].toUpperCase() + line.slice(1) : line
}

/** About half are easy; the rest have one or more of what makes reading hard. */
function picture(index) {
  const hard = chance(0.55)
  const size = Math.round(hard ? between(9, 44) : between(22, 52))
  const lines = some(1, 4, lineOf)
  const longest = Math.max(...lines.map(line => line.length))
  const turn = hard && chance(0.3) ? between(-15, 15) : 0
  const width = Math.round(longest * size * 0.75 + 80)
  // A turned text leaves its lines: as much room above and below as its ends rise.
  const rise = Math.abs(Math.sin((turn * Math.PI) / 180)) * width * 0.5
  const light = Math.round(between(140, 215))
  const grey = `rgb(${light},${light},${light})`
  const [ink, paper] = chance(0.15)
    ? [oneOf(['#fff', '#ffe9a8', '#d8f0ff']), oneOf(['#101010', '#17324d', '#3b1f2b'])]
    : [hard && chance(0.35) ? grey : oneOf(['#151515', '#23305e', '#5a1a1a']), oneOf(['#fff', '#f3efe2', '#e6edf5'])]
  return {
    name: `${values.set}-picture-${String(index).padStart(4, '0')}`,
    lines,
    width,
    height: Math.round(lines.length * size * 1.5 + size * 1.5 + rise * 2),
    size,
    top: rise,
    left: 40,
    turn,
    font: oneOf(set.fonts),
    style: chance(0.25) ? oneOf(['bold', 'italic']) : '',
    ink,
    paper,
    blur: hard && chance(0.4) ? between(0.8, size / 9 + 0.8) : 0,
    noise: hard && chance(0.35) ? between(15, 110) : 0,
    quality: chance(0.4) ? Math.round(between(hard ? 4 : 50, 80)) : 0,
  }
}

const indexes = count => Array.from({ length: Number(count) }, (_, index) => index)
const rows = []
for (const index of indexes(values.spoken)) {
  const kind = set.voices.length === 0 ? 0 : index % 6
  if (kind < 3) rows.push(speak(out, recordings, takes, spokenNumber(index)))
  else rows.push(say(out, kind === 3 ? sayNumber(index) : spokenSentence(index)))
}
// One after the other: many renderings at once only crowd each other out.
for (const index of indexes(values.pictures)) rows.push(await draw(out, picture(index)))
writeFileSync(join(out, 'inputs.json'), `${JSON.stringify(rows, undefined, 2)}\n`)
process.stdout.write(`${rows.length} inputs in ${out}\n`)
