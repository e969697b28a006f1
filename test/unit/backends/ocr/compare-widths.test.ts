import { describe, expect, test } from 'vitest'
import { compareWidths } from '#services/backends/ocr/recognise/compare-widths'
import { emptyText, type RecognisedText } from '#services/backends/ocr/recognise/ctc'

const reading = (text: string, probability = 0.95): RecognisedText => ({
  ...emptyText,
  text,
  probabilities: Array.from(text.replaceAll(' ', '')).map(() => probability),
  blankRatio: 0.5,
})

describe('compareWidths()', () => {
  test('keeps what all widths show, without doubt', () => {
    const kept = compareWidths(reading('wool and 12', 0.9), [reading('wool and 12', 0.99), reading('wool and 12')])
    expect(kept).toMatchObject({ text: 'wool and 12', disputed: false, spaceErrors: 0, mixedErrors: 0 })
    expect(kept.probabilities[0]).toBe(0.99)
  })

  test('keeps what most widths show, though another seems surer, and doubts it', () => {
    const kept = compareWidths(reading('fox hedge'), [reading('fox', 0.999), reading('fox hedge', 0.9)])
    expect(kept.text).toBe('fox hedge')
    expect(kept.mixedErrors).toBeGreaterThan(0.3)
  })

  test('keeps the least doubtful of readings that all differ', () => {
    expect(compareWidths(reading('cat', 0.6), [reading('cot', 0.9), reading('cut', 0.7)]).text).toBe('cot')
  })

  test.each([
    ['-36 °C', '-36 '],
    ['§ 83 IV', '$ 83 IV'],
    ['+90 207', '90 207'],
    ['880s', '8805'],
    ['pear 1947.5', 'pear 19475'],
    ['(12.50)', '12.50'],
  ])('disputes a number of which widths differ: %s, %s', (one, other) => {
    expect(compareWidths(reading(one), [reading(other), reading(one)]).disputed).toBe(true)
    expect(compareWidths(reading(other), [reading(one), reading(other)]).disputed).toBe(true)
  })

  test.each([
    ['commi ttee', 'committee'],
    ['Balance:-5', 'Balance: -5'],
  ])('doubts spaces in which widths differ: %s, %s', (one, other) => {
    const kept = compareWidths(reading(one), [reading(one), reading(other)])
    expect(kept).toMatchObject({ text: one, disputed: false, mixedErrors: 0 })
    expect(Math.exp(-kept.spaceErrors)).toBeLessThan(0.6)
  })

  test('takes the reading that has a character for each piece of ink, and doubts it', () => {
    const lacking = { ...reading('Sking'), lacksCharacters: true }
    const kept = compareWidths(lacking, [reading('Skiing', 0.9), lacking])
    expect(kept.text).toBe('Skiing')
    expect(kept.mixedErrors).toBeGreaterThan(0.3)
  })

  test('takes no notice of a width at which nothing was read', () => {
    expect(compareWidths(reading('fox'), [emptyText, reading('fox')])).toMatchObject({ text: 'fox', mixedErrors: 0 })
    expect(compareWidths(emptyText, [emptyText, emptyText]).text).toBe('')
  })
})
