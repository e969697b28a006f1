import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRepetitionDetector } from '#services/backends/whisper/repetition-detector'

/** The number of tokens after which a loop is seen, and how many of them were mere repetition. */
function seenAt(tokens: readonly number[]): { after: number; repeated: number } | undefined {
  const detector = createRepetitionDetector()
  for (const [index, token] of tokens.entries()) {
    const repeated = detector.push(token)
    if (repeated > 0) return { after: index + 1, repeated }
  }
  return undefined
}

describe('createRepetitionDetector()', () => {
  test('sees one token over and over after twelve', () => {
    expect(seenAt(Array.from({ length: 50 }, () => 7))).toEqual({ after: 12, repeated: 11 })
  })

  test('sees a loop behind sound text and says what of it is repetition', () => {
    const loop = [4, 5, 6, 7, 8]
    expect(seenAt([1, 2, 3, ...loop, ...loop, ...loop, ...loop])).toEqual({ after: 18, repeated: 10 })
  })

  test('lets people repeat themselves', () => {
    expect(seenAt([5, 5, 5, 5, 5, 5, 1, 2, 1, 2, 1, 2, 9, 8, 7, 9, 8, 7])).toBeUndefined()
  })

  test('is silent on text without a repeated token', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { maxLength: 100 }), tokens => {
        expect(seenAt(tokens)).toBeUndefined()
      }),
    )
  })

  test('sees every loop of up to 32 tokens within three rounds or twelve tokens', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 32 }), loop => {
        const seen = seenAt(Array.from({ length: 20 * loop.length }, (_, index) => loop[index % loop.length]!))
        expect(seen?.after).toBe(Math.max(12, 3 * loop.length))
      }),
    )
  })
})
