import { describe, expect, test } from 'vitest'
import { pickToken, probabilityOf } from '#services/backends/whisper/pick-token'

const logits = Float32Array.from([1, 3, 2, 5])

describe('pickToken()', () => {
  test('chooses the likeliest allowed token and its probability among the allowed', () => {
    const picked = pickToken(logits, Uint8Array.from([0, 0, 0, 1]))
    const sum = Math.exp(1) + Math.exp(3) + Math.exp(2)
    expect(picked.token).toBe(1)
    expect(picked.logProbability).toBeCloseTo(Math.log(Math.exp(3) / sum), 6)
    expect(picked.margin).toBeCloseTo((Math.exp(3) - Math.exp(2)) / sum, 6)
  })

  test('does not overflow on large logits', () => {
    expect(pickToken(Float32Array.from([900, 1000]), new Uint8Array(2))).toEqual({
      token: 1,
      logProbability: -0,
      margin: 1,
    })
  })
})

describe('probabilityOf()', () => {
  test('is the share among all, or among some', () => {
    expect(probabilityOf(1, logits)).toBeCloseTo(
      Math.exp(3) / (Math.exp(1) + Math.exp(3) + Math.exp(2) + Math.exp(5)),
      6,
    )
    expect(probabilityOf(1, logits, [1, 2])).toBeCloseTo(Math.exp(3) / (Math.exp(3) + Math.exp(2)), 6)
  })
})
