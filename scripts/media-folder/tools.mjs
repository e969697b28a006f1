// What the files of the folder are made with: ffmpeg, ImageMagick, espeak-ng, lame, and bytes written here.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is said, and what the cards of the videos show. */
export const said = 'The train to London leaves from platform seven at ten.'
export const cards = ['PLATFORM 7', 'GATE CLOSED', 'CALL 555-0199']

/** A folder in which tools run. */
export function openFolder(folder) {
  const run = (command, parameters, options = {}) => {
    const { status, stderr, error } = spawnSync(command, parameters, { cwd: folder, encoding: 'utf8', ...options })
    if (error !== undefined || status !== 0) {
      throw new Error(`${command} ${parameters.join(' ')}: ${error?.message ?? stderr.trim()}`)
    }
  }
  const at = name => join(folder, name)
  return {
    ffmpeg: line =>
      run('ffmpeg', ['-y', '-hide_banner', '-loglevel', 'error', ...line.split(' ').filter(part => part !== '')]),
    convert: line =>
      run(
        'convert',
        line.split(' ').filter(part => part !== ''),
      ),
    run: (command, ...parameters) => run(command, parameters),
    read: name => readFileSync(at(name)),
    write: (name, bytes) => writeFileSync(at(name), bytes),
    /** A file that ends early. */
    cut: (from, name, share) => {
      const bytes = readFileSync(at(from))
      writeFileSync(at(name), bytes.subarray(0, Math.floor(bytes.length * share)))
    },
    /** A sign in black on white. */
    sign: (name, text, size = '640x360') =>
      run('convert', [
        ...`-size ${size} xc:white -font DejaVu-Sans-Bold -pointsize 64 -fill black -gravity center -annotate 0`.split(
          ' ',
        ),
        text,
        name,
      ]),
  }
}

/** A PDF of objects, which are numbered from 1; the first is the catalogue. */
export function pdf(objects, trailer = '') {
  let file = '%PDF-1.4\n'
  const places = objects.map((object, index) => {
    const place = file.length
    file += `${index + 1} 0 obj\n${object}\nendobj\n`
    return place
  })
  const table = file.length
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`
  file += places.map(place => `${String(place).padStart(10, '0')} 00000 n \n`).join('')
  file += `trailer<</Size ${objects.length + 1}/Root 1 0 R${trailer}>>\nstartxref\n${table}\n%%EOF\n`
  return Buffer.from(file, 'latin1')
}

const stream = (text, head = '') => `<<${head}/Length ${text.length}>>stream\n${text}\nendstream`

/** A PDF whose pages are lines of text, or a scan where a page is JPEG bytes. */
export function pages(contents, { box = '0 0 480 270', count = contents.length, colours = 'DeviceRGB', trailer } = {}) {
  const objects = ['<</Type/Catalog/Pages 2 0 R>>', '', '<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>']
  const kids = contents.map(content => {
    const isScan = typeof content !== 'string'
    const image = `/Type/XObject/Subtype/Image/Width 640/Height 360/ColorSpace/${colours}/BitsPerComponent 8/Filter/DCTDecode`
    if (isScan) objects.push(stream(content.toString('latin1'), image))
    const drawn = objects.length
    const uses = isScan ? `/XObject<</I ${drawn} 0 R>>` : '/Font<</F 3 0 R>>'
    objects.push(stream(isScan ? 'q 480 0 0 270 0 0 cm /I Do Q' : `BT /F 32 Tf 40 130 Td (${content}) Tj ET`))
    objects.push(`<</Type/Page/Parent 2 0 R/MediaBox[${box}]/Resources<<${uses}>>/Contents ${objects.length} 0 R>>`)
    return `${objects.length} 0 R`
  })
  objects[1] = `<</Type/Pages/Kids[${kids.join(' ')}]/Count ${count}>>`
  return pdf(objects, trailer)
}

/** A WAV head that says what it is told to. */
export function wav({
  format = 1,
  channels = 1,
  rate = 16_000,
  bits = 16,
  data = Buffer.alloc(0),
  says = data.length,
}) {
  const head = Buffer.alloc(44)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(Math.min(0xff_ff_ff_ff, 36 + says), 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(format, 20)
  head.writeUInt16LE(channels, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE((rate * channels * bits) / 8, 28)
  head.writeUInt16LE((channels * bits) / 8, 32)
  head.writeUInt16LE(bits, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(says, 40)
  return Buffer.concat([head, data])
}
