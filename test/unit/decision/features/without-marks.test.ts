import { describe, expect, it } from 'vitest'
import { withoutMarks, wordsWithoutMarks } from '#services/decision/answers/without-marks'

describe('withoutMarks()', () => {
  it.each([
    ['Fear.', 'fear'],
    [' (B) ', 'b'],
    ['New York', 'newyork'],
    ['COVID-19', 'covid19'],
    ['Cafe\u0301', 'caf\u00E9'],
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
    ['It is -1.5.', 'itis-1.5'],
    ['-$5', '-5'],
    ['-$ 5', '-5'],
    ['$-5', '-5'],
    ['-5 \u20AC', '-5'],
    ['- 5', '5'],
    ['1.5', '1.5'],
    ['-.5', '-.5'],
    ['...5', '5'],
    ['5.', '5'],
    ['1,234,567.89', '1234567.89'],
    ['3/4', '3/4'],
    ['3 / 4', '3/4'],
    ['3\u20444', '3/4'],
    ['-\u0665', '-\u0665'],
    ['\u0967.\u096B', '\u0967.\u096B'],
  ])('leaves a number what makes it another number: %j', (text, plain) => {
    expect(withoutMarks(text)).toBe(plain)
  })

  it.each([
    ['(1, 2)', '(1,2)'],
    ['5 - 10', '5\u201310'],
    ['May 5, 2024', 'May 5,2024'],
    ['10:30', '10 : 30'],
    ['2024-01-05', '2024/01/05'],
    ['555-\n1234', '555-1234'],
    ['05.01.2024', '05/01/2024'],
    ['5 -3', '5 - 3'],
    ['x > 5', 'x>5'],
    ['<td>5</td>', '<td> 5 </td>'],
    ['a \u20145', 'a \u2014 5'],
    ['\u05E9\u05C1\u05DC\u05D5\u05DD', '\u05E9\u05DC\u05D5\u05DD'],
    ['\uD55C\uAD6D'.normalize('NFD'), '\uD55C\uAD6D.'],
    ['-\u200E5', '-5'],
    ['yes \u{1F44D}\uFE0F', 'yes'],
  ])('finds %j and %j the same', (one, other) => {
    expect(withoutMarks(one)).toBe(withoutMarks(other))
  })

  it('tells words apart that differ in vowel signs', () => {
    expect(withoutMarks('\u0915\u0940')).not.toBe(withoutMarks('\u0915\u093E'))
  })

  it('leaves what is nothing but marks as it is', () => {
    expect(['<', ' > ', '+', '\u221E'].map(withoutMarks)).toEqual(['<', '>', '+', '\u221E'])
  })

  it.each(['-', '1,', ',123', '.', '1/', '1 / ', '1', '$-', ' ', 'a\u0301\u0323', '<='])(
    'takes a time that grows with the length alone: %j',
    unit => {
      const timeOf = (length: number): number => {
        const text = unit.repeat(length / unit.length)
        const before = process.cpuUsage()
        withoutMarks(text)
        wordsWithoutMarks(text)
        const { user, system } = process.cpuUsage(before)
        return (user + system) / 1000
      }
      timeOf(1000)
      // A guard against a hang and no measure: seconds of the processor where it grows with the square, some 10 ms
      // where it does not.
      expect(timeOf(100_000)).toBeLessThan(1000)
    },
  )
})

describe('wordsWithoutMarks()', () => {
  it.each([
    ['One, two!', 'one two'],
    ['in voice', 'in voice'],
    ['It is  -5.', 'it is -5'],
    ['-$1,000', '-1000'],
    ['4, 2,', '4 2'],
    ['1 / 2', '1/2'],
    ['call 555-1234', 'call 555 1234'],
    ['>', '>'],
  ])('keeps words apart: %j', (text, words) => {
    expect(wordsWithoutMarks(text)).toBe(words)
  })
})
