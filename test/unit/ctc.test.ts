import { describe, expect, test } from 'vitest'
import { decodeCtc } from '#services/worker/backends/ocr/recognise/ctc'

const dictionary = ['a', 'b', 'c', ' ']

/** One row a step: a character, `.` for a blank, `_` for a blank by which a space is likely. */
function rows(path: string, probability = 0.9): Float32Array {
  return Float32Array.from(
    Array.from(path).flatMap(step => {
      const row = Array.from({ length: 5 }, () => 0.01)
      row['_' === step || '.' === step ? 0 : dictionary.indexOf(step) + 1] = probability
      if (step === '_') row[4] = 0.2
      return row
    }),
  )
}

describe('decodeCtc()', () => {
  test.each([
    ['', ''],
    ['....', ''],
    ['aab', 'ab'],
    ['a.a', 'aa'],
    ['..aa.bb..c', 'abc'],
    ['ab ..c', 'ab c'],
    ['a_.b', 'a b'],
    ['a_ .b', 'a b'],
    ['a _b', 'a b'],
    ['__a__', 'a'],
  ])('reads "%s" as "%s"', (path, text) => {
    expect(decodeCtc(rows(path), 5, dictionary).text).toBe(text)
  })

  test('gives each character the best probability of its steps', () => {
    const path = Float32Array.from([...rows('a', 0.5), ...rows('a', 0.8), ...rows('.', 0.9), ...rows('b', 0.6)])
    const { probabilities, blankRatio } = decodeCtc(path, 5, dictionary)
    expect(probabilities.map(value => Math.round(value * 10))).toEqual([8, 6])
    expect(blankRatio).toBe(0.25)
  })
})
