import { describe, expect, it } from 'vitest'
import { checkMessageSize, partOfFile } from '#services/cli/client/message-size'
import { readNumber } from '#services/cli/client/number-option'
import { requestOf, type RequestOptions } from '#services/cli/client/request-options'

const faultOf = (work: () => unknown): string => {
  try {
    work()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

describe('a number of the command line', () => {
  const ranges: readonly (readonly [keyof RequestOptions, string, readonly string[], readonly string[]])[] = [
    [
      'deadline',
      'a number of seconds above 0 and at most 2592000',
      ['0', '-1', '1e12', '1s'],
      ['0.5', '1e3', '2592000'],
    ],
    ['maxCost', 'a number of US dollars from 0 to 9000000', ['-1', '1e12', '$1'], ['0', '0.01']],
    ['maxRisk', 'a number from 0 to 1', ['-0.1', '1.01', '5%'], ['0', '1']],
    ['minQuality', 'a number from 0 to 1', ['70', '-1'], ['0.7']],
    ['temperature', 'a number from 0 to 2', ['2.1', '-1'], ['0', '2']],
    ['maxOutputTokens', 'a whole number from 1 to 131072', ['0', '1.5', '1e9'], ['1', '131072']],
  ]

  it.each(ranges)('%s is refused with its range where it is out of it', (option, range, wrong, right) => {
    const flag = `--${option.replaceAll(/[A-Z]/gu, letter => `-${letter.toLowerCase()}`)}`
    for (const text of [...wrong, '', ' ', 'NaN', 'Infinity', 'many']) {
      const fault = faultOf(() => requestOf({ [option]: text, task: 'generate' }, ['hi']))
      expect(fault).toBe(`${flag}: expected ${range}, got ${JSON.stringify(text)}`)
    }
    for (const text of right) expect(faultOf(() => requestOf({ [option]: text }, ['hi']))).toBe('')
  })

  it('is read exactly', () => {
    expect(readNumber('--limit', '20', { from: 1, to: 1000, whole: true })).toBe(20)
    expect(readNumber('--every', '0.25', { from: 0, to: 10, above: true })).toBe(0.25)
  })
})

describe('a request that is larger than the gateway takes', () => {
  const image = (megabytes: number) => ({ image: { bytes: Buffer.alloc(megabytes * 1e6) } })

  it('is refused before it is sent, with the file, its size and the limit', () => {
    const request = { content: [partOfFile(image(30), 'scan.png')] }
    expect(faultOf(() => checkMessageSize(request, 24e6))).toBe(
      'scan.png: it has 30.0 MB; a request may have 24.0 MB (limits.messageMegabytes)',
    )
    expect(faultOf(() => checkMessageSize(request, undefined))).toBe('')
    expect(faultOf(() => checkMessageSize(request, 31e6))).toBe('')
  })

  it('names the largest of several files', () => {
    const content = [partOfFile(image(9), 'a.png'), partOfFile(image(16), 'b.png'), { text: 'which is which?' }]
    expect(faultOf(() => checkMessageSize({ content }, 24e6))).toMatch(
      /^b\.png: it has 16\.0 MB, and 25\.0 MB with the rest/u,
    )
  })
})
