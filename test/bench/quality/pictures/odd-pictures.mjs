// Pictures of text that are easily read in part or wrongly: strips, tall pages, files of many pages, turned pages,
// signs, wide lines, letters that stand apart, light writing on clear ground, small print. The same seed and fonts
// give the same pictures.
import sharp from 'sharp'
import { seeded } from '../../../../scripts/policies/draw-and-speak.mjs'

/** Words of the texts. Those of the set `evaluation` are none of those that a policy was fitted on. */
const wordsOfSets = {
  fit: {
    things:
      'anchor basket copper drawer engine fabric garden handle insect jacket kernel ladder magnet needle office pencil quarry ribbon saddle tunnel umbrella valley walnut yellow zipper committee balloon pepper address coffee letter bottle summer winter mill hill illness wool bookkeeper',
    names: 'Abbott Bellamy Carroll Dennett Ellery Farrell Garrett Holloway Jennings Kellner Lloyd Moss Pollock Russell',
  },
  evaluation: {
    things:
      'acorn beacon cellar dagger eyelid fossil goggles hammock icicle juggler kitten lagoon mattress nutmeg oxygen puddle quiver raccoon scissors thimble umpire velvet waffle xylem yogurt zeppelin allocation buffet cinnamon duffel effort giggle hobby million osprey pillow quill raisin skiing tuxedo vacuum',
    names:
      'Appleby Burroughs Connolly Driscoll Esposito Finnegan Gallagher Hannigan Iverson Kowalski Lindqvist Mullins Odell',
  },
}
const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Every kind by its name: each makes `{ bytes, expected, signs? }` with the chances of one picture. */
export const kinds = {
  strip: at => lineOf(at, at.words(14, 40), { size: at.between(16, 40) }),
  'tall page': tallPage,
  'pages of a TIFF': at => pagesOf(at, 'tiff'),
  'frames of an animation': at => pagesOf(at, at.oneOf(['gif', 'webp'])),
  'turned page': turnedPage,
  signs,
  ledger,
  'wide line': at =>
    lineOf(at, at.sentence(16, 34), {
      size: at.between(18, 30),
      above: at.between(60, 300),
      below: at.between(60, 300),
    }),
  'letters apart': lettersApart,
  'light on clear': lightOnClear,
  'small print': smallPrint,
  'short line': at =>
    lineOf(at, at.oneOf([at.words(1, 4), at.sentence(2, 6), at.figures()]), { size: at.between(14, 48) }),
  'a few lines': aFewLines,
  codes: at =>
    lineOf(at, at.oneOf([at.code(), `${at.word()} ${at.code()}`, `${at.code()} ${at.code()}`]), {
      size: at.between(14, 44),
    }),
  'dark table': darkTable,
  worn,
  // Later kinds stand last: the place of a kind is part of its seed.
  page: documentPage,
  'pages of a document': documentPages,
  'scanned page': scannedPage,
}

/** One picture of a kind. `fonts` are families to choose among; `set` tells the words. */
export async function oddPicture(kind, seed, { fonts, set = 'fit' }) {
  const random = seeded(seed * 7919 + Object.keys(kinds).indexOf(kind) * 104_729)
  return kinds[kind](chancesOf(random, fonts, wordsOfSets[set]))
}

/** Fonts that the tests' machines and most others have. */
export const plainFonts = [
  'DejaVu Sans',
  'DejaVu Serif',
  'Liberation Sans',
  'Liberation Serif',
  'DejaVu Sans Mono',
  'Liberation Mono',
]

