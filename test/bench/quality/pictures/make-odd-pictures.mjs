// Writes odd pictures and what they say: node test/bench/quality/pictures/make-odd-pictures.mjs --out FOLDER [--each
// 25] [--seed 1] [--kinds A,B] [--fonts A,B] [--set fit|evaluation] In a process of its own, since the gateway's code
// keeps `sharp` from reading SVG.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kinds, oddPicture, plainFonts } from './odd-pictures.mjs'

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    each: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    kinds: { type: 'string', default: Object.keys(kinds).join(',') },
    fonts: { type: 'string', default: plainFonts.join(',') },
    set: { type: 'string', default: 'fit' },
  },
})
mkdirSync(join(values.out, 'images'), { recursive: true })
const rows = []
for (const kind of values.kinds.split(',')) {
  for (let index = 0; index < Number(values.each); index += 1) {
    const { bytes, expected } = await oddPicture(kind, Number(values.seed) * 1000 + index, {
      fonts: values.fonts.split(','),
      set: values.set,
    })
    const id = `${kind.replaceAll(' ', '-')}-${values.seed}-${index}`
    const file = `images/${id}`
    writeFileSync(join(values.out, file), bytes)
    rows.push({ id, kind, task: 'ocr', modality: 'image', file, expected, comparator: 'text' })
  }
}
writeFileSync(join(values.out, 'inputs.json'), `${JSON.stringify(rows, undefined, 1)}\n`)
