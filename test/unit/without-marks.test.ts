import { describe, expect, it } from 'vitest'
import { withoutMarks, wordsWithoutMarks } from '../../services/shared/answers/without-marks.ts'

describe('withoutMarks()', () => {
  it.each([
    ['Fear.', 'fear'],
    [' (B) ', 'b'],
    ['New York', 'newyork'],
    ['COVID-19', 'covid19'],
    ['Cafe\u0301', 'caf\u00E9'],
    ['\uFF15', '5'],
    ['2 7 6 0', '2760'],
    ['4, 2,', '42'],
    ['', ''],
  ])('takes case, space, punctuation and form away: %j', (text, plain) => {
    expect(withoutMarks(text)).toBe(plain)
  })

  it.each([
    ['-5', '-5'],
    ['\u22125', '-5'],
    ['x = -5.', 'x-5'],
    ['-$5', '-5'],
    ['$-5', '-5'],
    ['\u20AC5', '5'],
    ['- 5', '5'],
    ['1.5', '1.5'],
    ['-.5', '-.5'],
    ['...5', '5'],
    ['5.', '5'],
    ['1,5', '1,5'],
    ['1,000', '1000'],
    ['1,234,567.89', '1234567.89'],
    ['3/4', '3/4'],
    ['10:30', '10:30'],
    ['2026-11-29', '2026-11-29'],
  ])('leaves a number what makes it another number: %j', (text, plain) => {
    expect(withoutMarks(text)).toBe(plain)
  })

  it('leaves what is nothing but marks as it is', () => {
    expect(['<', ' > ', '+', '\u221E'].map(withoutMarks)).toEqual(['<', '>', '+', '\u221E'])
  })
})

describe('wordsWithoutMarks()', () => {
  it.each([
    ['One, two!', 'one two'],
    ['in voice', 'in voice'],
    ['It is  -5.', 'it is -5'],
    ['-$1,000', '-1000'],
    ['4, 2,', '4 2'],
    ['>', '>'],
  ])('keeps words apart: %j', (text, words) => {
    expect(wordsWithoutMarks(text)).toBe(words)
  })
})