function chancesOf(random, fonts, { things, names }) {
  const between = (least, most) => Math.round(least + random() * (most - least))
  const oneOf = list => list[Math.floor(random() * list.length)]
  const list = (least, most, make) => Array.from({ length: between(least, most) }, make)
  const word = () => (random() < 0.12 ? oneOf(names.split(' ')) : oneOf(things.split(' ')))
  const words = (least, most) => list(least, most, word).join(' ')
  const amount = () => `${between(1, 2400)}.${String(between(0, 99)).padStart(2, '0')}`
  const figures = () =>
    oneOf([
      () => `${word()} ${amount()}`,
      () =>
        `20${between(10, 30)}-${String(between(1, 12)).padStart(2, '0')}-${String(between(1, 28)).padStart(2, '0')}`,
      () => `No. ${between(100, 99_999)} ${word()}`,
      () => `${between(1, 99)} % of ${between(100, 999)}`,
      () => `${between(10, 23)}:${between(10, 59)} ${word()} ${between(1, 20)}`,
      () => `${between(2, 12)} x ${amount()}`,
    ])()
  const sentence = (least, most) => {
    const parts = list(least, most, (_, index) =>
      random() < 0.1 ? figures() : word() + (index > 0 && random() < 0.12 ? oneOf([',', ';', ':', '.']) : ''),
    )
    const text = parts.join(' ')
    return `${text[0].toUpperCase()}${text.slice(1).replace(/[,;:.]$/u, '')}.`
  }
  const chance = ratio => random() < ratio
  const digits = count => Array.from({ length: count }, () => between(0, 9)).join('')
  const capitals = count => Array.from({ length: count }, () => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[between(0, 25)]).join('')
  const code = () =>
    oneOf([
      () => `${capitals(2)}-${digits(between(3, 5))}-${capitals(1)}`,
      () => `${capitals(between(1, 3))}${digits(between(2, 5))}`,
      () => `${digits(2)}${capitals(1)}${digits(3)}`,
      () => `${between(1, 19)}${between(0, 9)}0s`,
      () => `19${digits(2)}-19${digits(2)}`,
      () => `${between(1, 300)}${oneOf(['kg', 'mm', 'ml', 'km', 'GB', 'th', 'st', 'W', 'lb'])}`,
      () => `${between(1, 12)}.${between(0, 9)}.${between(0, 20)}`,
      () => `${between(1, 31)}/${between(1, 12)}/${between(1950, 2029)}`,
      () => `+${between(1, 99)} ${digits(3)} ${digits(between(4, 6))}`,
      () => `#${digits(between(4, 7))}`,
      () => `${word()}@${word()}.example`,
      () => `$${between(1, 9)},${digits(3)}.${digits(2)}`,
      () => `${word()}${digits(between(1, 2))}`,
      () => `(${digits(3)}) ${digits(3)}-${digits(4)}`,
      () => `§ ${between(1, 99)} ${oneOf(['I', 'II', 'III', 'IV', 'VI', 'IX'])}`,
    ])()
  return {
    code,
    random,
    between,
    oneOf,
    list,
    word,
    words,
    amount,
    figures,
    sentence,
    chance,
    font: oneOf(fonts),
  }
}

/** Draws spans `{ text, x, y, size, weight?, family? }` on paper. */
function svg({ width, height, spans, font, ink = '#111', paper = '#fff' }) {
  const ground = paper === 'none' ? '' : `<rect width="100%" height="100%" fill="${paper}"/>`
  const texts = spans.map(
    ({ text, x, y, size, anchor = 'start', style = '' }) =>
      `<text x="${x}" y="${y}" text-anchor="${anchor}" font-family="${font}" font-size="${size}" fill="${ink}" ${style} xml:space="preserve">${escape(text)}</text>`,
  )
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.round(width)}" height="${Math.round(height)}">${ground}${texts.join('')}</svg>`,
  )
}

/** Mean widths of letters differ by font: what a text takes is measured once it is drawn. */
async function widthOf(text, size, font) {
  const wide = Math.ceil(text.length * size * 1.2 + 40)
  const drawn = svg({ width: wide, height: size * 2, font, spans: [{ text, x: 4, y: size * 1.4, size }] })
  const { info } = await sharp(drawn, { unlimited: true })
    .flatten({ background: '#fff' })
    .trim()
    .toBuffer({ resolveWithObject: true })
  return info.width + 8
}

const stylesOf = at => at.oneOf(['', '', '', 'font-weight="bold"', 'font-style="italic"'])

async function lineOf(at, text, { size, above = 0, below = 0, margin = at.between(4, 40) }) {
  const width = (await widthOf(text, size, at.font)) * 1.12 + 2 * margin
  const style = stylesOf(at)
  const height = size * 1.7 + above + below
  const spans = [{ text, x: margin, y: above + size * 1.25, size, style }]
  return { bytes: await png(svg({ width, height, spans, font: at.font, ...coloursOf(at) })), expected: text }
}

function coloursOf(at) {
  return at.oneOf([
    { ink: '#111', paper: '#fff' },
    { ink: '#111', paper: '#fff' },
    { ink: '#333', paper: '#f4f1e8' },
    { ink: '#1d2c5e', paper: '#eef2f8' },
    { ink: '#fff', paper: '#203040' },
  ])
}

