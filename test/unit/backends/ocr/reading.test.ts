import { describe, expect, test } from 'vitest'
import {
  interpretReading,
  inReadingOrder,
  type ReadLine,
  type ReadPage,
} from '#services/backends/ocr/recognise/reading'
import { cornersOf } from '#services/backends/ocr/detect/minimal-rectangle'

const line = (text: string, x: number, y: number, probability = 0.98): ReadLine => ({
  corners: cornersOf({ centre: { x, y }, width: 80, height: 20, angle: 0 }),
  boxScore: 0.9,
  text,
  probabilities: Array.from(text).map(() => probability),
  blankRatio: 0.5,
  apart: false,
  spaceErrors: 0,
  mixedErrors: 0,
  disputed: false,
})
const page = (lines: readonly ReadLine[], more: Partial<ReadPage> = {}): ReadPage => ({
  lines,
  megapixels: 0.2,
  textPeak: 1,
  orientationSure: 1,
  tooSmall: false,
  uncoveredRatio: 0,
  ...more,
})
const read = (lines: readonly ReadLine[], more: Partial<ReadPage> = {}) => interpretReading([page(lines, more)], 1)

describe('inReadingOrder() of a page that lies askew', () => {
  test.each([-0.12, -0.05, 0.05, 0.12])('keeps rows apart that it leans over each other: %d', angle => {
    const leaning = (text: string, left: number, y: number, width: number): ReadLine => {
      const [x, row] = [left + width / 2, y]
      const centre = { x: x * Math.cos(angle) - row * Math.sin(angle), y: x * Math.sin(angle) + row * Math.cos(angle) }
      return { ...line(text, 0, 0), corners: cornersOf({ centre, width, height: 20, angle }) }
    }
    const lines = [
      leaning('long', 20, 20, 700),
      leaning('short', 20, 60, 150),
      leaning('a', 20, 100, 60),
      leaning('b', 500, 100, 60),
    ]
    const rows = inReadingOrder(lines.toReversed()).map(row => row.map(({ text }) => text))
    expect(rows).toEqual([['long'], ['short'], ['a', 'b']])
  })
})

describe('inReadingOrder()', () => {
  test('reads rows from the top, each from the left', () => {
    const rows = inReadingOrder([
      line('d', 300, 64),
      line('c', 100, 60),
      line('b', 300, 18),
      line('a', 100, 20),
      line('e', 100, 100),
    ])
    expect(rows.map(row => row.map(found => found.text))).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })
})

describe('interpretReading()', () => {
  test('joins a row by spaces and rows by line feeds', () => {
    const { text, rawConfidence, signals, caveats } = read([
      line('12.50', 300, 21),
      line('Total', 100, 20),
      line('EUR', 100, 60),
    ])
    expect(text).toBe('Total 12.50\nEUR')
    expect(rawConfidence).toBeGreaterThan(0.95)
    expect(signals).toMatchObject({
      boxes: 3,
      dropped: 0,
      doubtful: 0,
      text_height_px: 20,
      characters: 15,
      coverage: 1,
    })
    expect(caveats).toEqual([])
  })

  test('leaves out noise and trusts the rest less for it', () => {
    const { text, rawConfidence, signals } = read([line('Total', 100, 20), line('#~', 100, 60, 0.3)])
    expect(text).toBe('Total')
    expect(signals['dropped']).toBe(0.5)
    expect(rawConfidence).toBeLessThan(0.6)
  })

  test('is as sure of an empty picture as the detector, and less where something looks like writing', () => {
    const empty = (more: Partial<ReadPage>): number => read([], more).rawConfidence
    expect(empty({ textPeak: 0.02 })).toBeCloseTo(0.98)
    expect(empty({ textPeak: 0.9 })).toBeCloseTo(0.1)
    expect(empty({ textPeak: 0.02, uncoveredRatio: 1 })).toBeLessThan(0.6)
  })

  test('gives finite signs whatever was found', () => {
    const { signals } = read([{ ...line('', 0, 0), probabilities: [] }])
    expect(Object.values(signals).every(value => Number.isFinite(value))).toBe(true)
    expect(Object.values(interpretReading([], 0).signals).every(value => Number.isFinite(value))).toBe(true)
  })

  test('reads pages in order; frames that say the same say it once', () => {
    const frames = ['one', 'one', 'two', 'one'].map(text => page([line(text, 100, 20)]))
    expect(interpretReading(frames, 4).text).toBe('one\none\ntwo\none')
    expect(interpretReading(frames, 4, true).text).toBe('one\ntwo\none')
  })

  test('says what was not read and is bounded by it', () => {
    const { rawConfidence, signals, caveats } = interpretReading([page([line('Page one', 100, 20)])], 4)
    expect(signals['coverage']).toBe(0.25)
    expect(caveats).toEqual([{ note: '1 of 4 pages were read', mostConfidence: 0.125 }])
    expect(rawConfidence).toBeLessThan(0.13)
  })

  test.each<[string, Partial<ReadPage>, Partial<ReadLine>, RegExp]>([
    ['print that is too small', { tooSmall: true }, {}, /too small/u],
    ['a page that reads either way up', { orientationSure: 0 }, {}, /which way up/u],
    ['a number that is read in two ways', {}, { disputed: true }, /readings of a number/u],
    ['letters that stand apart', {}, { apart: true }, /too far apart/u],
    ['spaces that may be wrong', {}, { spaceErrors: 0.6 }, /spaces between words/u],
    [
      'characters of which several are hardly read',
      {},
      { text: 'several hardly', probabilities: Array.from({ length: 14 }, (_, at) => (at % 3 === 0 ? 0.52 : 1)) },
      /about 1 word may be misread/u,
    ],
  ])('is not sure above 0.6 of %s', (_, more, lineMore, note) => {
    const { rawConfidence, caveats } = read([{ ...line('Total 12.50', 100, 20), ...lineMore }], more)
    expect(rawConfidence).toBeLessThan(0.6)
    expect(caveats).toEqual([{ note: expect.stringMatching(note), mostConfidence: expect.any(Number) }])
    expect(caveats[0]!.mostConfidence).toBeLessThan(0.6)
  })

  test('trusts a long text less than a short one of the same certainty', () => {
    const lines = Array.from({ length: 100 }, (_, index) =>
      line('a line of forty characters, more or less', 100, 30 * index, 0.998),
    )
    expect(read(lines.slice(0, 3)).rawConfidence).toBeGreaterThan(0.9)
    expect(read(lines).rawConfidence).toBeLessThan(0.3)
  })
})

describe('interpretReading() of lines that cannot be read', () => {
  test('says so and is not sure of the rest', () => {
    const { text, rawConfidence, caveats } = read([line('anchor', 100, 20), line('', 100, 60)])
    expect(text).toBe('anchor')
    expect(rawConfidence).toBeLessThan(0.6)
    expect(caveats).toEqual([{ note: 'some of what looks like writing cannot be read', mostConfidence: 0.5 }])
  })

  test('tells of half a word that is expected to be wrong', () => {
    const doubted = { ...line('mill', 100, 20, 1), mixedErrors: 0.6 }
    expect(read([doubted]).caveats.map(({ note }) => note)).toEqual(['about 1 word may be misread'])
    expect(read([{ ...doubted, mixedErrors: 0.2 }]).caveats).toEqual([])
  })
})
