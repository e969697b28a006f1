// Makes the inputs over which the ladders are run to calibrate their policies: spoken numbers and pictures of text, none of them in the demo.
// node test/bench/make-calibration-inputs.mjs --recordings FOLDER --out FOLDER [--count 300] [--seed 1]
// Writes FOLDER/inputs.json in the format of deploy/demo/inputs.json.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { draw, seeded, speak } from '../../scripts/draw-and-speak.mjs'

const { values } = parseArgs({
  options: {
    recordings: { type: 'string' },
    out: { type: 'string' },
    count: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
  },
})
const { recordings, out } = values
if (recordings === undefined || out === undefined) throw new Error('--recordings FOLDER and --out FOLDER are needed')
for (const kind of ['audio', 'images']) mkdirSync(join(out, kind), { recursive: true })

const random = seeded(Number(values.seed))
const between = (least, most) => least + random() * (most - least)
const oneOf = list => list[Math.floor(random() * list.length)]
const many = (least, most, make) => Array.from({ length: Math.floor(between(least, most + 1)) }, make)

/** The demo uses takes 0 to 9. */
const takes = Array.from({ length: 15 }, (_, index) => index + 10)
const speakers = ['jackson', 'nicolas', 'theo', 'yweweler']
const words =
  'amber bridge candle distant early forest gentle harvest island journal kettle lantern market northern orchard paper quarter river silver timber under velvet window yellow copper garden signal ticket'.split(
    ' ',
  )

function spokenNumber(index) {
  const digits = many(1, 6, () => Math.floor(random() * 10)).join('')
  return {
    name: `spoken-${String(index).padStart(4, '0')}`,
    digits,
    speakers: many(1, 2, () => oneOf(speakers)),
    take: Math.floor(random() * takes.length),
    pauseMs: between(40, 200),
    noise: random() < 0.5 ? 0 : between(0.005, 0.12),
  }
}

function wordOrNumber() {
  if (random() < 0.2) return String(Math.floor(between(2, 9999)))
  const word = oneOf(words)
  return random() < 0.4 ? word[0].toUpperCase() + word.slice(1) : word
}

/** About half are easy; the rest have one or more of what makes reading hard. */
function picture(index) {
  const hard = random() < 0.55
  const size = Math.round(hard ? between(10, 40) : between(24, 48))
  const lines = many(1, 5, () => many(2, 5, wordOrNumber).join(' '))
  const longest = Math.max(...lines.map(line => line.length))
  const turn = hard && random() < 0.3 ? between(-15, 15) : 0
  const width = Math.round(longest * size * 0.75 + 80)
  // A turned text leaves its lines: as much room above and below as its ends rise.
  const rise = Math.abs(Math.sin((turn * Math.PI) / 180)) * width * 0.5
  const light = Math.round(between(150, 215))
  const grey = `rgb(${light},${light},${light})`
  return {
    name: `picture-${String(index).padStart(4, '0')}`,
    lines,
    width,
    height: Math.round(lines.length * size * 1.5 + size * 1.5 + rise * 2),
    size,
    top: rise,
    left: 40,
    turn,
    font: oneOf(['DejaVu Sans', 'DejaVu Serif', 'DejaVu Sans Mono']),
    ink: hard && random() < 0.35 ? grey : '#151515',
    paper: oneOf(['#ffffff', '#f3efe2', '#e6edf5']),
    blur: hard && random() < 0.4 ? between(0.8, size / 9 + 0.8) : 0,
    noise: hard && random() < 0.35 ? between(15, 110) : 0,
    quality: random() < 0.4 ? Math.round(between(hard ? 4 : 50, 80)) : 0,
  }
}

const indexes = Array.from({ length: Number(values.count) }, (_, index) => index)
const spoken = indexes.map(spokenNumber)
const pictures = indexes.map(picture)
const rows = spoken.map(one => speak(out, recordings, takes, one))
// One after the other: many renderings at once only crowd each other out.
for (const one of pictures) rows.push(await draw(out, one))
writeFileSync(join(out, 'inputs.json'), `${JSON.stringify(rows, undefined, 2)}\n`)
process.stdout.write(`${rows.length} inputs in ${out}\n`)