const png = drawn => sharp(drawn, { unlimited: true }).removeAlpha().png().toBuffer()

function page(at, lines, { size, margin = 24, leading = at.between(14, 18) / 10 }) {
  const longest = Math.max(...lines.map(line => line.length))
  const width = longest * size * 0.72 + 2 * margin
  const height = lines.length * size * leading + 2 * margin
  const spans = lines.map((text, index) => ({ text, x: margin, y: margin + size + index * size * leading, size }))
  return { width, height, spans, font: at.font }
}

async function tallPage(at) {
  const lines = at.list(40, 110, () => at.oneOf([at.words(2, 4), at.sentence(2, 5), at.figures()]))
  return { bytes: await png(svg(page(at, lines, { size: at.between(14, 24) }))), expected: lines.join('\n') }
}

async function pagesOf(at, format) {
  const texts = at.list(2, 5, () => at.list(1, 3, () => at.sentence(2, 5)))
  const sizes = texts.flat().map(line => line.length)
  const size = at.between(18, 30)
  const [width, height] = [Math.round(Math.max(...sizes) * size * 0.72 + 60), Math.round(size * 1.6 * 3 + 60)]
  const pictures = []
  for (const lines of texts) {
    const spans = lines.map((text, index) => ({ text, x: 30, y: 30 + size + index * size * 1.6, size }))
    pictures.push(
      await sharp(svg({ width, height, spans, font: at.font }))
        .removeAlpha()
        .raw()
        .toBuffer(),
    )
  }
  const all = sharp(Buffer.concat(pictures), {
    raw: { width, height: height * pictures.length, channels: 3, pageHeight: height },
  })
  const options = { tiff: { compression: 'lzw' }, webp: { lossless: true }, gif: { delay: pictures.map(() => 500) } }
  return { bytes: await all[format](options[format]).toBuffer(), expected: texts.flat().join('\n') }
}

async function turnedPage(at) {
  const lines = at.list(2, 9, () => at.oneOf([at.sentence(3, 7), at.figures(), at.words(1, 4)]))
  const drawn = await png(svg(page(at, lines, { size: at.between(16, 32), margin: at.between(16, 60) })))
  const bytes = await sharp(drawn)
    .rotate(at.oneOf([90, 180, 270]))
    .png()
    .toBuffer()
  return { bytes, expected: lines.join('\n') }
}

/** An amount with a sign, as people and programs write them. */
function signed(at) {
  const amount = at.amount()
  return at.oneOf([
    () => `-${amount}`,
    () => `\u2212${amount}`,
    () => `- ${amount}`,
    () => `\u2212 ${amount}`,
    () => `+${amount}`,
    () => `-$${amount}`,
    () => `- $${amount}`,
    () => `(${amount})`,
    () => `${amount}-`,
    () => `-${at.between(1, 99)}%`,
    () => `-${at.between(1, 40)} °C`,
    () => `- ${at.between(1, 999)}`,
  ])()
}

async function signs(at) {
  const text = at.oneOf([
    () => signed(at),
    () => signed(at),
    () => `${at.word()} ${signed(at)}`,
    () => `Balance: ${signed(at)}`,
  ])()
  return { ...(await lineOf(at, text, { size: at.between(14, 44), margin: at.between(3, 60) })), signs: true }
}

/** Labels on the left, amounts flush right. */
async function ledger(at) {
  const rows = at.list(3, 8, () => [at.word(), at.chance(0.6) ? signed(at) : at.amount()])
  const size = at.between(16, 30)
  const width = size * at.between(18, 40)
  const spans = rows.flatMap(([label, amount], index) => [
    { text: label, x: 24, y: 24 + size + index * size * 1.6, size },
    { text: amount, x: width - 24, y: 24 + size + index * size * 1.6, size, anchor: 'end' },
  ])
  const height = rows.length * size * 1.6 + 48
  const expected = rows.map(row => row.join(' ')).join('\n')
  return { bytes: await png(svg({ width, height, spans, font: at.font, ...coloursOf(at) })), expected, signs: true }
}

