import { describe, expect, test } from 'vitest'
import { bestPath, decodePath, joinPaths } from '#services/backends/ocr/recognise/ctc'
import type { StripInk } from '#services/backends/ocr/recognise/strip-ink'

const dictionary = ['a', 'b', 'c', ' ']

/** Ink of 40 rows: between two columns the ground is as wide as `gap` tells, in heights of the writing. */
const inkOf = (gap: (from: number, to: number) => number = () => 0.1, grounds: readonly number[] = []): StripInk => ({
  height: 40,
  unit: 40,
  extent: { from: 0, to: 1000 },
  grounds: grounds.map(width => width * 40),
  widestGap: (from, to) => ({ from: (from + to) / 2, to: (from + to) / 2 + 40 * gap(from, to) }),
  top: () => 0,
})
const read = (path: Float32Array, ink = inkOf()) => decodePath(bestPath(path, 5), dictionary, ink)

/** One row a step: a character, `.` for a blank, `_` for a blank by which a space is likely. */
function rows(path: string, probability = 0.9): Float32Array {
  return Float32Array.from(
    Array.from(path).flatMap(step => {
      const row = Array.from({ length: 5 }, () => 0.01)
      row['_' === step || '.' === step ? 0 : dictionary.indexOf(step) + 1] = probability
      if (step !== '_') row[4] = step === ' ' ? probability : 0.0001
      else row[4] = 0.5
      return row
    }),
  )
}

describe('decodePath()', () => {
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
    expect(read(rows(path)).text).toBe(text)
  })

  test('gives each character the best probability of its steps', () => {
    const path = Float32Array.from([...rows('a', 0.5), ...rows('a', 0.8), ...rows('.', 0.9), ...rows('b', 0.6)])
    const { probabilities, blankRatio } = read(path)
    expect(probabilities.map(value => Math.round(value * 10))).toEqual([8, 6])
    expect(blankRatio).toBe(0.25)
  })
})

describe('decodePath() with the ink of a strip', () => {
  const wide = ['Ａ', 'Ｂ', '１', '中', ' ']
  const path = (classes: readonly number[], space = 0.001) =>
    bestPath(
      Float32Array.from(
        classes.flatMap(best => Array.from({ length: 6 }, (_, at) => (at === best ? 0.9 : at === 5 ? space : 0.01))),
      ),
      6,
    )

  test('folds full-width letters and digits of a Latin line, and leaves them in a line of wide characters', () => {
    expect(decodePath(path([1, 0, 2, 0, 3]), wide, inkOf()).text).toBe('AB1')
    expect(decodePath(path([1, 0, 2, 0, 3]), ['1', '°', '℃', '中', ' '], inkOf()).text).toBe('1°C')
    expect(decodePath(path([4, 0, 1, 0, 3]), wide, inkOf()).text).toBe('中Ａ１')
  })

  test('puts a space into a gap that is wide for its line, where the recogniser does not rule it out', () => {
    const gap = (from: number): number => (from > 30 ? 0.5 : 0.1)
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2], 0.01), wide, inkOf(gap)).text).toBe('ABA B')
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2], 0.01), wide, inkOf()).text).toBe('ABAB')
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2], 0), wide, inkOf(gap)).text).toBe('ABAB')
  })

  test('is unsure of a space that only the ink shows, and of ground as wide as a space that has none', () => {
    const doubtful = (from: number): number => (from > 30 ? 0.3 : 0.1)
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2], 0.01), wide, inkOf(doubtful)).spaceErrors).toBeGreaterThan(0.1)
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2], 0), wide, inkOf()).spaceErrors).toBeLessThan(0.01)
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2], 0), wide, inkOf(undefined, [0.6])).spaceErrors).toBeGreaterThan(0.2)
  })

  test('reads a mark once whose ink is one piece, and letters twice', () => {
    const marks = ['°', 'l', 'x', ' ']
    const decode = (classes: readonly number[], gap: number): string => {
      const steps = classes.flatMap(best => Array.from({ length: 5 }, (_, at) => (at === best ? 0.9 : 0.0001)))
      return decodePath(
        bestPath(Float32Array.from(steps), 5),
        marks,
        inkOf(() => gap),
      ).text
    }
    expect(decode([1, 0, 1], 0)).toBe('°')
    expect(decode([1, 0, 1], 0.1)).toBe('°°')
    expect(decode([2, 0, 2], 0)).toBe('ll')
  })

  test('says of letters that stand apart that words cannot be told', () => {
    expect(
      decodePath(
        path([1, 0, 2, 0, 1]),
        wide,
        inkOf(() => 0.6),
      ),
    ).toMatchObject({ text: 'A B A', apart: true })
    expect(
      decodePath(
        path([1, 0, 2, 0, 1]),
        wide,
        inkOf(() => 0.4),
      ),
    ).toMatchObject({ text: 'ABA', apart: true })
    expect(
      decodePath(
        path([1, 0, 2, 0, 1]),
        wide,
        inkOf(() => 0.2),
      ),
    ).toMatchObject({ text: 'ABA', apart: false })
  })

  test.each([
    ['capitals whose gaps are alike and half as wide as a space', [1, 2, 1], 0.28, true],
    ['small letters as wide apart as in a font of one width', [5, 6, 5], 0.28, false],
    ['small letters further apart than that', [5, 6, 5], 0.32, true],
  ])('%s: %s', (_, [one = 0, two = 0, three = 0], gap, apart) => {
    const latin = ['Ａ', 'Ｂ', '１', '中', 'a', 'b', ' ']
    const classes = [one, 0, two, 0, three]
    const steps = classes.flatMap(best => Array.from({ length: 8 }, (_step, at) => (at === best ? 0.9 : 0.001)))
    expect(
      decodePath(
        bestPath(Float32Array.from(steps), 8),
        latin,
        inkOf(() => gap),
      ).apart,
    ).toBe(apart)
  })

  test.each([
    ['low ink behind the last letter', 0.7, 0.1, 0.7],
    ['ink behind it that is as high', 0.3, 0.1, 0],
    ['low ink that is wide', 0.7, 0.5, 0],
    ['no ink behind it', 0.7, 0, 0],
  ])('doubts a line with %s', (_, top, width, errors) => {
    const ink = {
      ...inkOf(),
      extent: { from: 0, to: 30 + 40 * width },
      widestGap: (from: number, to: number) =>
        width > 0 && to > 29 ? { from: 28, to: 30 } : { from: (from + to) / 2, to: (from + to) / 2 },
      top: (from: number) => (from === 30 ? top : 0.1),
    }
    const steps = [1, 0, 2].flatMap(best => Array.from({ length: 4 }, (_step, at) => (at === best ? 0.9 : 0.001)))
    expect(decodePath(bestPath(Float32Array.from(steps), 4), ['a', 'b', ' '], ink).mixedErrors).toBe(errors)
  })

  test('takes letters before a gap that is much wider for a word', () => {
    const gap = (from: number): number => (from > 30 ? 0.7 : 0.28)
    expect(decodePath(path([1, 0, 2, 0, 1, 0, 2], 0.01), wide, inkOf(gap))).toMatchObject({
      text: 'ABA B',
      apart: false,
    })
  })
})

