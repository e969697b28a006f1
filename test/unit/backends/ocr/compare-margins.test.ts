import { describe, expect, test } from 'vitest'
import { compareMargins, hasNumberAtEnd } from '#services/backends/ocr/recognise/compare-margins'
import type { RecognisedText } from '#services/backends/ocr/recognise/ctc'

const text = (said: string, probability = 0.95): RecognisedText => ({
  text: said,
  probabilities: Array.from(said.replaceAll(' ', '')).map(() => probability),
  blankRatio: 0.5,
  apart: false,
  spaceErrors: 0,
  mixedErrors: 0,
  lacksCharacters: false,
})

describe('hasNumberAtEnd()', () => {
  test.each(['12.50', '-12.50', '$ 4.50', 'Total 12.50', 'Change 3.2%', '12.50-', '(88.10)', '5 °C', '18:45 departs'])(
    'sees one in %s',
    line => expect(hasNumberAtEnd(line)).toBe(true),
  )
  test.each(['', 'Total due', 'gate B', 'H2O is water'])('sees none in "%s"', line =>
    expect(hasNumberAtEnd(line)).toBe(false),
  )
})

describe('compareMargins()', () => {
  test.each<[string, string, number, string, boolean]>([
    ['12.50', '12.50', 0.95, '12.50', false],
    ['12.50', '-12.50', 0.95, '-12.50', false],
    ['12.50', '- 12.50', 0.95, '- 12.50', false],
    ['12.50', '-12.50', 0.6, '-12.50', false],
    ['12.50', '-12.50', 0.5, '12.50', true],
    ['1017.33', '- 1017.33', 0.7, '- 1017.33', false],
    ['480.14', '¥ 480.14', 0.95, '480.14', false],
    ['8 °C', '-8 °C', 0.9, '-8 °C', false],
    ['12.50', '12.50-', 0.95, '12.50-', false],
    ['3.2', '3.2%', 0.95, '3.2%', false],
    ['12.50', 'e 12.50 EUR', 0.95, '12.50', false],
    ['12.50', '', 0, '12.50', false],
    ['12.50', '72.50', 0.97, '72.50', true],
    ['-12.50', '12.50', 0.9, '-12.50', false],
    ['-12.50', '+12.50', 0.9, '-12.50', true],
    ['Total 12.50', 'Totai 12.50', 0.9, 'Total 12.50', false],
  ])('takes of "%s" and, with more margin, "%s" at %d: "%s"', (narrow, wide, probability, taken, disputed) => {
    expect(compareMargins(text(narrow), text(wide, probability))).toMatchObject({ text: taken, disputed })
  })

  test('doubts a sign that the narrow reading alone shows and is not sure of', () => {
    const narrow = { ...text('-12.50'), probabilities: [0.5, 0.95, 0.95, 0.95, 0.95, 0.95] }
    expect(compareMargins(narrow, text('12.50'))).toMatchObject({ text: '-12.50', disputed: true })
  })
})
