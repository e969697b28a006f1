// Makes deploy/demo: spoken numbers out of a folder with the Free Spoken Digit Dataset, and pictures of text out of
// SVG. node scripts/make-demo-inputs.mjs --recordings FOLDER. The same folder and fonts give the same files.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { draw, speak } from './policies/draw-and-speak.mjs'

const { values } = parseArgs({ options: { recordings: { type: 'string' } } })
if (values.recordings === undefined) throw new Error('--recordings FOLDER is missing')
const folder = fileURLToPath(new URL('../deploy/demo', import.meta.url))
for (const kind of ['audio', 'images']) mkdirSync(join(folder, kind), { recursive: true })

const classify = (id, text, options, expected) => ({
  id,
  task: 'classify',
  modality: 'text',
  text,
  ...options,
  ...(expected === undefined ? {} : { expected, comparator: 'label' }),
})
const subject = { labelSet: 'academic-subject' }

/** Calibration uses the other takes. */
const takes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

const spoken = [
  { name: 'one-digit', digits: '7', speakers: ['jackson'], take: 0, pauseMs: 60, noise: 0 },
  { name: 'two-digits', digits: '42', speakers: ['jackson'], take: 1, pauseMs: 200, noise: 0 },
  { name: 'three-digits', digits: '815', speakers: ['jackson'], take: 2, pauseMs: 150, noise: 0 },
  { name: 'four-digits', digits: '2760', speakers: ['theo'], take: 3, pauseMs: 120, noise: 0 },
  { name: 'accent', digits: '39461', speakers: ['nicolas'], take: 4, pauseMs: 100, noise: 0 },
  { name: 'two-speakers', digits: '90513', speakers: ['jackson', 'yweweler'], take: 5, pauseMs: 100, noise: 0.01 },
  { name: 'noisy', digits: '586204', speakers: ['theo'], take: 6, pauseMs: 80, noise: 0.06 },
  { name: 'crowd', digits: '174938', speakers: ['nicolas', 'theo', 'yweweler'], take: 7, pauseMs: 60, noise: 0.1 },
]

const receipt = [
  'CORNER BAKERY',
  '14 Mill Lane',
  'Rye bread        3.40',
  'Plum cake        2.75',
  'Coffee, large    3.10',
  'TOTAL            9.25',
  'Thank you!',
]
const page = [
  'Release notes',
  'Version 4.2 reads settings from one file.',
  'Old keys still work until the next release.',
  'Run the check command before you restart.',
]
const drawn = [
  { name: 'headline', lines: ['Harbour opens at noon'], width: 640, height: 96, size: 42 },
  {
    name: 'serif',
    lines: ['The quick brown fox', 'jumps over the lazy dog'],
    width: 560,
    height: 120,
    size: 34,
    font: 'DejaVu Serif',
  },
  {
    name: 'road-sign',
    lines: ['Northbridge 12', 'Airport 7'],
    width: 420,
    height: 170,
    size: 44,
    ink: '#fff',
    paper: '#0a4f9e',
  },
  {
    name: 'receipt',
    lines: receipt,
    width: 360,
    height: 300,
    size: 22,
    font: 'DejaVu Sans Mono',
    ink: '#333',
    paper: '#f4f1e8',
    noise: 40,
    turn: 2,
  },
  { name: 'screenshot', lines: page, width: 900, height: 140, size: 19, quality: 70 },
  { name: 'small-print', top: 400, left: 480, lines: page, width: 1600, height: 1000, size: 11 },
  {
    name: 'faint',
    lines: ['Store in a cool dry place'],
    width: 620,
    height: 90,
    size: 36,
    ink: '#c9c9c9',
    paper: '#dedede',
    noise: 30,
  },
  { name: 'blurred', lines: ['Platform 9 departs 18:45'], width: 620, height: 90, size: 34, blur: 3.2 },
  { name: 'artefacts', lines: ['Serial QX-7731-B', 'Made in 2024'], width: 420, height: 110, size: 28, quality: 6 },
  {
    name: 'slanted',
    top: 90,
    lines: ['Fragile: this side up'],
    width: 620,
    height: 300,
    size: 40,
    turn: 14,
    blur: 1.2,
  },
]

