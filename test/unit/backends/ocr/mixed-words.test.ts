import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { settleMixedWords, type ReadCharacter } from '#services/backends/ocr/recognise/mixed-words'

const rivals: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'l',
  8: 'B',
  o: '0',
  l: '1',
  s: '5',
  S: '5',
  I: '1',
  O: '0',
}

/** A line as it was read; each look-alike has its rival at `rivalProbability`. */
function settle(line: string, rivalProbability: number): { readonly text: string; readonly errors: number } {
  const characters: ReadCharacter[] = []
  const startsWord: boolean[] = []
  for (const word of line.split(' ')) {
    for (const [index, character] of Array.from(word).entries()) {
      startsWord.push(index === 0)
      characters.push({ character, probability: 0.6, rival: rivals[character] ?? 'x', rivalProbability })
    }
  }
  const settled = settleMixedWords(characters, startsWord)
  const text = settled.characters.map((one, at) => (at > 0 && startsWord[at] === true ? ' ' : '') + one.character)
  return { text: text.join(''), errors: settled.expectedErrors }
}

describe('settleMixedWords() of brackets', () => {
  test.each([
    ['tuxedo [1525.72]', true],
    ['[1] and [23]', false],
    ['(1525.72)', false],
  ])('doubts an amount in square ones: %s', (text, isDoubted) => {
    expect(settle(text, 0).errors > 1).toBe(isDoubted)
  })
})

describe('settleMixedWords() at the end of words', () => {
  test.each([
    ['mi11 1066.31', 0.2, 'mill 1066.31'],
    ['wi1l', 0.2, 'will'],
    ['mi11', 0.01, 'mi11'],
    ['step1', 0.2, 'step1'],
    ['a11', 0.2, 'a11'],
  ])('reads %s at %d as %s', (line, rivalProbability, text) => {
    expect(settle(line, rivalProbability).text).toBe(text)
  })
})

describe('settleMixedWords()', () => {
  test.each([
    ['w0ol', 'wool'],
    ['Farre1l', 'Farrell'],
    ['b0okkeeper', 'bookkeeper'],
    ['bo0kkeeper', 'bookkeeper'],
    ['mi11er', 'miller'],
    ['31 % 0f 908', '31 % of 908'],
    ['c0pper,', 'copper,'],
    ['- s61.17', '- 561.17'],
    ['15:1s', '15:15'],
    ['I5:34', '15:34'],
    ['2029-o9-14', '2029-09-14'],
    ['-1.O24,50', '-1.024,50'],
    ['12,lo', '12,10'],
    ['29s40', '29540'],
    ['7os.o2', '705.02'],
    ['486oo', '48600'],
  ])('takes the letter of "%s" where the recogniser thought of it', (read, text) => {
    expect(settle(read, 0.3)).toEqual({ text, errors: 0 })
  })

  test.each([
    ['w0ol', 0.7],
    ['Farre1l', 0.7],
    ['0f', 0.7],
    ['1O24', 0.7],
    ['4l7', 1.5],
    ['2639ladder', 1],
    ['s61.17', 1.5],
    ['15:1s', 1.5],
    ['2.5S6', 1.5],
    ['29s40', 1.5],
    ['6os93,', 1.5],
  ])('leaves "%s" where it did not, and doubts it', (read, errors) => {
    expect(settle(read, 0)).toEqual({ text: read, errors })
  })

  test.each([
    '1st 2nd 10th 1980s',
    '10min 100mm 11 x 0.5l 1h',
    'mp3 h264 i18n k8s utf8 x86 covid19',
    'AB10 CO2 H2O A1B2C3 3D GPT4',
    'step1 room101 Q4',
    '12-B3-4 S1-12 24/7h 1.5l 2.0s 10.0sec 3,5g v1.2 B1.2 I2.3 S10 4x3.5 12x71.84 10:30h p.12',
    '2024-10-01 10:00 No. 100 1.000,10 $10',
    'Hello world. ILL OO',
  ])('leaves "%s" alone, whatever the recogniser thought of', text => {
    expect(settle(text, 0.3)).toEqual({ text, errors: 0 })
  })

  test('keeps how many characters there are', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', '1', 'o', 'l', 'I', 'a', '8', '.', ' ') }), line => {
        const words = line.split(' ').filter(word => word !== '')
        expect(settle(words.join(' '), 0.3).text).toHaveLength(words.join(' ').length)
      }),
    )
  })
})