/** Letters with a space between each, words with letters set apart, and full-width letters beside plain ones. */
async function lettersApart(at) {
  const size = at.between(18, 40)
  const way = at.between(0, 2)
  if (way === 0) return lineOf(at, at.list(3, 8, () => 'ABCDEFGHKLMNPRSTUVXYZ'[at.between(0, 20)]).join(' '), { size })
  if (way === 1) return lineOf(at, [...at.word().toUpperCase()].join(' '), { size })
  const text = at.words(1, 3)
  const width = text.length * size * 1.2 + 60
  const spans = [{ text, x: 24, y: size * 1.3, size, style: `letter-spacing="${at.between(1, Math.round(size / 4))}"` }]
  return { bytes: await png(svg({ width, height: size * 1.8, spans, font: at.font })), expected: text }
}

async function lightOnClear(at) {
  const lines = at.list(1, 3, () => at.oneOf([at.sentence(2, 5), at.figures(), at.words(1, 4)]))
  const ink = at.oneOf(['#fff', '#f2f2f2', '#ffe9a8', '#cfe4ff', '#111', '#555'])
  const drawn = sharp(svg({ ...page(at, lines, { size: at.between(18, 40) }), ink, paper: 'none' }))
  const bytes = await at
    .oneOf([() => drawn.png(), () => drawn.png({ palette: true }), () => drawn.webp({ lossless: true })])()
    .toBuffer()
  return { bytes, expected: lines.join('\n') }
}

async function smallPrint(at) {
  const lines = at.list(4, 14, () => at.oneOf([at.sentence(5, 11), at.figures(), at.words(3, 8)]))
  const drawn = page(at, lines, { size: at.between(9, 13) })
  const [left, top] = [at.between(10, 500), at.between(10, 400)]
  const spans = drawn.spans.map(span => ({ ...span, x: span.x + left, y: span.y + top }))
  const height = drawn.height + top + at.between(0, 400)
  const width = drawn.width + left + at.between(0, 500)
  return { bytes: await png(svg({ ...drawn, spans, width, height })), expected: lines.join('\n') }
}

/** Receipts, labels, windows of programs. */
async function aFewLines(at) {
  const lines = at.list(2, 8, () =>
    at.oneOf([at.sentence(3, 8), at.figures(), at.words(1, 4), at.words(1, 2).toUpperCase()]),
  )
  const drawn = sharp(await png(svg({ ...page(at, lines, { size: at.between(14, 30) }), ...coloursOf(at) })))
  const softened = at.chance(0.3) ? drawn.blur(at.between(5, 12) / 10) : drawn
  const bytes = await (at.chance(0.4) ? softened.jpeg({ quality: at.between(35, 85) }) : softened.png()).toBuffer()
  return { bytes, expected: lines.join('\n') }
}

/** Rows of a table on a dark ground: label, amounts with and without a sign. */
async function darkTable(at) {
  const columns = at.between(2, 4)
  const rows = at.list(3, 9, () => [
    at.word(),
    ...Array.from({ length: columns - 1 }, () => (at.chance(0.5) ? signed(at) : at.amount())),
  ])
  const size = at.between(14, 28)
  const pitch = size * at.between(8, 13)
  const width = pitch * columns + size * 4
  const spans = rows.flatMap((row, index) =>
    row.map((text, column) => ({
      text,
      x: column === 0 ? size : size * 2 + (column + 1) * pitch,
      y: 20 + size + index * size * 1.7,
      size,
      anchor: column === 0 ? 'start' : 'end',
    })),
  )
  const { ink, paper } = at.oneOf([
    { ink: '#e8e8e8', paper: '#121212' },
    { ink: '#ffd75e', paper: '#101828' },
    { ink: '#9be7a2', paper: '#05130a' },
    { ink: '#fff', paper: '#5a1a1a' },
  ])
  const drawn = svg({ width, height: rows.length * size * 1.7 + 40, spans, font: at.font, ink, paper })
  return { bytes: await png(drawn), expected: rows.map(row => row.join(' ')).join('\n'), signs: true }
}

