import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, mostExpensiveCost, priceAt, type Price, type Usage } from '#services/contract/price'

const count = fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined })
const rate = fc.option(fc.double({ min: 0, max: 500, noNaN: true }), { nil: undefined })
const tokenRates = {
  perInputToken: rate,
  perOutputToken: rate,
  perCachedToken: rate,
  perCacheWriteToken: rate,
  perReasoningToken: rate,
}
const given = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T
const price: fc.Arbitrary<Price> = fc
  .record({
    ...tokenRates,
    perRequest: rate,
    perImage: rate,
    perAudioSecond: rate,
    perComputeSecond: rate,
    above: fc.option(
      fc.array(fc.record({ inputTokens: fc.integer({ min: 1, max: 6000 }), ...tokenRates }).map(given), {
        maxLength: 3,
      }),
      { nil: undefined },
    ),
  })
  .map(one => given(one) as Price)

describe('costOf()', () => {
  it.each<[string, Usage, Price, number]>([
    ['nothing used, though a request has its price', {}, { perRequest: 1000, perOutputToken: 3 }, 0],
    ['a request that used something', { outputTokens: 2 }, { perRequest: 1000, perOutputToken: 3 }, 1006],
    ['cached tokens at the input price', { cachedTokens: 4 }, { perInputToken: 5 }, 20],
    ['cached tokens at their own', { cachedTokens: 4 }, { perInputToken: 5, perCachedToken: 1 }, 4],
    ['tokens written to a cache at the input price', { cacheWriteTokens: 4 }, { perInputToken: 5 }, 20],
    [
      'tokens written to a cache at their own',
      { cacheWriteTokens: 4 },
      { perInputToken: 5, perCacheWriteToken: 6.25 },
      25,
    ],
    ['reasoning at the output price', { reasoningTokens: 4 }, { perOutputToken: 5 }, 20],
    [
      'images, sound and computing',
      { images: 2, audioMs: 1500, computeMs: 250 },
      { perImage: 10, perAudioSecond: 2, perComputeSecond: 8 },
      25,
    ],
    ['part of a nano-USD as a whole one', { outputTokens: 1 }, { perOutputToken: 0.2 }, 1],
    [
      'doubles that do not add up to more than they are',
      { outputTokens: 3 },
      { perOutputToken: 0.1, perRequest: 0.7 },
      1,
    ],
  ])('counts %s', (_what, usage, at, cost) => {
    expect(costOf(usage, at)).toBe(cost)
  })

  it('takes the prices of the highest tier that the input passes, cached tokens included', () => {
    const tiers: Price = {
      perInputToken: 10,
      perOutputToken: 100,
      above: [
        { inputTokens: 2000, perInputToken: 30 },
        { inputTokens: 1000, perInputToken: 20, perOutputToken: 200 },
      ],
    }
    expect(costOf({ inputTokens: 1000, outputTokens: 1 }, tiers)).toBe(10_100)
    expect(costOf({ inputTokens: 1001, outputTokens: 1 }, tiers)).toBe(20_220)
    expect(costOf({ inputTokens: 1500, cachedTokens: 600 }, tiers)).toBe(63_000)
  })
})

describe('dearestCost()', () => {
  it('is never less than what any usage within its bounds costs, whatever of it is cached or thought', () => {
    fc.assert(
      fc.property(
        price,
        fc.record({ images: count, audioMs: count, computeMs: count, inputTokens: count, outputTokens: count }),
        fc.tuple(
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.double({ min: 0, max: 1, noNaN: true }),
        ),
        (at, most, [used, cached, thought]) => {
          const part = (of: number | undefined, share: number): number => Math.floor((of ?? 0) * share)
          const input = part(most.inputTokens, used)
          const output = part(most.outputTokens, used)
          const written = part(input - part(input, cached), thought)
          const usage: Usage = {
            images: part(most.images, used),
            audioMs: part(most.audioMs, used),
            computeMs: part(most.computeMs, used),
            inputTokens: input - part(input, cached) - written,
            cachedTokens: part(input, cached),
            cacheWriteTokens: written,
            outputTokens: output - part(output, thought),
            reasoningTokens: part(output, thought),
          }
          expect(costOf(usage, at)).toBeLessThanOrEqual(mostExpensiveCost(given(most) as Usage, at))
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('priceAt()', () => {
  it('takes the price whose time it is, from its first moment to before its last, else the undated one', () => {
    const model = {
      price: { perRequest: 1 },
      datedPrices: [
        { fromAt: 100, untilAt: 200, price: { perRequest: 2 } },
        { fromAt: 200, price: { perRequest: 3 } },
      ],
    }
    expect([99, 100, 199, 200, 1e15].map(at => priceAt(model, at).perRequest)).toEqual([1, 2, 2, 3, 3])
  })
})