describe('joinPaths()', () => {
  test('joins two pieces where both see a gap, whatever they see at their rims', () => {
    const whole = 'a.b.c.a.b.c.a.b.'
    const first = bestPath(rows(`${whole.slice(0, 9)}c`), 5)
    const second = bestPath(rows(`b${whole.slice(3)}`), 5)
    const joined = joinPaths(first, second, 8)
    expect(joined.classes).toHaveLength(16)
    expect(decodePath(joined, dictionary, inkOf()).text).toBe('abcabcab')
  })
})

describe('decodePath() of a number whose sign is not read', () => {
  const keys = ['9', '+', '中', '℃', ' ']
  const pathOf = (classes: readonly number[]) =>
    bestPath(
      Float32Array.from(classes.flatMap(best => Array.from({ length: 6 }, (_, at) => (at === best ? 0.9 : 0.01)))),
      6,
    )
  /** Ink at the first 10 columns and from the 30th on. */
  const parted = (width: number): StripInk => ({
    ...inkOf(),
    widestGap: (from, to) => (from < width && to > 30 ? { from: width, to: 30 } : { from: to, to }),
  })

  test('doubts a number with ink before it', () => {
    expect(decodePath(pathOf([0, 0, 0, 0, 0, 1, 0, 1]), keys, parted(10)).mixedErrors).toBeGreaterThanOrEqual(1.5)
  })

  test.each([
    ['the sign is read', [0, 2, 0, 0, 0, 1, 0, 1], 10],
    ['the ink is as narrow as the rim of a frame', [0, 0, 0, 0, 0, 1, 0, 1], 3],
  ])('does not doubt it where %s', (_, classes, width) => {
    const ink = parted(width)
    const first = classes.findIndex(one => one !== 0)
    const seen = first === 1 ? { ...ink, widestGap: (...[, to]: readonly [number, number]) => ({ from: to, to }) } : ink
    expect(decodePath(pathOf(classes), keys, seen).mixedErrors).toBe(0)
  })

  test('tells that there is more ink than characters, but not of Chinese ones', () => {
    const ink = inkOf(() => 0.1, [0.1, 0.1])
    expect(decodePath(pathOf([0, 1, 0, 0, 2, 0]), keys, ink).lacksCharacters).toBe(true)
    expect(decodePath(pathOf([0, 1, 0, 1, 2, 0]), keys, ink).lacksCharacters).toBe(false)
    expect(decodePath(pathOf([0, 3, 0, 0, 2, 0]), keys, ink).lacksCharacters).toBe(false)
  })

  test.each([
    [0.05, '9°C'],
    [0.35, '9 °C'],
  ])('sets degrees off where their gap is %d', (gap, text) => {
    const ink = inkOf(() => gap)
    expect(decodePath(pathOf([0, 1, 0, 0, 4, 0]), keys, ink).text).toBe(text)
  })
})
