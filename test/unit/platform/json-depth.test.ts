import { describe, expect, it } from 'vitest'
import { isDeeperThan } from '#services/platform/http/json-depth'

const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)

describe('isDeeperThan()', () => {
  it('counts lists and objects, and not what is within texts', () => {
    expect([isDeeperThan(2, { a: [1] }), isDeeperThan(1, { a: [1] })]).toEqual([false, true])
    expect([isDeeperThan(3, nested(3)), isDeeperThan(2, nested(3))]).toEqual([false, true])
    expect(['[[[', 7, null, undefined].map(value => isDeeperThan(0, value))).toEqual([false, false, false, false])
  })

  it('looks at what is deeper than any stack, and at what is wide', () => {
    expect(isDeeperThan(128, nested(500_000))).toBe(true)
    expect(
      isDeeperThan(
        2,
        Array.from({ length: 100_000 }, () => ({})),
      ),
    ).toBe(false)
  })
})