// Own wording. A question without an expected answer shows what is done with one that fits no label well.
const questions = [
  classify(
    'photosynthesis',
    'Which part of a plant cell holds the chlorophyll that captures light?',
    subject,
    'biology',
  ),
  classify(
    'titration',
    'How many moles of sodium hydroxide neutralise 25 mL of 0.2 M sulfuric acid?',
    subject,
    'chemistry',
  ),
  classify('pendulum', 'A pendulum is taken to the Moon. How does its period of swing change?', subject, 'physics'),
  classify('contract', 'Is an offer still open after the offeree has made a counter-offer?', subject, 'law'),
  classify(
    'utilitarian',
    'On what grounds might a utilitarian defend keeping a promise that does more harm than good?',
    subject,
    'philosophy',
  ),
  classify(
    'mixed-models',
    'A firm discounts the heat lost by its pipes over ten years. Which insulation pays for itself first?',
    subject,
  ),
  classify(
    'support-refund',
    'I was charged twice for the same order, please send one payment back.',
    { labels: ['refund', 'delivery', 'account access', 'praise'] },
    'refund',
  ),
  classify(
    'support-login',
    'The code that you text me never works, so I cannot get in.',
    { labels: ['refund', 'delivery', 'account access', 'praise'] },
    'account access',
  ),
  classify(
    'mood',
    'Well, that went exactly as well as everyone feared.',
    { labels: ['positive', 'negative', 'neutral'] },
    'negative',
  ),
]

// For the language models. Those with a least quality start at the smallest and escalate until P(correct) reaches it.
function ask(id, text, expected, comparator, minQuality) {
  const least = minQuality === undefined ? {} : { minQuality }
  return { id, task: 'generate', modality: 'text', text, ...least, expected, comparator }
}
const asked = [
  ask('capital', 'What is the capital of Norway?', 'Oslo', 'mentions'),
  ask('capital-far', 'Which city is the capital of Ethiopia? Answer with the city only.', 'Addis Ababa', 'mentions'),
  ask('symbol', 'What is the chemical symbol of silver? Answer with the symbol only.', 'Ag', 'mentions'),
  ask('author', 'Who wrote "The Hobbit"?', 'Tolkien', 'mentions'),
  ask('opposite', 'What is the opposite of "fast"? Answer with one word.', 'slow', 'mentions', 0.6),
  ask(
    'year',
    'What is the year in this sentence? Answer with it only.\nBen moved to Porto in 1970 and opened a small shop there.',
    '1970|Ben|Porto',
    'choice',
    0.6,
  ),
  ask(
    'city',
    'What is the city in this sentence? Answer with it only.\nDaniel moved to Porto in 1924 and opened a small shop there.',
    'Porto|Daniel|1924',
    'choice',
    0.6,
  ),
  ask(
    'person',
    'What is the name of the person in this sentence? Answer with it only.\nRuth moved to Porto in 2005 and opened a small shop there.',
    'Ruth|Porto|2005',
    'choice',
    0.6,
  ),
  ask(
    'review-bad',
    'Is this review positive or negative? Answer with one word.\nI found the museum dreadful, and so did my friends.',
    'negative|positive',
    'choice',
    0.6,
  ),
  ask(
    'review-good',
    'Is this review positive or negative? Answer with one word.\nWhat a delightful lesson!',
    'positive|negative',
    'choice',
    0.6,
  ),
  ask('sum-small', 'Calculate 9 + 1. Answer with the number only.', '10', 'number', 0.6),
  ask('sum', 'What is 58 + 1?', '59', 'number', 0.6),
  ask('larger', 'Which number is larger, 934 or 72? Answer with the number only.', '934', 'number', 0.6),
  ask(
    'json',
    'Write a JSON object with one key "word" whose value is "orange". Write nothing else.',
    '{"word":"orange"}',
    'json',
    0.6,
  ),
]

const inputs = [
  ...spoken.map(one => speak(folder, values.recordings, takes, one)),
  ...(await Promise.all(drawn.map(one => draw(folder, one)))),
  ...questions,
  ...asked,
]
writeFileSync(join(folder, 'inputs.json'), `${JSON.stringify(inputs, undefined, 2)}\n`)
process.stdout.write(`${inputs.length} inputs\n`)