/** Photographed, copied, sent on: askew, soft, grainy, low in resolution, or squeezed by JPEG. */
async function worn(at) {
  const lines = at.list(1, 4, () => at.oneOf([at.sentence(3, 8), at.figures(), at.words(1, 4), at.code()]))
  const size = at.between(16, 40)
  const drawn = page(at, lines, { size, margin: size * 2 })
  const turned = at.chance(0.4) ? (at.random() - 0.5) * 16 : 0
  const grey = at.between(20, 150)
  const plain = sharp(await png(svg({ ...drawn, ink: `rgb(${grey},${grey},${grey})` })))
  const askew = sharp(await plain.rotate(turned, { background: '#fff' }).png().toBuffer())
  const { width } = await askew.metadata()
  const smaller = at.chance(0.4)
    ? sharp(
        await askew
          .resize(Math.round(width * (0.4 + at.random() * 0.4)))
          .png()
          .toBuffer(),
      )
    : askew
  const soft = at.chance(0.5) ? smaller.blur(0.4 + at.random() * (size / 16)) : smaller
  const { data, info } = await soft.raw().toBuffer({ resolveWithObject: true })
  if (at.chance(0.4)) {
    const grain = at.between(10, 70)
    for (let place = 0; place < data.length; place += 1) {
      data[place] = Math.max(0, Math.min(255, data[place] + (at.random() + at.random() - 1) * grain))
    }
  }
  const raw = sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
  const bytes = await (at.chance(0.5) ? raw.jpeg({ quality: at.between(12, 70) }) : raw.png()).toBuffer()
  return { bytes, expected: lines.join('\n') }
}

/** A4 at 150 dots an inch, as the gateway draws the pages of a PDF. */
const sheet = { width: 1240, height: 1754 }

/** A letter, an invoice, a notice: a heading, paragraphs, rows with amounts, and white below. */
function drawSheet(at) {
  const size = at.between(18, 30)
  const margin = at.between(80, 150)
  const most = Math.floor((sheet.width - 2 * margin) / (size * 0.62))
  const lines = [at.words(1, 4)]
  const paragraphs = at.between(1, 4)
  for (let index = 0; index < paragraphs; index += 1) {
    lines.push('')
    if (at.chance(0.35)) lines.push(...at.list(2, 5, () => at.figures()))
    else lines.push(...wrap(at.list(1, 4, () => at.sentence(4, 12)).join(' '), most))
  }
  const spans = []
  let y = margin + size * 2
  for (const [index, text] of lines.entries()) {
    const large = index === 0 ? at.oneOf([1, 1.4, 1.8]) : 1
    if (text !== '') spans.push({ text, x: margin, y, size: size * large })
    y += size * (text === '' ? 1 : 1.45) * large
  }
  return { drawn: { ...sheet, spans, font: at.font }, lines: lines.filter(Boolean) }
}

function wrap(text, most) {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== '' && last.length + 1 + word.length > most) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}

async function documentPage(at) {
  const { drawn, lines } = drawSheet(at)
  const bytes = await sharp(svg(drawn)).flatten({ background: 'white' }).png({ compressionLevel: 2 }).toBuffer()
  return { bytes, expected: lines.join('\n') }
}

async function documentPages(at) {
  const pages = at.list(2, 3, () => drawSheet(at))
  const drawn = []
  for (const each of pages) {
    drawn.push(await sharp(svg(each.drawn)).flatten({ background: 'white' }).png({ compressionLevel: 2 }).toBuffer())
  }
  const bytes = await sharp(drawn, { join: { animated: true } })
    .tiff({ compression: 'deflate' })
    .toBuffer()
  return { bytes, expected: pages.flatMap(each => each.lines).join('\n') }
}

/** A sheet that went through a scanner: grey, a little askew, grainy, a JPEG. */
async function scannedPage(at) {
  const { drawn, lines } = drawSheet(at)
  const grey = at.between(225, 255)
  const plain = await png(
    svg({ ...drawn, ink: `rgb(${at.between(20, 90)},40,50)`, paper: `rgb(${grey},${grey},${grey})` }),
  )
  const askew = await sharp(plain)
    .rotate((at.random() - 0.5) * 2.4, { background: '#fff' })
    .blur(0.3 + at.random() * 0.7)
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { data, info } = askew
  const grain = at.between(4, 30)
  for (let place = 0; place < data.length; place += 1) {
    data[place] = Math.max(0, Math.min(255, data[place] + (at.random() + at.random() - 1) * grain))
  }
  const { width, height, channels } = info
  const bytes = await sharp(data, { raw: { width, height, channels } })
    .jpeg({ quality: at.between(40, 85) })
    .toBuffer()
  return { bytes, expected: lines.join('\n') }
}
