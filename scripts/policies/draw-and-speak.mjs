// Spoken numbers and pictures of text for the demo and for calibration: the same arguments give the same bytes.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

/** Numbers in [0,1) that are the same each time. @source mulberry32, Tommy Ettinger, public domain */
export function seeded(seed) {
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
function recording(recordings, digit, speaker, take) {
  const bytes = readFileSync(join(recordings, `${digit}_${speaker}_${take}.wav`))
  const at = bytes.indexOf('data') + 8
  return Array.from({ length: (bytes.length - at) >> 1 }, (_, index) => bytes.readInt16LE(at + 2 * index))
}

/**
 * One number spoken digit by digit, as a WAV in `folder`. `noise` is its share of full scale; `recordings` holds the
 * single digits; `takes` are those that may be used. `speed` is a ratio; `babble` is the level of another voice
 * beneath, as a ratio to this one.
 */
export function speak(
  folder,
  recordings,
  takes,
  { name, digits, speakers, take, pauseMs, noise, speed = 1, babble = 0 },
) {
  const random = seeded(digits.length * 1000 + take)
  const pause = Array(Math.round((rateHz * pauseMs) / 1000)).fill(0)
  const spoken = [...digits].flatMap((digit, index) => [
    ...recording(recordings, digit, speakers[index % speakers.length], takes[(take + index) % takes.length]),
    ...pause,
  ])
  const said = speed === 1 ? spoken : sped(spoken, speed)
  if (babble > 0) {
    const others = [...digits].flatMap((digit, index) =>
      recording(recordings, (Number(digit) + 3) % 10, speakers[0], takes[(take + index + 5) % takes.length]),
    )
    said.forEach((sample, index) => (said[index] = sample + babble * others[index % others.length]))
  }
  const lead = Array(rateHz / 4).fill(0)
  const samples = [...lead, ...said, ...lead]
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1)
  const body = Buffer.alloc(samples.length * 2)
  samples.forEach((sample, index) => {
    const heard = (sample / loudest) * 0.8 + (random() + random() - 1) * noise
    body.writeInt16LE(Math.round(Math.max(-1, Math.min(1, heard)) * 32767), index * 2)
  })
  const file = `audio/${name}.wav`
  writeWave(join(folder, file), body, rateHz)
  return {
    id: name,
    task: 'transcribe',
    modality: 'audio',
    file,
    expected: digits,
    comparator: 'exact-digits',
    columns: { speaker: [...new Set(speakers)].join('+') },
  }
}

/** Faster or slower, as a tape is. */
function sped(samples, speed) {
  return Array.from({ length: Math.floor(samples.length / speed) }, (_, index) => {
    const at = index * speed
    const left = Math.floor(at)
    const next = samples[left + 1] ?? samples[left]
    return samples[left] + (next - samples[left]) * (at - left)
  })
}

/**
 * A text spoken by a synthesiser, as a WAV in `folder`, with noise. `voice` is PROGRAM:NAME, of espeak-ng or flite;
 * `expected` is what should be written, where that is not the text.
 */
export function say(folder, { name, text, expected = text, comparator = 'text', voice, wordsPerMinute, noise }) {
  const file = `audio/${name}.wav`
  const path = join(folder, file)
  const [program, speaker] = voice.split(':')
  const { status, stderr } =
    program === 'flite'
      ? spawnSync(program, [
          '-voice',
          speaker,
          '--setf',
          `duration_stretch=${160 / wordsPerMinute}`,
          '-t',
          text,
          '-o',
          path,
        ])
      : spawnSync(program, ['-v', speaker, '-s', String(wordsPerMinute), '-w', path, text])
  if (status !== 0) throw new Error(`${program}: ${stderr.toString()}`)
  const bytes = readFileSync(path)
  rmSync(path)
  const body = Buffer.from(bytes.subarray(bytes.indexOf('data') + 8))
  const random = seeded(text.length * 1000 + wordsPerMinute)
  for (let at = 0; at + 1 < body.length; at += 2) {
    const heard = body.readInt16LE(at) + (random() + random() - 1) * noise * 32767
    body.writeInt16LE(Math.round(Math.max(-32768, Math.min(32767, heard))), at)
  }
  writeWave(path, body, bytes.readUInt32LE(24))
  return { id: name, task: 'transcribe', modality: 'audio', file, expected, comparator, columns: { speaker: voice } }
}

/** Mono, 16 bit. */
function writeWave(path, body, rate) {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + body.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(rate * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(body.length, 40)
  writeFileSync(path, Buffer.concat([header, body]))
}

const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const plain = {
  font: 'DejaVu Sans',
  ink: '#111',
  paper: '#fff',
  top: 0,
  left: 24,
  turn: 0,
  style: '',
  blur: 0,
  noise: 0,
  quality: 0,
}

/**
 * Lines of text as an image in `folder`, made hard by what `how` says beside `name`, `lines`, `width`, `height` and
 * `size`.
 */
export async function draw(folder, how) {
  const { name, lines, font, blur, noise, quality } = { ...plain, ...how }
  const drawn = sharp(Buffer.from(svgOf({ ...plain, ...how }))).removeAlpha()
  const blurred = blur > 0 ? drawn.blur(blur) : drawn
  const image = noise > 0 ? await withNoise(blurred, noise, seeded(name.length * 7919 + how.width)) : blurred
  const file = `images/${name}.${quality > 0 ? 'jpg' : 'png'}`
  const written = quality > 0 ? image.jpeg({ quality }) : image.png({ palette: noise === 0, compressionLevel: 9 })
  await written.toFile(join(folder, file))
  const expected = lines.join('\n')
  return { id: name, task: 'ocr', modality: 'image', file, expected, comparator: 'text', columns: { font } }
}

function svgOf({ lines, width, height, size, font, style, ink, paper, top, left, turn }) {
  const styled = { bold: ' font-weight="bold"', italic: ' font-style="italic"' }[style] ?? ''
  const spans = lines.map((line, index) => {
    const y = Math.round(top + size * 1.5 + index * size * 1.5)
    return `<text x="${left}" y="${y}" font-family="${font}"${styled} font-size="${size}" fill="${ink}" xml:space="preserve">${escape(line)}</text>`
  })
  const turned = `<g transform="rotate(${turn} ${width / 2} ${height / 2})">${spans.join('')}</g>`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${paper}"/>${turned}</svg>`
}

async function withNoise(image, noise, random) {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  for (let index = 0; index < data.length; index += 1) {
    data[index] = Math.max(0, Math.min(255, data[index] + (random() + random() - 1) * noise))
  }
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
}
