import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { integerRule, numberRule } from '#services/backends/llama/grammar/number-rule'
import { patternRule } from '#services/backends/llama/grammar/pattern-rule'

/** A rule of such grammars as a regular expression of the whole. */
function matcherOf(rule: string): RegExp {
  const source = rule
    .replaceAll(/"((?:[^"\\]|\\.)*)"| /gu, (_found, literal?: string) => (literal ?? '').replaceAll('.', '\\.'))
    .replaceAll(/\\U([0-9a-f]{8})/gu, (_found, code: string) => `\\u{${code}}`)
    .replaceAll('\\"', '"')
    .replaceAll('(', '(?:')
  return new RegExp(`^(?:${source})$`, 'u')
}

describe('integerRule()', () => {
  it('has the integers within bounds and no others', () => {
    const whole = fc.integer({ min: -20_000, max: 20_000 })
    fc.assert(
      fc.property(whole, whole, whole, (a, b, value) => {
        const [minimum, maximum] = [Math.min(a, b), Math.max(a, b)]
        const rule = matcherOf(integerRule({ minimum, maximum }) ?? '')
        for (const one of [value, minimum, maximum, minimum - 1, maximum + 1, 0]) {
          expect([one, rule.test(String(one))]).toEqual([one, one >= minimum && one <= maximum])
        }
      }),
    )
  })

  it.each([
    [{ exclusiveMinimum: 0 }, ['1', '12', '5000'], ['0', '-1', '01', '1.5', '']],
    [{ minimum: 0.5, exclusiveMaximum: 3 }, ['1', '2'], ['0', '3']],
    [{ maximum: -5 }, ['-5', '-123'], ['-4', '0', '5']],
    [{ minimum: 7, maximum: 7 }, ['7'], ['6', '8', '77']],
  ])('reads bounds as schemas mean them: %j', (bounds, within, beyond) => {
    const rule = matcherOf(integerRule(bounds) ?? '')
    expect(within.filter(one => !rule.test(one))).toEqual([])
    expect(beyond.filter(one => rule.test(one))).toEqual([])
  })

  it('knows none where nothing is within', () => {
    expect(integerRule({ minimum: 3, maximum: 2 })).toBeUndefined()
    expect(integerRule({ minimum: 1.2, maximum: 1.8 })).toBeUndefined()
  })
})

describe('numberRule()', () => {
  it('has numbers over 0, and those not under it', () => {
    const over = matcherOf(numberRule({ exclusiveMinimum: 0 }) ?? '')
    expect(['0', '0.0', '-1', '00', '1.', '.5', '0.05', '12.25'].map(one => over.test(one))).toEqual([
      ...Array.from({ length: 6 }, () => false),
      true,
      true,
    ])
    expect(matcherOf(numberRule({ minimum: 0 }) ?? '').test('0')).toBe(true)
    expect(numberRule({ minimum: 0, maximum: 1 })).toBeUndefined()
  })
})

describe('patternRule()', () => {
  const patterns = [
    '^[A-Z]',
    '^[A-Z]{2}-\\d{3,4}$',
    'ab?c',
    '^(?:red|green|[^a-z]+)$',
    '^\\d{4}-(0[1-9]|1[0-2])$',
    '^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$',
    'x$|^y',
    '^$',
    '^[\\w.+-]*$',
    '^[äöü\\u0416]+$',
  ]

  it.each(patterns)('has the strings that %s matches and no others', pattern => {
    const expression = new RegExp(pattern, 'u')
    const rule = matcherOf(patternRule(pattern) ?? '')
    const plain = fc.string({ unit: fc.constantFrom(...Array.from('aAbBcxyz019-_@. +Zäж'), '😀'), maxLength: 9 })
    const matching = fc.stringMatching(expression)
    fc.assert(
      fc.property(fc.oneof(plain, matching), text => {
        // What JSON writes with escapes is left out: the rule is of strings without any.
        fc.pre(JSON.stringify(text) === `"${text}"`)
        expect([text, rule.test(`"${text}"`)]).toEqual([text, expression.test(text)])
      }),
    )
  })

  it.each([
    '(?=a)b',
    '(?!a)b',
    '(?<=a)b',
    '(?<!a)b',
    '(a)\\1',
    '\\bword',
    'a^b',
    '^\\p{L}+$',
    '\\u{1F600}',
    '^a+?$',
    '^"$',
    '😀',
    '^a{1,100000}$',
    '^((a{50}){50}){50}$',
    '(',
    '[b-a]',
  ])('gives up %s', pattern => {
    expect(patternRule(pattern)).toBeUndefined()
  })
})
