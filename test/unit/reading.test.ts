import { describe, expect, test } from 'vitest'
import { interpretReading, inReadingOrder, type ReadLine } from '#services/worker/backends/ocr/recognise/reading'
import { cornersOf } from '#services/worker/backends/ocr/detect/minimal-rectangle'

const line = (text: string, x: number, y: number, probability = 0.98): ReadLine => ({
  corners: cornersOf({ centre: { x, y }, width: 80, height: 20, angle: 0 }),
  boxScore: 0.9,
  text,
  probabilities: Array.from(text).map(() => probability),
  blankRatio: 0.5,
  turned: false,
})
const picture = { megapixels: 0.2, textPeak: 1 }

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
    const { text, rawConfidence, signals } = interpretReading(
      [line('12.50', 300, 21), line('Total', 100, 20), line('EUR', 100, 60)],
      picture,
    )
    expect(text).toBe('Total 12.50\nEUR')
    expect(rawConfidence).toBeGreaterThan(0.95)
    expect(signals).toMatchObject({ boxes: 3, dropped: 0, doubtful: 0, text_height_px: 20, characters: 15 })
  })

  test('reads a picture on its head from its end', () => {
    const lines = [line('last', 100, 20), line('b', 300, 60), line('a', 100, 60)].map(found => ({
      ...found,
      turned: true,
    }))
    expect(interpretReading(lines, picture).text).toBe('b a\nlast')
  })

  test('leaves out noise and trusts the rest less for it', () => {
    const { text, rawConfidence, signals } = interpretReading(
      [line('Total', 100, 20), line('#~', 100, 60, 0.3)],
      picture,
    )
    expect(text).toBe('Total')
    expect(signals['dropped']).toBe(0.5)
    expect(rawConfidence).toBeLessThan(0.6)
  })

  test('is as sure of an empty picture as the detector', () => {
    expect(interpretReading([], { megapixels: 1, textPeak: 0.02 }).rawConfidence).toBeCloseTo(0.98)
    expect(interpretReading([], { megapixels: 1, textPeak: 0.9 }).rawConfidence).toBeCloseTo(0.1)
  })

  test('gives finite signs whatever was found', () => {
    const { signals } = interpretReading([{ ...line('', 0, 0), probabilities: [] }], picture)
    expect(Object.values(signals).every(value => Number.isFinite(value))).toBe(true)
  })
})
