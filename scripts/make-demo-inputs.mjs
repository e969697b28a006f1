// Makes deploy/demo: spoken numbers out of a folder with the Free Spoken Digit Dataset, and pictures of text out of SVG.
// node scripts/make-demo-inputs.mjs --recordings FOLDER. The same folder and fonts give the same files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import sharp from 'sharp'

const { values } = parseArgs({ options: { recordings: { type: 'string' } } })
if (values.recordings === undefined) throw new Error('--recordings FOLDER is missing')
const folder = fileURLToPath(new URL('../deploy/demo', import.meta.url))
for (const kind of ['audio', 'images']) mkdirSync(join(folder, kind), { recursive: true })

/** Numbers in [0,1) that are the same each time. @source mulberry32, Tommy Ettinger, public domain */
function seeded(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const rateHz = 8000

/** Samples of one recording: canonical WAV, mono, 16 bit, 8 kHz. */
function recording(digit, speaker, take) {
  const bytes = readFileSync(join(values.recordings, `${digit}_${speaker}_${take}.wav`))
  const at = bytes.indexOf('data') + 8
  return Array.from({ length: (bytes.length - at) >> 1 }, (_, index) => bytes.readInt16LE(at + 2 * index))
}

/** One number spoken digit by digit; `noise` is the share of the loudest sample. Demo takes are 0 to 9: calibration uses the others. */
function speak({ name, digits, speakers, take, pauseMs, noise }) {
  const random = seeded(digits.length * 1000 + take)
  const pause = Array(Math.round((rateHz * pauseMs) / 1000)).fill(0)
  const said = [...digits].flatMap((digit, index) => [
    ...recording(digit, speakers[index % speakers.length], (take + index) % 10),
    ...pause,
  ])
  const lead = Array(rateHz / 4).fill(0)
  const samples = [...lead, ...said, ...lead]
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1)
  const body = Buffer.alloc(samples.length * 2)
  samples.forEach((sample, index) => {
    const heard = (sample / loudest) * 0.8 + (random() + random() - 1) * noise
    body.writeInt16LE(Math.round(Math.max(-1, Math.min(1, heard)) * 32767), index * 2)
  })
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + body.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(rateHz, 24)
  header.writeUInt32LE(rateHz * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(body.length, 40)
  const file = `audio/${name}.wav`
  writeFileSync(join(folder, file), Buffer.concat([header, body]))
  return {
    id: name,
    task: 'transcribe',
    modality: 'audio',
    file,
    expected: digits,
    comparator: 'exact-digits',
  }
}

const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** Lines of text as an image, made hard by what `how` says. */
async function draw({
  name,
  lines,
  width,
  height,
  size,
  font = 'DejaVu Sans',
  ink = '#111',
  paper = '#fff',
  extra = '',
  ...how
}) {
  const { blur = 0, noise = 0, quality = 0, turn = 0, left = 24 } = how
  const spans = lines.map((line, index) => {
    const y = Math.round(size * 1.5 + index * size * 1.5)
    return `<text x="${left}" y="${y}" font-family="${font}" font-size="${size}" fill="${ink}" xml:space="preserve">${escape(line)}</text>`
  })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${paper}"/>${extra}<g transform="rotate(${turn} ${width / 2} ${height / 2})">${spans.join('')}</g></svg>`
  let image = sharp(Buffer.from(svg)).removeAlpha()
  if (blur > 0) image = image.blur(blur)
  if (noise > 0) {
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
    const random = seeded(name.length * 7919 + width)
    for (let index = 0; index < data.length; index += 1) {
      data[index] = Math.max(0, Math.min(255, data[index] + (random() + random() - 1) * noise))
    }
    image = sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
  }
  const file = `images/${name}.${quality > 0 ? 'jpg' : 'png'}`
  await (quality > 0 ? image.jpeg({ quality }) : image.png({ palette: noise === 0, compressionLevel: 9 })).toFile(
    join(folder, file),
  )
  return { id: name, task: 'read', modality: 'image', file, expected: lines.join('\n'), comparator: 'text' }
}

const classify = (id, text, options, expected) => ({
  id,
  task: 'classify',
  modality: 'text',
  text,
  ...options,
  ...(expected === undefined ? {} : { expected, comparator: 'label' }),
})
const subject = { labelSet: 'academic-subject' }

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
  { name: 'small-print', lines: page, width: 1600, height: 1000, size: 11 },
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
  { name: 'slanted', lines: ['Fragile: this side up'], width: 620, height: 300, size: 40, turn: 14, blur: 1.2 },
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

const inputs = [...spoken.map(speak), ...(await Promise.all(drawn.map(draw))), ...questions]
writeFileSync(join(folder, 'inputs.json'), `${JSON.stringify(inputs, undefined, 2)}\n`)
process.stdout.write(`${inputs.length} inputs\n`)
