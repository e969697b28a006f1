import { read, refused, paper, bytes } from './case.mjs'
import { pages, pdf } from '../tools.mjs'

const lines = ['Invoice 4711', 'Total due 98.50 EUR']
/** Documents. */
export const papers = [
  paper(
    'invoice.pdf',
    /4711[\s\S]*98\.50/u,
    bytes('invoice.pdf', () => pages(lines)),
  ),
  paper('invoice.pdf', /^invoice$/u, undefined, 'classify'),
  paper(
    'half-scanned.pdf',
    /^invoice$/u,
    bytes('half-scanned.pdf', tools => pages([...lines, tools.read('sign.jpg')])),
    'classify',
  ),
  paper('scan.pdf', read, tools => {
    tools.convert('sign.png -type TrueColor -quality 90 rgb.jpg')
    tools.write('scan.pdf', pages([tools.read('rgb.jpg')]))
  }),
  paper('scan.pdf', refused(/no page of the document has a text layer/u), undefined, 'classify'),
  paper('scan-mismatched.pdf', refused(/no page of the document can be drawn/u), tools => {
    tools.convert('sign.png -colorspace Gray -quality 90 grey.jpg')
    tools.write('scan-mismatched.pdf', pages([tools.read('grey.jpg')], { colours: 'DeviceRGB' }))
  }),
  paper(
    'long.pdf',
    refused(/40 pages, at most 32/u),
    bytes('long.pdf', () => pages(Array.from({ length: 40 }, (_, at) => `Page ${at}`))),
  ),
  paper(
    '5000-pages.pdf',
    refused(/5000 pages, at most 500/u),
    bytes('5000-pages.pdf', () => pages(Array.from({ length: 5000 }, (_, at) => `Page ${at}`))),
    'classify',
  ),
  paper(
    'encrypted.pdf',
    refused(/encrypted/u),
    bytes('encrypted.pdf', () => pages(lines, { trailer: encryption })),
  ),
  paper(
    'no-page.pdf',
    refused(/no page|damaged/u),
    bytes('no-page.pdf', () => pages([])),
  ),
  paper(
    'says-more-pages.pdf',
    refused(/damaged/u),
    bytes('says-more-pages.pdf', () => pages(lines, { count: 20 })),
  ),
  paper(
    'endless-tree.pdf',
    refused(/damaged|no page/u),
    bytes('endless-tree.pdf', () =>
      pdf(['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2/Parent 2 0 R>>']),
    ),
  ),
  paper(
    'huge-box.pdf',
    /4711/u,
    bytes('huge-box.pdf', () => pages(lines.slice(0, 1), { box: '0 0 1440 810' })),
  ),
  paper(
    'no-size.pdf',
    /4711/u,
    bytes('no-size.pdf', () => pages(lines, { box: '0 0 0 0' })),
  ),
]

const encryption =
  '/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]/Encrypt<</Filter/Standard/V 1/R 2/P -60' +
  `/O<${'41'.repeat(32)}>/U<${'42'.repeat(32)}>>>`
