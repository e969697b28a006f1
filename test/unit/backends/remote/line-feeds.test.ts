import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineFeeds } from '#services/backends/remote/wire/read-pieces'

describe('lineFeeds', () => {
  it('makes one line feed of each line end, wherever the text is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a\r\n]{0,4}$/u), { maxLength: 8 }), pieces => {
        const convert = lineFeeds()
        expect(pieces.map(piece => convert(piece)).join('')).toBe(pieces.join('').replaceAll(/\r\n?/gu, '\n'))
      }),
    )
  })

  it('waits for nothing: a carriage return is a line end at once', () => {
    expect(lineFeeds()('data: a\r\r')).toBe('data: a\n\n')
  })
})
