import { describe, expect, test } from 'vitest'
import { bestPath, decodeCtc, decodePath, joinPaths } from '#services/worker/backends/ocr/recognise/ctc'

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

describe('decodePath()', () => {
  const wide = ['Ａ', 'Ｂ', '１', '中', ' ']
  const path = (classes: readonly number[], space = 0.001) =>
    bestPath(
      Float32Array.from(
        classes.flatMap(best => Array.from({ length: 6 }, (_, at) => (at === best ? 0.9 : at === 5 ? space : 0.01))),
      ),
      6,
    )

  test('folds full-width letters and digits of a Latin line, and leaves them in a line of wide characters', () => {
    expect(decodePath(path([1, 0, 2, 0, 3]), wide).text).toBe('AB1')
    expect(decodePath(path([4, 0, 1, 0, 3]), wide).text).toBe('中Ａ１')
  })

  test('puts a space into a gap that is wide for its line', () => {
    const gap = (from: number) => (from > 3.5 ? 0.5 : 0.1)
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2]), wide, gap).text).toBe('ABA B')
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2]), wide, () => 0.1).text).toBe('ABAB')
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2], 0), wide, gap).text).toBe('ABAB')
  })

  test('says of letters that stand apart that words cannot be told', () => {
    expect(decodePath(path([1, 0, 2, 0, 1]), wide, () => 0.6)).toMatchObject({ text: 'A B A', apart: true })
    expect(decodePath(path([1, 0, 2, 0, 1]), wide, () => 0.4)).toMatchObject({ text: 'ABA', apart: true })
    expect(decodePath(path([1, 0, 2, 0, 1]), wide, () => 0.2)).toMatchObject({ text: 'ABA', apart: false })
  })
})

describe('joinPaths()', () => {
  test('joins two pieces where both see a gap, whatever they see at their rims', () => {
    const whole = 'a.b.c.a.b.c.a.b.'
    const first = bestPath(rows(`${whole.slice(0, 9)}c`), 5)
    const second = bestPath(rows(`b${whole.slice(3)}`), 5)
    const joined = joinPaths(first, second, 8)
    expect(joined.classes).toHaveLength(16)
    expect(decodePath(joined, dictionary).text).toBe('abcabcab')
  })
})
